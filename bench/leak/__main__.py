"""Does a used pod hold anything of the customer before? `python -m bench.leak`, against any installation.

Without more it tests the lab (make lab-up). For another installation set CLONEPOOL_API_URL, KUBECONFIG,
CLONEPOOL_NAMESPACE, CLONEPOOL_API_TOKEN (with JWT), and a site of your own with its export key in a file:
CLONEPOOL_LEAK_SOURCE_URL, CLONEPOOL_LEAK_SOURCE_KEY_FILE. Canaries are planted in clones of that site only.
Exit code 0: nothing was found; and with --broken, each check fired.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.leak import cycle
from bench.leak.installation import Installation
from bench.leak.places import PLACES, Place


def main() -> int:
    """Run, print the table, write the JSON."""
    options = _options()
    installation = Installation.of_environment()
    try:
        result = (
            _broken(installation, options.only) if options.broken else _cycles(installation, options.cycles)
        )
    finally:
        installation.release_all()
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n")
    print("nothing was found" if result["ok"] and not options.broken else "", end="")
    print("every check fired" if result["ok"] and options.broken else "", flush=True)
    return 0 if result["ok"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.leak", description=__doc__.partition("\n")[0])
    parser.add_argument("--cycles", type=int, default=1, help="leases one after the other (default: 1)")
    parser.add_argument("--json", metavar="FILE", help="write all rows of all cycles there")
    parser.add_argument(
        "--broken",
        action="store_true",
        help="needs images whose agent was built with the tag leakhooks: leave each place uncleaned in turn",
    )
    parser.add_argument("--only", metavar="HOOK", help="with --broken: this hook alone")
    return parser.parse_args()


def _cycles(installation: Installation, count: int) -> dict[str, Any]:
    done = []
    for number in range(1, count + 1):
        one = cycle.run(installation)
        done.append(one)
        found = [row.place for row in one.rows if row.found]
        again = "searched as the next customer" if one.same_pod_again else "searched while warm"
        print(f"{number}/{count}: {one.outcome}, {again}; found: {', '.join(found) or 'nothing'}", flush=True)
    _table([row for one in done for row in one.rows])
    resets = sum(one.outcome == "reset" for one in done)
    unplanted = sorted(
        {
            place.name
            for place in PLACES
            for one in done
            for row in one.rows
            if row.place == place.name and row.planted == place.refused
        }
    )
    if unplanted:
        print(f"not as expected when planting: {', '.join(unplanted)}")
    return {
        "ok": resets > 0 and not unplanted and all(one.ok for one in done),
        "cycles": count,
        "resets": resets,
        "places": len(PLACES),
        "findings": sum(row.found for one in done for row in one.rows),
        "unplanted": unplanted,
        "runs": [one.as_dict() for one in done],
    }


def _table(rows: list[cycle.Row]) -> None:
    print(f"\n{'place':<22} {'planted':<10} {'found after':<12} covered by")
    for name in dict.fromkeys(row.place for row in rows):
        these = [row for row in rows if row.place == name]
        planted, found = sum(row.planted for row in these), sum(row.found for row in these)
        note = f" ({these[0].note})" if these[0].note else ""
        said = f"{planted}/{len(these)}" if planted else "refused" if these[0].check != "none" else "no"
        print(f"{name:<22} {said:<10} {found:<12} {these[0].check}{note}")


def _broken(installation: Installation, only: str | None) -> dict[str, Any]:
    def hook(place: Place) -> str:
        return place.hook or ""

    results = []
    for name, places in groupby(sorted(PLACES, key=hook), key=hook):
        if name and only in (None, name):
            result = cycle.broken(installation, name, places)
            results.append(result)
            verdict = "fired" if result["ok"] else "MISSED"
            print(
                f"{name:<16} {verdict:<7} expected {result['expected']}, fired {result['fired']}", flush=True
            )
    return {"ok": bool(results) and all(result["ok"] for result in results), "hooks": results}


if __name__ == "__main__":
    sys.exit(main())
