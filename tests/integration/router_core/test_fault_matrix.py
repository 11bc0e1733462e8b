"""The fault matrix: whatever an upstream does, by whichever transport and way of calling, the record is exact.

Every fault of `faults.py`, through both transports, awaited, from plain code, and streamed: once with nobody to fall
back to, once with a healthy model behind. Real HTTP on loopback, real rows in SQLite. Every day each fault meets both
transports, our own in every way of calling, litellm's streams and its whole answers at least once; `make soak` runs
every cell.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from router_core.errors import ProviderError
from tests.integration.router_core.arena import (
    KINDS,
    MODES,
    SECOND,
    Arena,
    Kind,
    Mode,
    Played,
    assert_sound,
    model,
    policy,
)
from tests.integration.router_core.faults import CALLERS_FAULTS, FAULTS, Fault, staged
from tests.soak import SOAK
from tests.upstream import Upstream

LITTLE_S = (0.2, 2.0)
"""What a model gets when only a timeout ends the fault: the second if a busy machine sent no request in the first."""
DEADLINE_S = 20.0
"""Not what is tested here, see test_deadlines.py: a busy machine may be slow, and the matrix holds all the same."""


def play(
    arena: Arena, mode: Mode, fault: Fault, kind: Kind, url: str, first: Upstream, second: Upstream | None = None
) -> Played:
    """One request to the model that has the fault, and to the one behind it."""
    # It has a larger window: without one nobody is asked after a prompt that was too long.
    behind = [] if second is None else [model("second", "large", kind, second.base_url, more="context_window = 128000")]
    for little_s in LITTLE_S:
        for upstream in (first, second):
            if upstream is not None:
                upstream.seen.clear()
        entry = model(
            "first", "small", kind, url, timeout_s=little_s if fault.lasts else DEADLINE_S, priced=fault.priced
        )
        loaded = policy(entry, *behind, tiers=("small", "large")[: 1 + len(behind)], route=f"deadline_s = {DEADLINE_S}")
        played = arena.play(mode, arena.router(loaded))
        if not fault.lasts or fault.place != "request" or first.seen:
            break
    return played


def over_the_matrix(*, fully: bool = False, turn: int = 0) -> pytest.MarkDecorator:
    """Run the test in the cells of the matrix.

    Every day: one way of calling for each transport, another for each fault; ``fully``: all ways for our own, and for
    litellm, whose answers come whole unless they are watched, a stream and one of the others.
    """

    def daily(number: int, kind: Kind, place: int) -> bool:
        if not fully:
            return (number + turn) % len(MODES) == place
        return kind == "openai" or MODES[place] == "stream" or number % 2 == place

    cells = [
        pytest.param(fault, kind, mode, id=f"{mode}-{kind}-{fault.name}")
        for number, fault in enumerate(FAULTS)
        for kind in KINDS
        for place, mode in enumerate(MODES)
        if SOAK or daily(number, kind, place)
    ]
    return pytest.mark.parametrize(("fault", "kind", "mode"), cells)


@over_the_matrix(fully=True)
def test_a_fault_is_recorded_for_what_it_is(
    fault: Fault, kind: Kind, mode: Mode, arena: Arena, first: Upstream, stack: ExitStack
) -> None:
    fault = fault.through(kind, mode)
    played = play(arena, mode, fault, kind, staged(fault, first, stack), first)

    (branch,) = played.branches
    assert branch.error_type == fault.code, branch.error_message
    assert_hits(fault, first, attempts=1)
    assert_billed(fault, branch, played)
    if fault.code is None:
        assert (played.text, branch.outcome, played.decision.status) == (fault.text, "accepted", "ok")
        assert played.code is None
    else:
        assert (played.text, branch.outcome, played.decision.status) == (None, "failed", "failed")
        # A caller is told to come again later where that is all that stands in the way.
        told = "rate_limit_exceeded" if fault.code == "rate_limited" else "all_branches_failed"
        assert played.code == played.decision.error_type == told
        (error,) = [branch.error for branch in played.run.branches]
        assert isinstance(error, ProviderError)
        assert error.counts_against_model == (fault.code not in CALLERS_FAULTS)
    assert_sound(played)


@over_the_matrix(turn=1)
def test_a_healthy_model_answers_in_place_of_a_faulty_one(
    fault: Fault, kind: Kind, mode: Mode, arena: Arena, first: Upstream, second: Upstream, stack: ExitStack
) -> None:
    fault = fault.through(kind, mode)
    played = play(arena, mode, fault, kind, staged(fault, first, stack), first, second)

    assert played.code is None
    assert played.decision.status == "ok"
    assert_hits(fault, first, attempts=1)
    assert_billed(fault, played.branches[0], played)
    if fault.code is None:
        assert (played.text, played.decision.chosen, len(second.seen)) == (fault.text, "first", 0)
        assert [row.outcome for row in played.branches] == ["accepted"]
    else:
        assert (played.text, played.decision.chosen, len(second.seen)) == (SECOND, "second", 1)
        assert [row.outcome for row in played.branches] == ["failed", "accepted"]
        assert [row.error_type for row in played.branches] == [fault.code, None]
        assert played.decision.fell_back
        assert not played.decision.escalated
        if mode == "stream":
            tokens = [event.text for event in played.events if event.type == "token" and event.final]
            assert "".join(tokens) == SECOND, "nobody was sent a word of the faulty answer"
    assert_sound(played)


def assert_hits(fault: Fault, upstream: Upstream, *, attempts: int) -> None:
    """As many requests, or at least connections, as rows that reached the socket."""
    assert len(upstream.seen) == (attempts if fault.place == "request" else 0)
    if fault.place == "connection":
        assert upstream.connections == attempts


def assert_billed(fault: Fault, branch: object, played: Played) -> None:
    """The branch costs what the table says."""
    row = branch
    cost, source = row.cost_nano, row.cost_source  # type: ignore[attr-defined]
    match fault.bill:
        case "nothing":
            assert (cost, source) == (0, "estimated")
        case "estimate":
            assert source == "estimated"
            assert cost > 0
        case "counts":
            assert (cost, source) == (11 * 1000 + 3 * 2000, "observed")
        case "unknown":
            assert (cost, source) == (None, None)
