"""`python -m lab.images`: build what is missing and print {name: {"ref", "tar"}} as JSON."""

from __future__ import annotations

import json
import sys

from lab.images import build
from lab.images.commands import CommandFailed


def main() -> int:
    """Build; progress goes to standard error."""
    try:
        images = build(lambda line: print(line, file=sys.stderr, flush=True))
    except CommandFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(json.dumps({image.name: {"ref": image.ref, "tar": str(image.tar)} for image in images}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
