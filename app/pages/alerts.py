"""Alerts: what needs attention now, what did in the last days, and what was looked at to say so."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app import units
from app.dashboard import cache, cards, components, page
from app.panels.alerts import lookout
from app.panels.alerts.attention import DAYS, Finding


def show() -> None:
    """The page."""
    title = "Alerts"
    with cards.errors_shown("alerts"):
        if not cache.store_state().requests:
            page.nothing_stored(title)
            return
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            with st.container(width="content"):
                components.page_header(title, "What needs attention now, and what did in the last days")
            st.button("Look again now", icon=":material/refresh:", on_click=cache.forget)
        found = lookout.look()
        _now(found.open)
        _over(found.over)
        lookout.looked_at(found.checks, datetime.now(UTC))


def _now(findings: tuple[Finding, ...]) -> None:
    with cards.card(
        "Needs attention",
        units.plural(len(findings), "finding") if findings else "Nothing now",
        key="attention",
        help="What lasts: breakers that are open, deployments that are called less, decisions on a spool, a "
        "refused policy, models that drifted in the latest week, budgets of which 80 % is used, and silence.",
    ):
        if findings:
            lookout.rows(findings, key="now")
        else:
            cards.empty("Nothing needs attention", "Everything that is looked at is listed below, with what was found.")


def _over(findings: tuple[Finding, ...]) -> None:
    if findings:
        with cards.card("Over by now", f"In the last {DAYS} days, the newest first", key="over"):
            lookout.rows(findings, key="over")


if __name__ == "__main__":
    show()
