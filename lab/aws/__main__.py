"""`python -m lab.aws serve --config FILE`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from lab.aws.config import Config, ConfigError
from lab.aws.intrinsics import TemplateError
from lab.aws.serve import serve


def main() -> int:
    """Read the arguments and serve; 2 says the configuration or the template is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.aws", description="Run template.yaml on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("serve", help="API, schedule, pipes and functions, until TERM")
    command.add_argument("--config", type=Path, required=True, help="JSON file, see lab/aws/config.py")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        asyncio.run(serve(Config.read(arguments.config)))
    except (ConfigError, TemplateError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
