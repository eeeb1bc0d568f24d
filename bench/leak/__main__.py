"""Does a used pod hold anything of the customer before? `python -m bench.leak`, against any installation.

Without more it tests the lab (make lab-up). For another installation set CLONEPOOL_API_URL, CLONEPOOL_INGRESS
(host:port of plain HTTP), KUBECONFIG, CLONEPOOL_NAMESPACE, CLONEPOOL_API_TOKEN (with JWT), and a site of your
own with its export key in a file: CLONEPOOL_LEAK_SOURCE_URL, CLONEPOOL_LEAK_SOURCE_KEY_FILE. Canaries are
planted in clones of that site only.
Exit code 0: everything was planted and seen, and nothing was found after; with --broken, each check fired.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from bench import figures
from bench.leak import broken, cycle, outside
from bench.leak.installation import Installation
from bench.leak.search import PLACES


def main() -> int:
    """Run, print the table, write the figures."""
    options = _options()
    installation = Installation.of_environment()
    try:
        result = (
            _broken(installation, options.only) if options.broken else _cycles(installation, options.cycles)
        )
    finally:
        installation.release_all()
    print(f"written: {figures.write('leak-broken' if options.broken else 'leak', result)}")
    if result["ok"]:
        print("every check fired" if options.broken else "nothing was found")
    return 0 if result["ok"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.leak", description=__doc__.partition("\n")[0])
    parser.add_argument("--cycles", type=int, default=1, help="leases one after the other (default: 1)")
    parser.add_argument(
        "--broken",
        action="store_true",
        help="needs images whose agent was built with the tag leakhooks: leave each place uncleaned in turn",
    )
    parser.add_argument("--only", metavar="HOOK", help="with --broken: this one alone")
    return parser.parse_args()


def _cycles(installation: Installation, count: int) -> dict[str, Any]:
    done = []
    for number in range(1, count + 1):
        one = cycle.run(installation)
        done.append(one)
        again = "searched as the next customer" if one.same_pod_again else "searched while warm"
        print(f"{number}/{count}: {one.outcome}, {again}; {_said(one.rows)}", flush=True)
    rows = [row for one in done for row in one.rows] + cycle.lethal(installation)
    places = _by_place(rows)
    _table(places)
    wanted = {place.name for place in PLACES} | {place.name for place in outside.PLACES}
    untried = sorted((wanted - places.keys()) | {row.place for row in rows if not row.tried})
    if untried:
        print(f"not planted, or not seen by the search before the return: {', '.join(untried)}")
    resets = sum(one.outcome == "reset" for one in done)
    findings = sum(row.found for row in rows)
    return {
        "ok": resets > 0 and not untried and not findings,
        "cycles": count,
        "resets": resets,
        "same_pod_again": sum(one.same_pod_again for one in done),
        "findings": findings,
        "untried": untried,
        "places": places,
    }


def _said(rows: list[cycle.Row]) -> str:
    found = [row.place for row in rows if row.found]
    unseen = [row.place for row in rows if not row.tried]
    return f"found: {', '.join(found) or 'nothing'}" + (f"; not seen: {', '.join(unseen)}" if unseen else "")


def _by_place(rows: list[cycle.Row]) -> dict[str, dict[str, Any]]:
    places: dict[str, dict[str, Any]] = {}
    for row in rows:
        place = places.setdefault(
            row.place, {"tried": 0, "planted": 0, "seen_before": 0, "found_after": 0, "covered_by": row.check}
        )
        place["tried"] += 1
        place["planted"] += row.planted
        place["seen_before"] += row.control
        place["found_after"] += row.found
        if row.refused or row.note:
            place["note"] = "must be refused" if row.refused else row.note
    return places


def _table(places: dict[str, dict[str, Any]]) -> None:
    print(f"\n{'place':<24} {'planted':<8} {'seen before':<12} {'found after':<12} covered by")
    for name, one in places.items():
        planted, seen = (f"{one[what]}/{one['tried']}" for what in ("planted", "seen_before"))
        note = f" ({one['note']})" if "note" in one else ""
        print(f"{name:<24} {planted:<8} {seen:<12} {one['found_after']:<12} {one['covered_by']}{note}")


def _broken(installation: Installation, only: str | None) -> dict[str, Any]:
    broken.wait_for_hooks(installation)
    results = []
    for run in broken.runs(only):
        result = run(installation)
        results.append(result)
        lacking = f", not planted {result.unplanted}" if result.unplanted else ""
        verdict = "fired" if result.ok else "MISSED"
        print(f"{result.broken:<16} {verdict:<7} fired {', '.join(result.fired)}{lacking}", flush=True)
    fired: dict[str, list[str]] = {}
    for result in results:
        for check in result.expected:
            fired.setdefault(check, []).extend([result.broken] if check in result.fired else [])
    silent = sorted(broken.checks_of_a_clean_pod(installation) - fired.keys()) if only is None else []
    print(f"\n{'check':<24} fired when this was left undone")
    for check, by in sorted(fired.items()):
        print(f"{check:<24} {', '.join(by) or 'NEVER'}")
    if silent:
        print(f"never tried: {', '.join(silent)}")
    ok = bool(results) and not silent and all(result.ok for result in results)
    return {"ok": ok, "fired": fired, "silent": silent}


if __name__ == "__main__":
    sys.exit(main())
