"""The small parts that cards hold: text, tables, chips, notices.

Everything that people or models wrote goes through `app.plain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, Literal, TypeAlias

import streamlit as st

from app import plain

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
    "unchecked": "warn",
    "redacted": "warn",
    "rerouted": "warn",
    "required": "muted",
    "failed": "bad",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: text, perhaps in a tone, under a colour swatch, or leading to a page. Never markup."""

    text: object
    tone: Tone | None = None
    swatch: str | None = None
    number: bool = False
    leads_to: str | None = None
    """An address on this server, made by `app.dashboard.navigation`."""


def page_header(title: str, subtitle: str) -> None:
    """A page's name and what it is for. Both are our own words."""
    st.html(f'<div class="rs-head"><h1>{plain.html(title)}</h1><p class="rs-sub">{plain.html(subtitle)}</p></div>')


def subtitle(text: str) -> None:
    """A heading inside a card."""
    st.html(f'<div class="rs-title rs-inner">{plain.html(text)}</div>')


def said(who: str, text: str) -> None:
    """One turn of a conversation: hostile text, shown as it is."""
    st.html(
        f'<div class="rs-said"><div class="rs-sub">{plain.html(who, 80)}</div>'
        f'<pre class="rs-plain">{plain.html(text)}</pre></div>'
    )


def untrusted(text: object, *, muted: bool = False) -> None:
    """What somebody wrote, as plain text, line breaks kept, nothing in it interpreted."""
    tone = " rs-muted" if muted else ""
    st.html(f'<pre class="rs-plain{tone}">{plain.html(text)}</pre>')


def paragraphs(sentences: Iterable[str]) -> None:
    """A story of plain sentences."""
    body = "".join(f"<p>{plain.html(unbroken(sentence))}</p>" for sentence in sentences)
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


def unbroken(text: str) -> str:
    """A number and its unit stay on one line."""
    return _UNBROKEN.sub("\u00a0", text)


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
    text = f"{swatch}<span{tone}>{plain.html(value.text)}</span>"
    if value.leads_to is None:
        return text
    return f'<a class="rs-open rs-figure" href="{plain.html(value.leads_to)}">{text}</a>'
