"""One decision: the story in words, then the evidence for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast, get_args

import streamlit as st

from app import plain, units
from app.dashboard import address, cache, cards, components, navigation, plot, theme
from app.dashboard.charts import waterfall
from app.dashboard.view import period, purposes
from app.dashboard.visitor import visitor
from app.panels.decision import answers, ask_again, feedback, record, span_list
from app.panels.decision.story import headline, story
from telemetry.query.decision import DecisionDetail, branch_span_name
from telemetry.query.decisions import Path
from telemetry.query.filters import Filters
from telemetry.query.neighbours import neighbours

PATH: Final = "path"
"""The query parameter of the list of decisions; it comes along, so that the next one is the next one there."""
SEARCH: Final = "q"
"""The search of that list, which comes along for the same reason."""
HELP: Final = ("In the list of decisions, with the same filters", "There is none with these filters")
"""Of a button to the next decision: where there is one, and where there is none."""
HELP_OF_SEARCH: Final = (
    "In the list of decisions, with the same search and filters",
    "None is found near this one with the same search and filters",
)


def show() -> None:
    """The page."""
    decision_id = st.query_params.get(navigation.DECISION, "").strip()
    if not decision_id:
        _ask()
        return
    with cards.errors_shown("decision"), cards.loading(420):
        detail = cache.decision(decision_id)
        if detail is None:
            _missing(decision_id)
        else:
            _whole(detail)


def _ask() -> None:
    components.page_header("Decision", "Which one?")
    wanted = st.text_input("Decision id", placeholder="The id that every answer carries")
    if wanted.strip():
        navigation.open_decision(wanted.strip())
    navigation.link_to(navigation.DECISIONS, label="Choose from the list")


def _missing(decision_id: str) -> None:
    components.page_header("Decision", "Not in this store")
    with cards.card(
        "No decision has this id", "It may still be on its way, or was removed, or is kept elsewhere", key="missing"
    ):
        components.untrusted(decision_id[:200])
        st.button("Look again", icon=":material/refresh:", on_click=cache.forget)
        navigation.link_to(navigation.DECISIONS, label="All decisions")


def _whole(detail: DecisionDetail) -> None:
    document = detail.document
    _way(document["decision_id"])
    components.page_header(
        headline(document), f"Decision {document['decision_id']}, {units.when(document['created_at'])} UTC"
    )
    components.chips(record.facts(document))
    if document["parent_decision_id"]:
        navigation.decision_link(str(document["parent_decision_id"]), label="Open the decision that it belongs to")
    cards.simulated_banner(int(bool(document["simulated"])), 1)
    record.numbers(document)
    with cards.grid("told", narrowest="half"):
        with cards.card("What happened", "Told from the record alone", key="story"):
            components.paragraphs(story(document))
        record.bill(document)
    _waterfall(detail)
    record.branches(document)
    answers.draw(document, detail.content)
    with cards.grid("judged", narrowest="half"):
        feedback.draw(document["decision_id"])
        if visitor().operates:
            ask_again.draw(detail)
    with cards.grid("why", narrowest="half"):
        record.candidates(document)
        record.guard(document)
    record.signals(document)
    span_list.draw(detail.spans)
    with st.expander("The whole record as JSON", icon=":material/data_object:"):
        st.code(plain.visible(json.dumps(document, indent=2, ensure_ascii=False)), language="json")


def _way(decision_id: str) -> None:
    """Back to the list, and to the decisions above and below this one there."""
    asked = st.query_params.get(PATH)
    path = cast(Path, asked) if asked in get_args(Path) else None
    search = st.query_params.get(SEARCH, "").strip()
    along = {} if path is None else {PATH: str(path)}
    if search:
        along[SEARCH] = search
    beside = cache.ask(
        neighbours, filters_of_address(), decision_id, path=path, search=search, words=visitor().operates
    )
    there, none = HELP_OF_SEARCH if search else HELP
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="way"):
        with st.container(width="stretch"):
            navigation.link_to(navigation.DECISIONS, label="All decisions", icon=":material/arrow_back:", **along)
        for label, icon, found in (
            ("Newer", ":material/chevron_left:", beside.newer),
            ("Older", ":material/chevron_right:", beside.older),
        ):
            # No link: between two addresses of one page Streamlit's links leave the browser's address as it was.
            st.button(
                label,
                icon=icon,
                icon_position="left" if label == "Newer" else "right",
                disabled=found is None,
                on_click=_go,
                args=({**address.carried(), **along, navigation.DECISION: [str(found)]},),
                help=there if found else none,
            )


def _go(params: Mapping[str, str | list[str]]) -> None:
    st.query_params.from_dict(params)


def filters_of_address() -> Filters:
    """What the list of decisions would be set to at this address."""

    def values(name: str) -> tuple[str, ...]:
        return tuple(cast(list[str], said[name]))

    said = {
        name: address.parse(name, st.query_params.get_all(name), playground=navigation.DECISIONS.playground)
        for name in address.CARRIED
    }
    chosen = period(str(said["range"]), datetime.now(UTC))
    return Filters(
        start=chosen.start,
        end=chosen.end,
        routes=values("route"),
        tenants=values("tenant"),
        models=values("model"),
        intents=values("intent"),
        statuses=values("status"),
        risks=values("risk"),
        purposes=purposes(bool(said["playground"])),
        simulated=address.SIMULATED[str(said["simulated"])],
        policy_version=str(said["policy"]) or None,
    )


def _waterfall(detail: DecisionDetail) -> None:
    with cards.card(
        "Waterfall",
        "Every span, each below its parent; pale where a branch waits while its answer is judged",
        key="waterfall",
    ):
        mode = theme.mode()
        plot.draw(
            waterfall.waterfall(detail.spans, mode, cache.colours(mode), _calls(detail)),
            key="waterfall-chart",
            alt="Horizontal bars: when each span began and how long it took",
        )


def _calls(detail: DecisionDetail) -> dict[str, float]:
    """Span id to the time of the call alone, in ms: a branch stays open while its answer is scored and compared."""
    open_spans = list(detail.spans)
    calls = {}
    for branch in sorted(detail.document["branches"], key=lambda branch: branch["index"]):
        name = branch_span_name(branch["kind"], branch["model"])
        span = next((span for span in open_spans if span.name == name), None)
        if span is not None and branch["latency_ms"] is not None:
            open_spans.remove(span)
            calls[span.span_id] = branch["latency_ms"]
    return calls


if __name__ == "__main__":
    show()
