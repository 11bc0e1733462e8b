"""The parts that pages are built of. Everything that people or models wrote goes through `app.plain`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import plotly.graph_objects as go
import streamlit as st

from app import plain
from app.dashboard import cache, theme
from telemetry.errors import TelemetryError

Tone: TypeAlias = Literal["ok", "warn", "bad", "muted"]

OUTCOME_TONE: dict[str, Tone] = {
    "ok": "ok",
    "accepted": "ok",
    "passed": "ok",
    "compared": "muted",
    "rejected": "warn",
    "cancelled": "warn",
    "denied": "bad",
    "excluded": "warn",
    "raised": "warn",
    "redacted": "warn",
    "rerouted": "warn",
    "required": "muted",
    "failed": "bad",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: text, perhaps in a tone, perhaps under a colour swatch. Never markup."""

    text: object
    tone: Tone | None = None
    swatch: str | None = None
    number: bool = False


def page_style() -> None:
    """Our CSS; once a run, from main.py."""
    st.html(theme.css(theme.mode()))


def brand(logo: Path) -> None:
    """The product's mark, at the top of the sidebar."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="brand"):
        st.image(str(logo), width=24)
        st.html('<div class="rs-brand">RouteScope</div>')


def sidebar_foot() -> None:
    """What holds on every page."""
    st.html('<div class="rs-sub rs-foot">All times are UTC.<br>Unknown is said, never counted as zero.</div>')


def page_header(title: str, subtitle: str) -> None:
    """A page's name and what it is for. Both are our own words."""
    st.html(f'<div class="rs-head"><h1>{plain.html(title)}</h1><p class="rs-sub">{plain.html(subtitle)}</p></div>')


@contextmanager
def card(title: str, subtitle: str, *, key: str, help: str | None = None) -> Iterator[None]:
    """One card, one question. ``help`` defines what is counted, on hover; ``key`` is unique on the page."""
    with st.container(border=True, key=f"card-{key}", gap="small"):
        hint = (
            f' <span class="rs-hint" title="{plain.html(help)}" aria-label="{plain.html(help)}">?</span>'
            if help
            else ""
        )
        st.html(
            f'<div class="rs-title">{plain.html(title)}{hint}</div><div class="rs-sub">{plain.html(subtitle)}</div>'
        )
        yield


def kpi(
    label: str,
    value: str,
    *,
    key: str,
    change: str | None,
    line: Sequence[float | None],
    note: str,
    help: str,
    better: Literal["up", "down", "neither"] = "neither",
) -> None:
    """One number: its value, its change against the period before, its course, and what it counts.

    Args:
        label: our own words.
        value: written by `app.units`.
        key: unique on the page.
        change: written by `app.units.change`; None when there is nothing to compare with.
        line: the number a step; None where it is unknown, which is a gap.
        note: one line below.
        help: the definition, on hover.
        better: which direction is good news.
    """
    any_known = any(value is not None for value in line)
    with st.container(border=True, key=f"card-kpi-{key}", gap="xxsmall"):
        st.metric(
            label,
            value,
            delta=change,
            delta_color=_DELTA_COLOUR[better],
            delta_description="vs before" if change else None,
            help=help,
            # No number is what the sparkline breaks at.
            chart_data=[math.nan if value is None else value for value in line] if any_known else None,
        )
        st.html(f'<div class="rs-sub">{plain.html(_unbroken(note))}</div>')


_DELTA_COLOUR: Final[dict[str, Literal["normal", "inverse", "off"]]] = {
    "up": "normal",
    "down": "inverse",
    "neither": "off",
}


def figure(label: str, value: str, note: str, *, key: str) -> None:
    """One number of one decision, with what it counts below."""
    with st.container(border=True, key=f"card-figure-{key}", gap="xxsmall"):
        st.html(
            f'<div class="rs-sub">{plain.html(label)}</div><div class="rs-value">{plain.html(value)}</div>'
            f'<div class="rs-sub">{plain.html(_unbroken(note), 60)}</div>'
        )


def subtitle(text: str) -> None:
    """A heading inside a card."""
    st.html(f'<div class="rs-title rs-inner">{plain.html(text)}</div>')


def said(who: str, text: str) -> None:
    """One turn of a conversation: hostile text, shown as it is."""
    st.html(
        f'<div class="rs-said"><div class="rs-sub">{plain.html(who, 80)}</div>'
        f'<pre class="rs-plain">{plain.html(text)}</pre></div>'
    )


@contextmanager
def grid(key: str, *, narrowest: Literal["kpi", "half"]) -> Iterator[None]:
    """Children side by side, as many as fit: ``kpi`` from 190 px, ``half`` from 420 px. ``key`` is unique."""
    with st.container(key=f"grid-{narrowest}-{key}"):
        yield


def chart(figure: go.Figure, *, key: str, alt: str) -> None:
    """A figure of `app.dashboard.charts`. ``alt`` says in words what it shows."""
    st.plotly_chart(figure, key=key, theme=None, config=theme.CHART_CONFIG, alt=plain.visible(alt))


def untrusted(text: object, *, muted: bool = False) -> None:
    """What somebody wrote, as plain text, line breaks kept, nothing in it interpreted."""
    tone = " rs-muted" if muted else ""
    st.html(f'<pre class="rs-plain{tone}">{plain.html(text)}</pre>')


