"""Decisions: every request, newest first; filters, a search, and a click to the whole story."""

from __future__ import annotations

from typing import Final, cast, get_args

import streamlit as st

from app import units
from app.dashboard import address, cache, cards, components, navigation, tables, toolbar
from app.dashboard.trail import trail
from app.dashboard.view import View
from app.dashboard.visitor import visitor
from app.panels.decisions import export, view_list
from telemetry.query import decisions
from telemetry.query.decisions import SLICE, DecisionPage, Path
from telemetry.query.overview import Totals, totals

ROWS = 50
PATH: Final = "path"
"""The query parameter, and the key of its widget."""
_PATHS: Final = {
    "all": "All",
    "escalated": "Escalated",
    "fell_back": "Fell back",
    "by_tool": "By a tool",
    "cost_unknown": "Cost unknown",
}


def show() -> None:
    """The page."""
    with cards.errors_shown("decisions"):
        view = toolbar.draw(
            "Decisions",
            "Every request and where it went; click one for the whole story",
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="narrow"):
            search = st.text_input(
                "Search",
                key="q",
                on_change=address.touched,
                placeholder="An id, or words of a prompt or an answer" if visitor().operates else "An id",
                icon=":material/search:",
                label_visibility="collapsed",
                help="Six characters of an id are enough. Words are found only where the policy keeps content.",
            )
            path = _path()
            view_list.draw()
            export.draw(view, path, search, cache.ask(totals, view.filters).requests)
        with cards.loading(400):
            _list(view, path, search)


def _path() -> Path | None:
    """Which of the decisions: all, or those that went one way. In the address too."""
    asked = st.query_params.get(PATH, "all")
    st.session_state[PATH] = asked if asked in _PATHS else "all"
    st.segmented_control(
        "Which",
        list(_PATHS),
        key=PATH,
        required=True,
        on_change=_follow,
        format_func=lambda name: _PATHS[name],
        label_visibility="collapsed",
    )
    return cast(Path, asked) if asked in get_args(Path) else None


def _follow() -> None:
    st.query_params[PATH] = st.session_state[PATH]
    st.query_params.pop("cursor", None)


def _list(view: View, path: Path | None, search: str) -> None:
    place = trail("decisions", (view.question, path, search))
    try:
        page = cache.ask(
            decisions.page,
            view.filters,
            path=path,
            search=search,
            words=visitor().operates,
            cursor=place.cursor,
            limit=ROWS,
        )
    except ValueError as error:
        cards.error_card(str(error), key="cursor")
        return
    if not page.rows and place.at_first:
        _nothing(view, search, page)
    else:
        _rows(view, path, search.strip(), page, place.number)
    place.buttons(page.next_cursor, older="Look further" if search.strip() and not page.rows else "Older")


def _rows(view: View, path: Path | None, search: str, page: DecisionPage, number: int) -> None:
    cards.simulated_banner(sum(row.simulated for row in page.rows), len(page.rows))
    whole = cache.ask(totals, view.filters)
    with cards.card(
        _counted(whole, path),
        f"Page {number}: {units.plural(len(page.rows), 'row')}. "
        f"Of all: spend {units.nano_usd(whole.cost_nano)}, {units.count(whole.escalated)} escalated, "
        f"{units.count(whole.fell_back)} fell back, {units.count(whole.failed)} failed",
        key="decisions",
        help="Counted by full hours, as on the Overview. A search narrows the rows, not these totals.",
    ):
        chosen = tables.decisions(page.rows, key="decisions")
    if chosen is not None:
        along = {} if path is None else {PATH: str(path)}
        if search:
            along["q"] = search
        query = {**address.carried(), **along, navigation.DECISION: chosen}
        st.switch_page(navigation.ONE_DECISION.file, query_params=query)


def _counted(whole: Totals, path: Path | None) -> str:
    if path is None:
        return f"{units.plural(whole.requests, 'decision')} in the period"
    if path == "escalated":
        return f"{units.plural(whole.escalated, 'escalated decision')} in the period"
    if path == "by_tool":
        return f"{units.plural(whole.by_tool, 'decision')} by a tool in the period"
    if path == "cost_unknown":
        return f"{units.plural(whole.cost_unknown, 'decision')} of unknown cost in the period"
    return f"{units.plural(whole.fell_back, 'decision')} with a fallback in the period"


def _nothing(view: View, search: str, page: DecisionPage) -> None:
    with cards.card("Nothing found", view.period.label, key="nothing"):
        if search.strip() and page.next_cursor:
            components.untrusted(f"Not among the newest {SLICE:,} decisions. Look further with Older.")
        elif search.strip() and not visitor().operates:
            components.untrusted("No decision has this id. Only operators search what was said.")
        elif search.strip():
            components.untrusted(
                "No decision has this text. Words are found only where the policy keeps content; "
                "an id is found by its first six characters or more."
            )
        elif cache.store_state().requests:
            components.untrusted(
                "No decision matches. Remove a filter, include the playground, or choose a longer period."
            )
        else:
            components.untrusted("Nothing has been routed yet. Route a prompt in the playground.")
            navigation.link_to(navigation.PLAYGROUND)


if __name__ == "__main__":
    show()
