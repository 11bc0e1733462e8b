"""Whether every decision was kept, in plain words: what is known, what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import streamlit as st

from app import plain, units
from app.dashboard import cards
from telemetry.query.pipeline import ProcessState

Tone = Literal["ok", "warn", "bad", "muted"]

TAKEN_OVER: Final = timedelta(minutes=2)
"""A gateway looks every half minute for what others on its machine left; it says so with its next sample."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence, and what stands behind it."""

    tone: Tone
    headline: str
    details: tuple[str, ...]


def verdict(processes: Sequence[ProcessState], span: str) -> Verdict:
    """What the samples of some time say of it.

    Args:
        processes: those that gave samples in it.
        span: the time in words, as ``in the last 24 hours``.
    """
    if not processes:
        return Verdict(
            "muted",
            "Nothing is known: no gateway has reported",
            (
                f"No process gave a sample {span}. A gateway reports once a minute; start one with `routescope up`. "
                "Decisions that commands such as `routescope route` make are kept as well, but give no samples.",
            ),
        )
    dropped = sum(one.dropped for one in processes)
    kept = sum(one.written + one.spooled for one in processes)
    details = [_kept(kept, len(processes), span), *_wrong(processes)]
    if dropped:
        return Verdict("bad", f"{units.plural(dropped, 'decision')} {_was(dropped)} dropped", tuple(details))
    if any(_unsure(one) for one in processes):
        return Verdict("warn", "Nothing was dropped, as far as is known", tuple(details))
    if len(details) > 1:
        return Verdict("warn", "Nothing was dropped, but not everything is well", tuple(details))
    return Verdict("ok", "Nothing was dropped", tuple(details))


def draw(said: Verdict) -> None:
    """The card at the top."""
    with cards.card(
        "Is every decision kept?",
        "What the processes that route say of themselves, once a minute",
        key="verdict",
        help="Dropped: decisions that are nowhere, neither in the database nor on a spool. Either they could not be "
        "kept (the answer then said so), or their root never ended. What went to the spool is not dropped: it is "
        "written as soon as the database takes it.",
    ):
        details = "".join(f'<div class="rs-sub">{_with_code(detail)}</div>' for detail in said.details)
        mark = {"ok": "✓", "warn": "!", "bad": "✕", "muted": "?"}[said.tone]
        st.html(
            f'<div role="status"><div class="rs-number rs-{said.tone}">{mark} {plain.html(said.headline)}</div>'
            f"{details}</div>"
        )


def _with_code(text: str) -> str:
    """Our own backticks become code; a process's name or an error cannot bring its own."""
    parts = plain.html(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _kept(kept: int, processes: int, span: str) -> str:
    by = units.plural(processes, "process", "processes")
    return f"{units.plural(kept, 'decision')} {_was(kept)} kept {span} by {by}."


def _wrong(processes: Sequence[ProcessState]) -> list[str]:
    """What is not as it should be, a sentence each."""
    said: list[str] = []
    for one in processes:
        name = named(one)
        left = 0 if _taken_over(one, processes) else one.spool_waiting
        if one.not_durable:
            said.append(
                f"{name} could keep {units.plural(one.not_durable, 'decision')} nowhere: database and spool both "
                "refused. The answers were marked `not durable`. Make room on the disk of the home folder."
            )
        if one.abandoned:
            said.append(
                f"{name} gave up {units.plural(one.abandoned, 'decision')} whose request never ended; only parts of "
                f"{'it' if one.abandoned == 1 else 'them'} had come."
            )
        if one.refused:
            said.append(
                f"{name} has {units.plural(one.refused, 'decision')} that fit no database. They are kept aside in a "
                "`.refused` file beside the spool: please report it, it is a fault of ours."
            )
        if left and one.state != "ended":
            said.append(_spooled(one, name))
        elif left:
            said.append(
                f"{name} ended with {units.plural(left, 'decision')} on its spool; a gateway on that machine writes "
                "them to the database."
            )
        elif one.last_error and one.state == "running":
            said.append(f"{name}: {_quoted(one.last_error)}.")
        if one.state == "silent" and not left:
            said.append(
                f"{name} has not reported since {units.when(one.last_seen)} UTC and did not end as it should"
                + (
                    f": {units.plural(one.queued, 'decision')} {_was(one.queued)} in its memory then."
                    if one.queued
                    else ". Nothing waited then; what it answered afterwards is kept, unless durability is `async`."
                )
            )
    return said


def _taken_over(one: ProcessState, processes: Sequence[ProcessState]) -> bool:
    """Whether another process on its machine lived on for long enough to write what it left."""
    host = one.process.partition(":")[0]
    return one.state != "running" and any(
        other.process.partition(":")[0] == host and other.last_seen - one.last_seen > TAKEN_OVER for other in processes
    )


def _unsure(one: ProcessState) -> bool:
    return one.state == "silent"


def _spooled(one: ProcessState, name: str) -> str:
    why = f" ({_quoted(one.last_error)})" if one.last_error else ""
    many = units.plural(one.spool_waiting, "decision")
    if one.state == "silent":
        return (
            f"{name} has not reported since {units.when(one.last_seen)} UTC and left {many} on its spool; a "
            "gateway on that machine writes them to the database."
        )
    return f"{name} has {many} on its spool, because the database takes none{why}; they are written when it does."


def named(one: ProcessState) -> str:
    """A process without its token."""
    host, _, rest = one.process.partition(":")
    number = rest.partition(":")[0]
    return f"Process {number} on {host}" if number else f"Process {one.process}"


def _quoted(error: str) -> str:
    return plain.visible(error.replace("`", "'").rstrip("."), 200)


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
