"""Decisions about protected data, one by one, with the proof of where each went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, navigation, plot, rows
from app.dashboard.components import Tone
from app.dashboard.rows import Column
from app.dashboard.trail import trail
from app.dashboard.view import View
from app.panels.compliance.exposure import LEFT
from telemetry.query import sensitive
from telemetry.query.sensitive import Protected, ProtectedPage

ROWS: Final = 25
AFTER: Final = "after"
"""The query parameter that says where the list goes on."""
SAID: Final = {"local": "local", "cloud": "left for a cloud", "unknown": "unknown", "nowhere": "nothing ran"}
_TONE: Final[dict[str, Tone | None]] = {"local": "ok", "unknown": "warn", "cloud": "bad", "nowhere": None}
_LONG: Final = ("Kept out, and why", "Rules that spoke")
_SPARE: Final = ("Rules that spoke", "Tenant", "Policy")
"""Left out on a narrow page; the decision says them too."""


def draw(view: View, *, requests: int, left: int) -> None:
    """The card with its list.

    Args:
        view: the page's.
        requests: how many there are in the period.
        left: branches of theirs that went to a cloud.
    """
    with cards.card(
        "Sensitive and regulated requests",
        f"All {requests:,} of the period, newest first; click one for its decision",
        key="protected",
        help="Stayed: local when every branch of the decision ran on a model that the policy of that time called "
        "local. Kept out: models that might have answered, with the rule or fact that took each out, as it was "
        "recorded when the decision was made.",
    ):
        if not requests:
            cards.empty("No request of the period held protected data", "Choose a longer period, or remove a filter.")
            return
        only_left = _choice() if left else False
        place = trail("protected", (view.question, only_left), parameter=AFTER)
        try:
            page = cache.ask(sensitive.page, view.filters, left=only_left, cursor=place.cursor, limit=ROWS)
        except ValueError as error:
            cards.empty("The list cannot go on from there", str(error))
            return
        chosen = _table(page)
        place.buttons(page.next_cursor)
        if chosen is not None:
            navigation.open_decision(chosen)


def _choice() -> bool:
    wanted = st.query_params.get(LEFT) == "true"
    st.session_state["protected-left"] = wanted

    def put() -> None:
        if st.session_state["protected-left"]:
            st.query_params[LEFT] = "true"
        else:
            st.query_params.pop(LEFT, None)

    return st.toggle("Only what went to a cloud", key="protected-left", on_change=put)


def _table(page: ProtectedPage) -> str | None:
    told = columns(page.rows)
    plot.save(
        lambda: plot.written([tuple(told), *zip(*told.values(), strict=True)]),
        key="protected",
        what="this page of the list",
    )
    shown = [
        Column(
            title,
            texts,
            limit=400,
            width="least" if title == "Time (UTC)" else "most" if title in _LONG else "any",
            tones=[_TONE[one.stayed] for one in page.rows] if title == "Stayed" else None,
            spare=title in _SPARE,
            help="Every branch, with where its model runs." if title == "Ran on" else "",
        )
        for title, texts in told.items()
        if title != "Decision"
    ]
    names = [one.decision_id for one in page.rows]
    return rows.draw(shown, key="protected", names=names, links=[navigation.decision_url(name) for name in names])


def columns(listed: Sequence[Protected]) -> dict[str, list[str]]:
    """The columns of the list, made visible."""
    return {
        "Time (UTC)": [units.when(one.ts) for one in listed],
        "Data": [plain.visible(one.data_class, 20) for one in listed],
        "Stayed": [("▲ " if one.stayed == "cloud" else "") + SAID[one.stayed] for one in listed],
        "Ran on": [plain.visible(_ran(one), 120) for one in listed],
        "Kept out, and why": [plain.visible(_kept_out(one), 400) for one in listed],
        "Rules that spoke": [plain.visible(", ".join(one.rules) or "none", 160) for one in listed],
        "Status": [one.status for one in listed],
        "Tenant": [plain.visible(one.tenant, 40) for one in listed],
        "Policy": [plain.visible(one.policy_version, 12) for one in listed],
        "Decision": [plain.visible(one.decision_id, 40) for one in listed],
    }


def _ran(one: Protected) -> str:
    return ", ".join(f"{ran.model} ({ran.location or 'unknown'})" for ran in one.ran) or "nothing"


def _kept_out(one: Protected) -> str:
    """Models by what took them out: ``a, b by stays-local (it is cloud, the rule asks for local)``."""
    alike: dict[tuple[str, str], list[str]] = {}
    for out in one.excluded:
        alike.setdefault((out.by.removeprefix("rule:"), out.reason), []).append(out.model)
    return "; ".join(
        f"{', '.join(models)} by {by}" + (f" ({reason})" if reason else "") for (by, reason), models in alike.items()
    )