def paragraphs(sentences: Iterable[str]) -> None:
    """A story of plain sentences."""
    body = "".join(f"<p>{plain.html(_unbroken(sentence))}</p>" for sentence in sentences)
    st.html(f'<div class="rs-story">{body}</div>')


def chips(pairs: Mapping[str, object]) -> None:
    """Small facts: a name and its value, both escaped."""
    body = "".join(
        f'<span class="rs-chip"><i>{plain.html(name)}</i> <b>{plain.html(value, 60)}</b></span>'
        for name, value in pairs.items()
    )
    st.html(f"<div>{body}</div>")


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Cell | object]],
    *,
    numbers: Sequence[int] = (),
    notes: Sequence[object] = (),
) -> None:
    """A small table of escaped cells.

    Args:
        headers: our own words.
        rows: as many cells each.
        numbers: the columns that align right.
        notes: a sentence below each row, from the second column on; empty for none.
    """
    right = frozenset(numbers)
    head = "".join(f'<th class="{"n" if i in right else ""}">{plain.html(name)}</th>' for i, name in enumerate(headers))
    below = [
        f'<tr class="rs-note"><td></td><td colspan="{len(headers) - 1}">{plain.html(one)}</td></tr>' if one else ""
        for one in notes
    ]
    body = "".join(
        "<tr>" + "".join(_cell(value, i in right) for i, value in enumerate(row)) + "</tr>" + note
        for row, note in zip_longest(rows, below, fillvalue="")
    )
    st.html(
        f'<div class="rs-scroll"><table class="rs-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def notice(text: str, *, tone: Tone = "warn", details: Sequence[str] = ()) -> None:
    """One line above what it concerns, and perhaps a list below it. Commands stand between backticks."""
    items = "".join(f"<li>{_with_commands(detail)}</li>" for detail in details)
    listed = f"<ul>{items}</ul>" if items else ""
    st.html(f'<div class="rs-banner rs-banner-{tone}" role="status">{_with_commands(text)}{listed}</div>')


def _with_commands(text: str) -> str:
    return _COMMAND.sub(_as_code, plain.html(text))


def _as_code(found: re.Match[str]) -> str:
    return f"<code>{found[1]}</code>"


_COMMAND: Final = re.compile(r"`([^`<>]+)`")
_UNBROKEN: Final = re.compile(r"(?<=\d) (?=(?:%|ms|s|min)(?:\W|$))|(?<=\bn) (?==)|(?<==) (?=\d)")


def _unbroken(text: str) -> str:
    """A number and its unit stay on one line."""
    return _UNBROKEN.sub("\u00a0", text)


def simulated_banner(simulated: int, whole: int) -> None:
    """Said wherever simulated rows are counted or listed; silent when there are none."""
    if simulated:
        part = "All of what is shown" if simulated >= whole else f"{simulated:,} of the {whole:,} requests shown"
        verb = "is" if simulated >= whole else "are"
        notice(f"Simulated: {part} {verb} demo traffic. Remove it with `routescope demo --clear`.")


def empty(title: str, remedy: str) -> None:
    """Nothing to show, and what to do about it."""
    st.html(
        f'<div class="rs-empty"><div class="rs-title">{plain.html(title)}</div>'
        f'<div class="rs-sub">{plain.html(remedy)}</div></div>'
    )


def error_card(sentence: str, *, key: str) -> None:
    """What went wrong, in its own sentence, and a way to try again."""
    with st.container(border=True, key=f"card-error-{key}"):
        st.html(
            '<div class="rs-title rs-bad">This part could not be shown</div>'
            f'<div class="rs-sub">{plain.html(sentence, 600)}</div>'
        )
        st.button("Try again", key=f"retry-{key}", icon=":material/refresh:", on_click=cache.forget)


@contextmanager
def errors_shown(key: str) -> Iterator[None]:
    """Show an error of the store as a card in place of the part; everything around it stays."""
    try:
        yield
    except TelemetryError as error:
        error_card(str(error), key=key)


@contextmanager
def loading(height: int = 260) -> Iterator[None]:
    """A skeleton while the part is made; it appears only when that takes noticeably long."""
    with st.skeleton(height):
        yield


def definition_list(pairs: Sequence[tuple[str, Any]]) -> None:
    """Names and their values, in as many columns as fit, escaped."""
    facts = "".join(f"<div><dt>{plain.html(name)}</dt><dd>{_cell_body(value)}</dd></div>" for name, value in pairs)
    st.html(f'<dl class="rs-facts">{facts}</dl>')


def _cell(value: Cell | object, number: bool) -> str:
    right = number or (isinstance(value, Cell) and value.number)
    return f'<td class="{"n" if right else ""}">{_cell_body(value)}</td>'


def _cell_body(value: Cell | object) -> str:
    if not isinstance(value, Cell):
        return plain.html(value)
    swatch = f'<span class="rs-swatch" style="background:{plain.html(value.swatch)}"></span>' if value.swatch else ""
    tone = f' class="rs-{value.tone}"' if value.tone else ""
    return f"{swatch}<span{tone}>{plain.html(value.text)}</span>"
