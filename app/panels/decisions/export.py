"""What the filters let through, as a file: made when the button is pressed, bounded, and the command for more."""

from __future__ import annotations

import io
import shlex
from functools import partial
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, components
from app.dashboard.view import RANGES, View
from app.dashboard.visitor import visitor
from telemetry.export import Format, TableName, export_to
from telemetry.query import decisions
from telemetry.query.decisions import Path

MOST: Final = 10_000
"""Decisions of one download: it is made in memory, some kilobytes each."""
MOST_FOUND: Final = 2_000
"""Decisions of one download when a search or a path narrows them: each is looked up by its id."""
_FORMATS: Final[dict[Format, str]] = {"csv": "CSV", "jsonl": "JSON lines"}
_TABLES: Final[dict[TableName, str]] = {"requests": "Decisions", "branches": "Branches"}
_MIME: Final[dict[Format, str]] = {"csv": "text/csv", "jsonl": "application/jsonl"}


def draw(view: View, path: Path | None, search: str, matching: int) -> None:
    """The button that opens the choice of a file.

    Args:
        view: period and filters.
        path: which of the decisions.
        search: what was searched for.
        matching: how many decisions the filters let through.
    """
    with st.popover("Export", icon=":material/download:", width="content", key="export"):
        table = st.segmented_control(
            "Rows",
            list(_TABLES),
            default="requests",
            required=True,
            key="export-table",
            format_func=_TABLES.__getitem__,
        )
        form = st.segmented_control(
            "Format",
            list(_FORMATS),
            default="csv",
            required=True,
            key="export-format",
            format_func=_FORMATS.__getitem__,
        )
        chosen, format_ = table or "requests", form or "csv"
        searched = bool(search.strip()) or path is not None
        if matching > MOST and not searched:
            components.untrusted(
                f"{units.plural(matching, 'decision')} are too many for one download; at most {units.count(MOST)} are. "
                "Narrow the filters, or run:"
            )
        else:
            st.download_button(
                f"Download {_TABLES[chosen].lower()}",
                data=partial(made, view, path, search.strip(), chosen, format_, words=visitor().operates),
                file_name=f"routescope-{chosen}.{format_}",
                mime=_MIME[format_],
                icon=":material/download:",
                on_click="ignore",
                type="primary",
                key="export-download",
            )
            components.untrusted(_told(searched), muted=True)
        st.code(plain.visible(command(view, chosen, format_)), language="bash", wrap_lines=True)


def made(view: View, path: Path | None, search: str, table: TableName, format_: Format, *, words: bool = True) -> bytes:
    """The file's bytes, oldest row first. ``words``: whether the search also goes through what was said."""
    only = found(view, path, search, words=words) if search or path is not None else None
    out = io.BytesIO()
    export_to(cache.reader(), view.filters, out, table=table, format=format_, decisions=only)
    return out.getvalue()


def found(view: View, path: Path | None, search: str, *, words: bool = True) -> list[str]:
    """The ids of the newest decisions that a search or a path leaves, at most `MOST_FOUND` of them."""
    ids: list[str] = []
    cursor: str | None = None
    while len(ids) < MOST_FOUND:
        left = MOST_FOUND - len(ids)
        page = decisions.page(
            cache.reader(), view.filters, path=path, search=search, words=words, cursor=cursor, limit=left
        )
        ids += [row.decision_id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    return ids


def command(view: View, table: TableName, format_: Format) -> str:
    """The command that exports what the filters let through, however much that is."""
    filters, words = view.filters, ["routescope", "db", "export", "--table", table, "--format", format_]
    if view.period.key in RANGES:
        words += ["--range", view.period.key]
    elif filters.start is not None and filters.end is not None:
        words += ["--since", f"{filters.start:%Y-%m-%dT%H:%M}", "--until", f"{filters.end:%Y-%m-%dT%H:%M}"]
    named = (
        ("--route", filters.routes),
        ("--tenant", filters.tenants),
        ("--model", filters.models),
        ("--intent", filters.intents),
        ("--risk", filters.risks),
        ("--status", filters.statuses),
        ("--purpose", filters.purposes),
    )
    words += [word for flag, values in named for value in values for word in (flag, value)]
    if filters.simulated is not None:
        words += ["--simulated", "simulated" if filters.simulated else "real"]
    if filters.policy_version is not None:
        words += ["--policy-version", filters.policy_version]
    return shlex.join([*words, "--out", f"{table}.{format_}"])


def _told(searched: bool) -> str:
    if searched:
        return (
            f"The newest {units.count(MOST_FOUND)} of what is found, whole rows, oldest first. The command knows the "
            "filters alone:"
        )
    return "Whole rows, oldest first; unknown is empty. On the command line the same is:"
