"""The next decision up and down the list of decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
import sqlalchemy as sa

from telemetry.query import decisions
from telemetry.query.decisions import Path as PathTaken
from telemetry.query.decisions import page
from telemetry.query.filters import Filters
from telemetry.query.neighbours import Neighbours, neighbours
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

ATTEMPTS = (
    (Attempt(),),
    (Attempt(outcome="rejected"), Attempt("large")),
    (Attempt(outcome="failed"), Attempt("large")),
    (Attempt("calculator", "tool"),),
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("neighbours")
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(16):
            # Four share each moment: the order among them has to be that of the list all the same.
            at = START + timedelta(minutes=number // 4)
            intent = "code" if number % 3 else "chat"
            said = f"Where do rivers end, {number}?" if number % 3 else f"How are you, {number}?"
            emit(tracer, Routed(f"d{number}", at=at, intent=intent, attempts=ATTEMPTS[number % 4], prompt=said))
    yield open_reader(url)


@pytest.mark.parametrize("path", [None, *get_args(PathTaken)])
@pytest.mark.parametrize("filters", [Filters(), Filters(intents=("code",)), Filters(models=("large",))])
def test_they_are_those_of_the_list(reader: sa.Engine, filters: Filters, path: PathTaken | None) -> None:
    listed = [row.decision_id for row in page(reader, filters, path=path).rows]
    for place, decision_id in enumerate(listed):
        newer = listed[place - 1] if place else None
        older = listed[place + 1] if place + 1 < len(listed) else None
        assert neighbours(reader, filters, decision_id, path=path) == Neighbours(newer, older)


@pytest.mark.parametrize("search", ["rivers", "RIVERS", "ri", "end, 1", "nothing of this"])
def test_those_of_a_search_are_those_that_it_lists(
    reader: sa.Engine, monkeypatch: pytest.MonkeyPatch, search: str
) -> None:
    listed = [row.decision_id for row in page(reader, Filters(), search=search).rows]
    for rare in (1000, 0):
        monkeypatch.setattr(decisions, "RARE", rare)
        for place, decision_id in enumerate(listed):
            newer = listed[place - 1] if place else None
            older = listed[place + 1] if place + 1 < len(listed) else None
            assert neighbours(reader, Filters(), decision_id, search=search) == Neighbours(newer, older)
            assert neighbours(reader, Filters(), decision_id, search=search, words=False) == Neighbours(None, None)


def test_a_search_for_an_id_has_its_neighbours_among_such_ids(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number, name in enumerate(("rivers-1", "other-11", "rivers-2")):
            emit(tracer, Routed(name, at=START + timedelta(minutes=number), prompt="Where do rivers-1 end?"))
    beside = neighbours(open_reader(url), Filters(), "rivers-1", search="rivers", words=False)
    assert beside == Neighbours(newer="rivers-2", older=None)


def test_a_decision_that_the_filters_leave_out_has_its_place_all_the_same(reader: sa.Engine) -> None:
    listed = [row.decision_id for row in page(reader, Filters()).rows]
    chats = [row.decision_id for row in page(reader, Filters(intents=("chat",))).rows]
    outside = next(name for name in listed[3:] if name not in chats)
    found = neighbours(reader, Filters(intents=("chat",)), outside)
    place = listed.index(outside)
    assert found.newer == [name for name in listed[:place] if name in chats][-1]
    assert found.older == next(name for name in listed[place:] if name in chats)


def test_what_is_not_there_has_no_neighbours(reader: sa.Engine) -> None:
    assert neighbours(reader, Filters(), "nobody\0\ud800") == Neighbours(None, None)
