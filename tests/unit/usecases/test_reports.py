"""Long reports: short in the row, whole for who asks, and in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.domain.clones import CloneState
from clonepool.domain.fidelity import LISTED, shorten
from clonepool.errors import Unavailable
from tests.fakes.cluster import IMPORTED
from tests.unit.usecases.test_filling import COMPLETE, USABLE

if TYPE_CHECKING:
    from tests.fakes.world import World

SKIPPED = [{"path": f"{n}.jpg", "reason": "changed"} for n in range(500)]
LONG: dict[str, Any] = {"tables": 12, "complete": True, "files_skipped": SKIPPED, "files_skipped_count": 500}


@pytest.fixture
def imported(world: World) -> World:
    world.cluster.script.imports["alice"] = [replace(IMPORTED, fidelity=LONG)]
    world.ask("alice")
    return world


def test_the_row_has_the_figures_and_the_first_of_each_list(imported: World) -> None:
    imported.settle_down()
    fidelity = imported.get_clone("alice").fidelity
    assert fidelity == {**LONG, "files_skipped": SKIPPED[:LISTED], "shortened": {"files_skipped": 500}}


def test_who_asks_gets_all_of_it(imported: World) -> None:
    imported.settle_down()
    clone, report = imported.get_fidelity("alice")
    assert report == LONG
    assert clone.clone_id == "alice"


def test_a_bucket_that_is_away_holds_up_no_clone(imported: World) -> None:
    imported.reports.down = True
    imported.settle_down()
    assert imported.get_clone("alice").state is CloneState.READY
    with pytest.raises(Unavailable):
        imported.get_fidelity("alice")
    imported.reports.down = False
    assert imported.get_fidelity("alice")[1]["shortened"] == {"files_skipped": 500}


def test_files_that_never_came_are_told_with_the_long_report_of_before(world: World) -> None:
    usable = replace(USABLE, fidelity={**LONG, "complete": False})
    given_up = replace(COMPLETE, fidelity={"complete": False, "incomplete": {"code": "source_unreachable"}})
    world.cluster.script.imports["alice"] = [usable, given_up]
    world.ask("alice")
    world.settle_down()

    row = world.get_clone("alice").fidelity
    assert (row["incomplete"], row["shortened"]) == ({"code": "source_unreachable"}, {"files_skipped": 500})
    report = world.get_fidelity("alice")[1]
    assert report == {**LONG, "complete": False, "incomplete": {"code": "source_unreachable"}}


def test_a_short_report_is_in_the_row_alone(world: World) -> None:
    world.ask("alice")
    world.settle_down()
    assert world.get_fidelity("alice")[1] == {"tables": 12}
    assert world.reports.kept == {}


def test_shortening_goes_to_the_bottom() -> None:
    by_table = {f"wp_{n}": n for n in range(100)}
    short = shorten({"rows": {"source": 5, "by_table": by_table}, "list": [[1] * 100]})
    assert short["rows"]["source"] == 5
    assert len(short["rows"]["by_table"]) == len(short["list"][0]) == LISTED
    assert short["shortened"].keys() == {"rows", "list"}
    assert shorten(short) == short
