"""What a run had cost when the reader stopped it: settled by the gateway after we hung up, so asked of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components
from app.dashboard.components import Cell
from app.panels.playground.preview import together
from app.panels.playground.run import Run
from telemetry.errors import TelemetryError

ASK_EVERY_S: Final = 1.0
GIVE_UP_S: Final = 60.0
"""Seconds after which nobody waits for the decision any more: it may be on the spool, or nothing is kept."""


def draw(runs: Sequence[Run]) -> None:
    """The bill of those that were stopped, as soon as it is known; nothing where none was."""
    stopped = tuple(run for run in runs if run.state.phase == "stopped" and run.state.decision_id is not None)
    if not stopped:
        return
    asking = _awaited(stopped)
    st.fragment(_bill, run_every=ASK_EVERY_S if asking else None)(stopped, asking=asking)


def _bill(stopped: Sequence[Run], *, asking: bool) -> None:
    if asking and not _awaited(stopped):
        st.rerun()
    documents = [_kept(run) for run in stopped]
    known = [document for document in documents if document is not None]
    with cards.card(
        "Until you stopped it",
        f"{units.usd(together([document['cost_usd'] for document in known]))} spent"
        if len(known) == len(stopped)
        else "What it had cost is not stored yet; it is shown here once it is"
        if asking
        else "What it had cost is not in the store; its page shows it once it is",
        key="stopped-bill",
        help="A call that is cut off costs what it had read and written until then.",
    ):
        if known:
            components.table(
                ("Asked", "Status", "Cost", "Tokens in / out"),
                [_row(run, document) for run, document in zip(stopped, documents, strict=True)],
                numbers=(2, 3),
            )


def _row(run: Run, document: Mapping[str, Any] | None) -> tuple[object, ...]:
    name = plain.visible(run.question.route or "the default route", 60)
    if document is None:
        return name, Cell("not stored yet", "muted"), "", ""
    tokens = f"{units.count(document['input_tokens'])} / {units.count(document['output_tokens'])}"
    return name, document["status"], units.usd(document["cost_usd"]), tokens


def _awaited(stopped: Sequence[Run]) -> bool:
    return any(_kept(run) is None and run.over_for_s < GIVE_UP_S for run in stopped)


def _kept(run: Run) -> Mapping[str, Any] | None:
    """The decision's document; None while the store does not have it, or cannot be read."""
    try:
        detail = cache.decision(str(run.state.decision_id))
    except TelemetryError:
        return None
    return None if detail is None else detail.document
