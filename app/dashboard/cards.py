"""Cards and how they are laid out. A card whose question fails says so itself; what is around it stays."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import streamlit as st

from app import plain
from app.dashboard import cache, plot, theme
from app.dashboard.components import Tone, notice, unbroken
from telemetry.errors import TelemetryError

_log = logging.getLogger("routescope.dashboard")


@contextmanager
def card(title: str, subtitle: str, *, key: str, help: str | None = None) -> Iterator[None]:
    """One card, one question.

    What the store cannot answer is told inside the card, with a way to try again, and the page goes on.

    Args:
        title: our own words.
        subtitle: what is counted, in which unit.
        key: unique on the page.
        help: the definition, on hover and on focus.
    """
    with st.container(border=True, key=f"card-{key}", gap="small"):
        head = st.container(horizontal=True, vertical_alignment="top", key=f"cardhead-{key}", gap="small")
        with head:
            st.html(
                f'<div class="rs-title">{plain.html(title)}{_hint(help)}</div>'
                f'<div class="rs-sub">{plain.html(subtitle)}</div>'
            )
        token = plot.saved_from.set(head)
        try:
            yield
        except TelemetryError as error:
            _log.warning("the card %s could not be drawn: %s", key, error)
            _could_not(str(error), key=key)
        finally:
            plot.saved_from.reset(token)


def _hint(help: str | None) -> str:
    if not help:
        return ""
    told = plain.html(help)
    return f' <span class="rs-hint" tabindex="0" role="note" aria-label="{told}" data-told="{told}">?</span>'


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
    sure: bool = False,
    more: Callable[[], None] | None = None,
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
        sure: the change is more than chance makes; only then is it called better or worse.
        more: draws the link to what the number is made of.
    """
    tone, verdict = _verdict(change, better if sure else "neither")
    spoken = f"{label}: {value}" + (f", {change}{verdict} against the period before" if change else "")
    with st.container(border=True, key=f"card-kpi-{key}", gap="xxsmall"):
        # One element: Streamlit's own metric draws its little line with a whole charting library.
        st.html(
            f'<div class="rs-kpi" role="group" aria-label="{plain.html(spoken)}">'
            f'<div class="rs-sub">{plain.html(label)}{_hint(help)}</div>'
            f'<div class="rs-number">{plain.html(value)}{_change(change, tone, verdict)}</div>'
            f'{_course(line)}<div class="rs-sub">{plain.html(unbroken(note))}</div></div>'
        )
        if more is not None:
            more()


def _verdict(change: str | None, better: Literal["up", "down", "neither"]) -> tuple[Tone, str]:
    """The tone of a change and its word: a colour alone would not tell everybody."""
    if change is None or better == "neither" or _still(change):
        return "muted", ""
    return ("ok", ", better") if change.startswith("-") == (better == "down") else ("bad", ", worse")


def _still(change: str) -> bool:
    """What rounds to nothing is neither good news nor bad, and points nowhere."""
    return not any(digit in change for digit in "123456789")


def _change(change: str | None, tone: Tone, verdict: str) -> str:
    if change is None:
        return ""
    mark = "" if _still(change) else "↓ " if change.startswith("-") else "↑ "
    told = mark + plain.html(unbroken(change)) + verdict
    return f'<span class="rs-change rs-{tone}" title="against the period before">{told}</span>'


def _course(line: Sequence[float | None]) -> str:
    if all(value is None for value in line):
        return ""
    return f'<img class="rs-spark" alt="" src="{sparkline(line, theme.palette(theme.mode()).accent)}">'


def sparkline(line: Sequence[float | None], colour: str) -> str:
    """The course of a number as a small picture, a data URL: from its lowest to its highest, broken where unknown.

    A picture, since Streamlit takes SVG elements out of HTML.
    """
    drawn = f'<path d="{_path(line)}" vector-effect="non-scaling-stroke"/>'
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 28" preserveAspectRatio="none" fill="none" '
        f'stroke="{colour}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">{drawn}</svg>'
    )
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def _path(line: Sequence[float | None]) -> str:
    known = [value for value in line if value is not None]
    if not known:
        return ""
    low, height = min(known), (max(known) - min(known)) or 1.0
    path, pen = [], "M"
    for place, value in enumerate(line):
        if value is None:
            pen = "M"
            continue
        x = 100 * place / max(len(line) - 1, 1)
        # A lone point is a stroke of no length, which its round ends make seen.
        path.append(f"{pen}{x:.2f} {26 - 24 * (value - low) / height:.2f}" + ("l0 0" if pen == "M" else ""))
        pen = "L"
    return "".join(path)


def figure(label: str, value: str, note: str, *, key: str, help: str) -> None:
    """One number without a course, with what it counts below. ``help``: its definition, on hover and on focus."""
    with st.container(border=True, key=f"card-figure-{key}", gap="xxsmall"):
        st.html(
            f'<div class="rs-sub">{plain.html(label)}{_hint(help)}</div><div class="rs-value">{plain.html(value)}</div>'
            f'<div class="rs-sub">{plain.html(unbroken(note), 60)}</div>'
        )


@contextmanager
def grid(key: str, *, narrowest: Literal["kpi", "half"]) -> Iterator[None]:
    """Children side by side, as many as fit: ``kpi`` from 190 px, ``half`` from 420 px. ``key`` is unique."""
    with st.container(key=f"grid-{narrowest}-{key}"):
        yield


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
        _could_not(sentence, key=key)


def _could_not(sentence: str, *, key: str) -> None:
    st.html(
        '<div class="rs-title rs-bad" role="alert">This part could not be shown</div>'
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
