"""`python -m lab source up|down|list`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cluster import pki
from lab.errors import LabError
from lab.external import ExternalCluster
from lab.images import build, build_mariadb
from lab.kubectl import Kubectl
from lab.lab import Lab
from lab.source.manifests import NAMESPACE
from lab.source.sites import Sites
from lab.source.spec import DATABASES, DEFAULT_PREFIX, NETWORKS, SIZES, SLOW, WEAK, Host, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

_INGRESS_CLASS = "clonepool"


def main(arguments: Sequence[str]) -> int:
    """Run one command; its result is JSON on standard output, progress goes to standard error.

    Raises:
        LabError: says why not and what to do.
    """
    options = _parser().parse_args(arguments)
    say = _Progress()
    source = _source(options) if options.command == "up" else None
    lab = Lab.here()
    images = _images(lab, source.on.database, say) if source else {}
    certify = None if lab.context else partial(pki.site_certificate, lab.paths.pki)
    ingress_class = os.environ.get("INGRESS_CLASS", _INGRESS_CLASS)
    sites = Sites(Kubectl(NAMESPACE), images, ingress_class, say, certify)
    if source:
        answer = sites.up(source)
        say(f"{answer.name}: up")
        print(json.dumps(answer.as_dict(), indent=2))
    elif options.command == "down":
        sites.down(options.name)
    else:
        print(json.dumps(sites.list(), indent=2))
    return 0


class _Progress:
    """Lines with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, line: str) -> None:
        print(f"{time.monotonic() - self._start:6.1f} s  {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab source", description="Live sites to clone.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a site; prints its address, export key and login as JSON")
    up.add_argument("--name", required=True)
    kind = up.add_mutually_exclusive_group(required=True)
    kind.add_argument("--size", choices=SIZES, help="generated content")
    kind.add_argument("--dump", type=Path, metavar="FILE.sql", help="your own database (.sql or .sql.gz)")
    up.add_argument("--content", type=Path, metavar="DIR", help="with --dump: the site's wp-content")
    up.add_argument("--site-url", metavar="URL", help="with --dump: the site's address, as in the dump")
    up.add_argument("--database", choices=DATABASES, default=DATABASES[0], help="with --size; usually mysql")
    up.add_argument("--prefix", default=DEFAULT_PREFIX, help="with --size: of the site's tables")
    up.add_argument(
        "--php-ini", action="append", default=[], metavar="KEY=VALUE", type=_setting, help="a setting of PHP"
    )
    up.add_argument("--weak", action="store_true", help="a cheap host: 64 MB of memory, 5 s for each request")
    up.add_argument("--slow", action="store_true", help="a busy host: 0.2 s of CPU time for each MB it sends")
    up.add_argument(
        "--network", choices=NETWORKS, help="with --size; a multisite with three sites in folders"
    )
    down = commands.add_parser("down", help="remove a site")
    down.add_argument("--name", required=True)
    commands.add_parser("list", help="the sites that run, as JSON")
    return parser


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key or "\n" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no KEY=VALUE")
    return key, value


def _source(options: argparse.Namespace) -> Source:
    php = {**(WEAK if options.weak else {}), **(SLOW if options.slow else {}), **dict(options.php_ini)}
    on = Host(options.database, options.prefix, tuple(sorted(php.items())), options.network)
    if options.size:
        return Source.generated(options.name, options.size, on)
    if on != Host():
        raise LabError(
            "--database, --prefix, --php-ini, --weak, --slow, --network are for generated sites: give --size"
        )
    if options.content is None or options.site_url is None:
        raise LabError("--dump also needs --content (the site's wp-content) and --site-url (its address)")
    return Source.from_dump(options.name, options.site_url, options.dump, options.content)


def _images(lab: Lab, database: str, say: _Progress) -> dict[str, str]:
    """The images of this checkout, in the cluster; nothing is done where nothing changed."""
    images = build(say)
    if database == "mariadb":
        images.append(build_mariadb(say))
    if lab.context:
        registry = os.environ.get("CLONEPOOL_REGISTRY", "")
        references = ExternalCluster(lab.context, registry, lab.paths, lab.steps).load(images)
        return {image.name: references[image.ref] for image in images}
    lab.cluster.load(images)
    return {image.name: image.ref for image in images}
