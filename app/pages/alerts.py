"""Alerts: what fires, what is pending or silenced, the rules with their values, the history, and who was told."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app import units
from app.dashboard import cache, cards, components, idle_filters, page
from app.panels.alerts import lookout, rule_list, standing, told
from app.panels.alerts.attention import DAYS, Finding
from telemetry.query import alerts


def show() -> None:
    """The page."""
    title = "Alerts"
    with cards.errors_shown("alerts"):
        if not cache.store_state().requests:
            page.nothing_stored(title)
            return
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            with st.container(width="content"):
                components.page_header(title, "What fires, what did, what is watched, and who was told")
            st.button("Look again now", icon=":material/refresh:", on_click=cache.forget)
        idle_filters.draw("Each rule counts what its own conditions name, over its own time.")
        now = datetime.now(UTC)
        standing.told()
        found, rules = cache.ask(alerts.alerts), cache.ask(alerts.rules)
        standing.numbers(found, rules, now)
        standing.firing(found, now)
        standing.pending(found, now)
        standing.silences(cache.ask(alerts.silences), now)
        seen = lookout.look()
        # What alerts say stands above.
        others = tuple(one for one in seen.open if one.target != "alerts")
        if others or len(others) == len(seen.open):
            _now(others)
        _over(seen.over)
        rule_list.draw(rules, found, cache.ask(alerts.readings))
        told.history()
        told.messages()
        lookout.looked_at(seen.checks, now)


def _now(findings: tuple[Finding, ...]) -> None:
    with cards.card(
        "Needs attention",
        units.plural(len(findings), "finding") if findings else "Nothing now",
        key="attention",
        help="What lasts and no alert that fires is about: breakers that are open, deployments that are called less, "
        "decisions on a spool, a refused policy, models that drifted in the latest week, budgets of which 80 % is "
        "used, and silence.",
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
