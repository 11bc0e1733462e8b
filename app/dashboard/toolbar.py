"""The top of a page: its name, the period, and the filters. What is not a page's default is in its address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from app import plain
from app.dashboard import address, cache, components
from app.dashboard.view import DEFAULT_RANGE, RANGES, View, period, purposes
from telemetry.query.filters import Filters

NAME = 200
"""Characters of a name in a list of choices."""


def draw(title: str, subtitle: str, *, statuses: bool = False) -> View:
    """Draw the top of a page that counts requests, and read what it is set to.

    Args:
        title: the page's name.
        subtitle: what it answers.
        statuses: whether the page can be narrowed to how requests ended.
    """
    known = cache.facets()
    with st.container(key="toolbar", horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width="content"):
            components.page_header(title, subtitle)
        with st.container(horizontal=True, width="content", vertical_alignment="bottom", gap="small"):
            chosen_range = st.segmented_control(
                "Period (UTC)",
                RANGES,
                required=True,
                key="range",
                on_change=address.touched,
                help="Periods end now and are counted in UTC days, today included; 24 h is counted in hours.",
            )
            with st.popover("Filters", icon=":material/filter_list:", width="content"):
                routes = _choices("Route", known.routes, "route")
                models = _choices("Model or tool", (*known.models, *known.tools), "model")
                intents = _choices("Intent", known.intents, "intent")
                tenants = _choices("Tenant", known.tenants, "tenant")
                ended = _choices("Status", known.statuses, "status") if statuses else ()
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
    chosen = period(chosen_range or DEFAULT_RANGE, datetime.now(UTC))
    view = View(
        chosen,
        Filters(
            start=chosen.start,
            end=chosen.end,
            routes=routes,
            models=models,
            intents=intents,
            tenants=tenants,
            statuses=ended,
            purposes=purposes(bool(playground)),
            simulated=address.SIMULATED[simulated or "all"],
        ),
    )
    _say_what_is_shown(view)
    return view


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
    told: dict[str, object] = {"Period": f"{view.period.label} UTC"}
    chosen = view.filters
    named = (
        ("Route", chosen.routes),
        ("Model", chosen.models),
        ("Intent", chosen.intents),
        ("Tenant", chosen.tenants),
        ("Status", chosen.statuses),
    )
    told |= {name: ", ".join(values) for name, values in named if values}
    told["Purpose"] = " and ".join(chosen.purposes)
    if chosen.simulated is not None:
        told["Demo traffic"] = "simulated only" if chosen.simulated else "left out"
    components.chips(told)
