"""Every span of a decision: when, how long, how it went, and its attributes for who wants them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from app import plain, units
from app.dashboard import cards
from telemetry.query.decision import SpanView

MOST: Final = 300
"""Spans that are listed."""
LONGEST: Final = 4_000
"""Characters of an attribute that are shown."""
STYLE: Final = """<style>
.rs-spans details { border-bottom: 1px solid var(--rs-grid); }
.rs-spans details:last-child { border-bottom: 0; }
.rs-spans summary, .rs-span-head { display: grid; gap: .6rem;
  grid-template-columns: minmax(0, 1fr) 6.5rem 6.5rem 4.5rem;
  padding: .34rem .2rem; font-size: .9rem; cursor: pointer; list-style: none; }
.rs-span-head { color: var(--rs-muted); font-size: .82rem; cursor: default; border-bottom: 1px solid var(--rs-grid); }
.rs-spans summary::-webkit-details-marker { display: none; }
.rs-spans summary > :first-child::before { content: "▸"; color: var(--rs-muted); display: inline-block; width: 1rem; }
.rs-spans details[open] summary > :first-child::before { content: "▾"; }
.rs-spans summary:focus-visible { outline: 2px solid var(--rs-accent); outline-offset: -2px; }
.rs-spans .n { text-align: right; white-space: nowrap; font-feature-settings: "tnum" 1; }
.rs-spans dl { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: .2rem 1rem;
  margin: 0 0 .6rem 1.2rem; font-size: .86rem; }
.rs-spans dt { color: var(--rs-muted); overflow-wrap: anywhere; font-weight: 400; }
.rs-spans dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>"""


def draw(spans: Sequence[SpanView]) -> None:
    """The card."""
    with cards.card(
        "Spans",
        "What was recorded, a line each; open one for its attributes",
        key="spans",
        help="A span is one timed step of the decision, as OpenTelemetry knows it; durations come from a "
        "monotonic clock.",
    ):
        head = '<div class="rs-span-head"><span>Span</span><span class="n">Began</span><span class="n">Took</span>'
        lines = "".join(map(_line, spans[:MOST]))
        st.html(f'{STYLE}<div class="rs-spans">{head}<span>Status</span></div>{lines}</div>')
        if len(spans) > MOST:
            left_out = units.plural(len(spans) - MOST, "span")
            st.html(f'<div class="rs-sub">{left_out} more; the whole record holds them.</div>')


def _line(span: SpanView) -> str:
    tone = ' class="rs-bad"' if span.status == "error" else ' class="rs-muted"'
    return (
        f'<details><summary><span style="padding-left:{min(span.depth, 8)}rem">{plain.html(span.name, 80)}</span>'
        f'<span class="n">{plain.html(units.step(span.start_ms))}</span>'
        f'<span class="n">{plain.html(units.took(span.duration_ms))}</span><span{tone}>{plain.html(span.status)}</span>'
        f"</summary><dl>{_attributes(span)}</dl></details>"
    )


def _attributes(span: SpanView) -> str:
    told = {"span id": span.span_id, "parent": span.parent_span_id or "none", **span.attributes}
    return "".join(
        f"<dt>{plain.html(name, 120)}</dt><dd>{plain.html(_written(value), LONGEST)}</dd>"
        for name, value in told.items()
    )


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
