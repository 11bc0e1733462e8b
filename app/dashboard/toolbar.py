"""The top of a page: its name, the period, and the filters. What is not a page's default is in its address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import streamlit as st

from app import plain
from app.dashboard import address, cache, components, refresh
from app.dashboard.view import DEFAULT_RANGE, RANGES, View, own_range, period, purposes, range_label
from router_core.request import DATA_CLASSES
from telemetry.query.filters import Filters

NAME: Final = 200
"""Characters of a name in a list of choices."""
SHORT: Final = 32
"""Characters of a name on a button that takes its filter back."""
VERSION: Final = 12
"""Characters by which a policy's version is told."""
OWN: Final = "own-range"


def draw(title: str, subtitle: str) -> View:
    """Draw the top of a page that counts requests, and read what it is set to.

    Args:
        title: the page's name.
        subtitle: what it answers.
    """
    known = cache.facets()
    with st.container(key="toolbar", horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width="content"):
            components.page_header(title, subtitle)
        with st.container(horizontal=True, width="content", vertical_alignment="bottom", gap="small"):
            chosen_range = _range()
            with st.popover("Filters", icon=":material/filter_list:", width="content"):
                filters = _filters(known)
            with st.popover("View", icon=":material/tune:", width="content"):
                compare = _how_to_look()
    chosen = period(chosen_range, datetime.now(UTC))
    view = View(
        chosen,
        Filters(start=chosen.start, end=chosen.end, **filters),
        first=cache.store_state().first,
        compare=compare,
    )
    _say_what_is_shown(view)
    return view


def _range() -> str:
    held = str(st.session_state.get("range", DEFAULT_RANGE))
    options = list(RANGES) if held in RANGES else [*RANGES, held]
    chosen = st.segmented_control(
        "Period (UTC)",
        options,
        required=True,
        key="range",
        on_change=address.touched,
        format_func=range_label,
        help="Periods end now and are counted in UTC days, today included; 24 h is counted in hours. "
        "Draw over a chart's time axis to look closer.",
    )
    with st.popover("Days", icon=":material/date_range:", width="content", help="A period of your own"):
        st.date_input(
            "From one day to another, both included (UTC)",
            value=_own_days(held),
            key=OWN,
            on_change=_own_range,
            format="YYYY-MM-DD",
        )
    return chosen or DEFAULT_RANGE


def _own_days(held: str) -> tuple[date, date]:
    now = datetime.now(UTC)
    shown = period(held, now)
    start = shown.start or now - timedelta(days=29)
    return start.date(), max(start, shown.end - timedelta(seconds=1)).date()


def _own_range() -> None:
    picked = st.session_state.get(OWN)
    # While only the first day is picked there is no period yet.
    if isinstance(picked, (tuple, list)) and len(picked) == 2:
        first, last = (datetime.combine(one, time(), UTC) for one in picked)
        address.put("range", own_range(first, last + timedelta(days=1)))


def _filters(known: Any) -> dict[str, Any]:
    """What the popover is set to, as arguments of `Filters`."""
    routes = _choices("Route", known.routes, "route")
    models = _choices("Model or tool", (*known.models, *known.tools), "model")
    intents = _choices("Intent", known.intents, "intent")
    tenants = _choices("Tenant", known.tenants, "tenant")
    statuses = _choices("Status", known.statuses, "status")
    risks = _choices("Risk", known.risks, "risk")
    data_classes = _choices("Data class", DATA_CLASSES, "data_class")
    held = str(st.session_state.get("policy", ""))
    versions = list(dict.fromkeys(["", *known.policy_versions, held]))
    version = st.selectbox(
        "Policy version",
        versions,
        key="policy",
        on_change=address.touched,
        format_func=lambda version: plain.visible(version, VERSION) if version else "all",
    )
    simulated = st.selectbox(
        "Demo traffic",
        list(address.SIMULATED),
        help="Real and simulated together, or one of them.",
        key="simulated",
        on_change=address.touched,
    )
    playground = st.toggle(
        "Include playground",
        key="playground",
        on_change=address.touched,
        help="Business numbers count what users asked. This adds what was tried in the playground.",
    )
    return {
        "routes": routes,
        "models": models,
        "intents": intents,
        "tenants": tenants,
        "statuses": statuses,
        "risks": risks,
        "data_classes": data_classes,
        "policy_version": version or None,
        "purposes": purposes(bool(playground)),
        "simulated": address.SIMULATED[simulated or "all"],
    }


def _how_to_look() -> bool:
    compare = st.toggle(
        "Draw the period before",
        key="compare",
        on_change=address.touched,
        help="Dotted, in charts that count days or hours, where the store covers all of it. Charts by week hold the "
        "weeks before beside each other anyway.",
    )
    every = st.selectbox(
        "Look again by itself",
        list(address.REFRESH),
        key="refresh",
        on_change=address.touched,
        help="The page is drawn anew that often.",
    )
    st.button("Look again now", icon=":material/refresh:", on_click=cache.forget)
    refresh.keep(address.REFRESH[every or "off"])
    return bool(compare)


def _choices(label: str, options: Sequence[str], key: str) -> tuple[str, ...]:
    # What the address asks for is offered even when the store has never seen it: a filter that is on must be seen.
    wanted: list[str] = st.session_state.get(key, [])
    offered = [*options, *(value for value in wanted if value not in options)]
    return tuple(
        st.multiselect(label, offered, key=key, on_change=address.touched, format_func=_plainly, placeholder="all")
    )


def _plainly(name: str) -> str:
    return plain.visible(name, NAME)


def _say_what_is_shown(view: View) -> None:
    """The period and whose requests count, and a button for each filter that is on, which takes it back."""
    chosen = view.filters
    with st.container(horizontal=True, key="shown", gap="small", vertical_alignment="center"):
        with st.container(width="content"):
            components.chips({"Period": f"{view.period.label} UTC", "Purpose": " and ".join(chosen.purposes)})
        named: tuple[tuple[str, str, tuple[str, ...], Callable[[str], str]], ...] = (
            ("route", "Route", chosen.routes, _plainly),
            ("model", "Model", chosen.models, _plainly),
            ("intent", "Intent", chosen.intents, _plainly),
            ("tenant", "Tenant", chosen.tenants, _plainly),
            ("status", "Status", chosen.statuses, _plainly),
            ("risk", "Risk", chosen.risks, _plainly),
            ("data_class", "Data class", chosen.data_classes, _plainly),
        )
        for name, title, values, write in named:
            for value in values:
                _let_go(name, f"{title}: {write(value)}", value)
        if chosen.policy_version is not None:
            _let_go("policy", f"Policy: {chosen.policy_version[:VERSION]}", None)
        if chosen.simulated is not None:
            _let_go("simulated", f"Demo traffic: {'simulated only' if chosen.simulated else 'left out'}", None)


def _let_go(name: str, label: str, value: str | None) -> None:
    st.button(
        plain.markdown(label, SHORT),
        key=f"let-go-{name}-{value}",
        icon=":material/close:",
        icon_position="right",
        on_click=address.clear,
        args=(name, value),
        help="Take this filter back",
        type="secondary",
    )
