"""The lab's command line."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.kubectl import command_here
from lab.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ELSEWHERE = {"source": "lab.source", "demo": "lab.demo"}
_EPILOG = """environment:
  CLONEPOOL_LAB_DIR   the lab's folder (default: .lab in the checkout)
  CLONEPOOL_CACHE     what is slow to make again (default: ~/.cache/clonepool)
  CLONEPOOL_LAB_SET   template parameters, like "PoolMin=2 OnSuspicion=quarantine"
  KUBE_CONTEXT        a context of your kubeconfig to use instead of the lab's own Kubernetes;
                      then also CLONEPOOL_REGISTRY, CLONEPOOL_INGRESS, CLONEPOOL_DOMAIN
"""


def main(argv: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    _find_tools()
    try:
        if argv and argv[0] in _ELSEWHERE:
            return int(importlib.import_module(_ELSEWHERE[argv[0]]).main(list(argv[1:])) or 0)
        if argv and argv[0] == "kubectl":
            return _kubectl(argv[1:])
        arguments = _parser().parse_args(argv)
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `lab status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("lab: interrupted; `python -m lab up` goes on, `python -m lab down` cleans up", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="A real Kubernetes, and what AWS does for the functions, on this machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start what does not run; harmless when everything does")
    up.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a template parameter, like PoolMin=2",
    )
    up.add_argument("--cluster-only", action="store_true", help="Kubernetes alone: no images, no functions")
    up.set_defaults(run=_up)
    for name, run, text in (
        ("down", _down, "stop and remove everything but images, certificates and logs"),
        ("wipe", _wipe, "down, and remove the lab's folder"),
        ("status", _status, "every part and whether it is healthy (exit code 0 only then)"),
        ("env", _env, 'shell exports: eval "$(python -m lab env)"'),
        ("build-kube", _build_kube, "build the Kubernetes binary into the cache"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=run)
    logs = commands.add_parser("logs", help="the log of a part; without a name: which there are")
    logs.add_argument("name", nargs="?")
    logs.add_argument("-f", "--follow", action="store_true")
    logs.set_defaults(run=_logs)
    commands.add_parser("kubectl", help="kubectl as the cluster's administrator")
    commands.add_parser("source", help="source sites: up, down")
    commands.add_parser("demo", help="the whole way, with a timeline")
    return parser


def _up(arguments: argparse.Namespace) -> int:
    from lab import settings  # noqa: PLC0415 -- commands that need little start fast
    from lab.lab import Lab  # noqa: PLC0415

    if arguments.cluster_only:
        Lab.here().cluster_up()
    else:
        Lab.here().up(settings.overrides(arguments.set))
    return 0


def _down(_: argparse.Namespace) -> int:
    from lab.lab import Lab  # noqa: PLC0415

    Lab.here().down()
    return 0


def _wipe(_: argparse.Namespace) -> int:
    from lab.lab import Lab  # noqa: PLC0415

    Lab.here().wipe()
    return 0


def _status(_: argparse.Namespace) -> int:
    from lab.lab import Lab  # noqa: PLC0415
    from lab.status import report  # noqa: PLC0415

    text, healthy = report(Lab.here())
    print(text, flush=True)
    return 0 if healthy else 1


def _env(_: argparse.Namespace) -> int:
    from lab.lab import Lab  # noqa: PLC0415

    print(Lab.here().environment())
    return 0


def _build_kube(_: argparse.Namespace) -> int:
    from lab.cluster import binary  # noqa: PLC0415
    from lab.steps import Steps  # noqa: PLC0415

    paths = Paths.from_environment()
    paths.create()
    print(binary.ensure(paths, Steps()))
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    paths = Paths.from_environment()
    if arguments.name is None:
        print("\n".join(paths.all_logs()))
        return 0
    log = paths.all_logs().get(arguments.name)
    if log is None:
        raise LabError(f"no log of {arguments.name}: `python -m lab logs` names those there are")
    os.execvp("tail", ["tail", *(("-f",) if arguments.follow else ()), "-n", "200", str(log)])  # noqa: S606


def _kubectl(arguments: Sequence[str]) -> int:
    program, *first = command_here()
    os.execvp(program, [program, *first, *arguments])  # noqa: S606


def _find_tools() -> None:
    """What lab/setup.sh had to put into the cache comes first on PATH, for us and all that we start."""
    tools = Paths.from_environment().cache / "tools" / "bin"
    if tools.is_dir():
        os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
