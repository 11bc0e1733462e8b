"""Cards and how they are laid out. A card whose question fails says so itself; what is around it stays."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

import streamlit as st

from app import plain
from app.dashboard import cache, plot
from app.dashboard.components import notice, unbroken
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
        with st.container(horizontal=True, vertical_alignment="top", key=f"cardhead-{key}", gap="small"):
            st.html(
                f'<div class="rs-title">{plain.html(title)}{_hint(help)}</div>'
                f'<div class="rs-sub">{plain.html(subtitle)}</div>'
            )
            room = st.container(width="content")
        token = plot.saved_from.set(room)
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
        more: draws the link to what the number is made of.
    """
    still = change is not None and not any(digit in change for digit in "123456789")
    any_known = any(value is not None for value in line)
    with st.container(border=True, key=f"card-kpi-{key}", gap="xxsmall"):
        st.metric(
            label,
            value,
            delta=change,
            # What rounds to nothing is neither good news nor bad, and points nowhere.
            delta_color="off" if still else _DELTA_COLOUR[better],
            delta_arrow="off" if still else "auto",
            delta_description="vs before" if change else None,
            help=help,
            # No number is what the sparkline breaks at.
            chart_data=[math.nan if value is None else value for value in line] if any_known else None,
        )
        st.html(f'<div class="rs-sub">{plain.html(unbroken(note))}</div>')
        if more is not None:
            with st.container(key=f"more-{key}"):
                more()


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
