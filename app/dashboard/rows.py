"""A table whose rows lead somewhere: text that can be found, copied and read aloud, sorted by a click on its head.

Streamlit's own table that can be clicked is drawn on a canvas: what it cuts off cannot be read, nothing in it can be
found or followed in a tab of its own, and a changed filter draws it a tenth slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import streamlit as st

from app import plain
from app.dashboard.components import Tone

NAME: Final = 60
"""Characters of a name in a cell."""
_DRAWN: Final = "rows-drawn"


@dataclass(frozen=True, slots=True)
class Column:
    """What one column says, a value a row."""

    title: str
    """Our own words."""
    texts: Sequence[object]
    help: str = ""
    """The definition, on pointing at the head."""
    number: bool = False
    """Aligned right."""
    sort: Sequence[float | None] | None = None
    """What the rows are put in order by, where the texts would put them in another; None stands last."""
    shares: Sequence[float | None] | None = None
    """Drawn as a bar below the text, 0 to 1."""
    tones: Sequence[Tone | None] | None = None
    swatches: Sequence[str | None] | None = None
    """A colour before the text."""
    width: Literal["any", "least", "most"] = "any"
    """``least``: no more room than its text takes; ``most``: what the others leave, the text cut at its end."""
    limit: int = NAME
    """Characters of a text."""
    spare: bool | Literal["soon", "first"] = False
    """Left out where the table has little room, as what the row leads to says it too: below 800 px, ``soon`` below
    1,050 px, ``first`` below 1,160 px."""


def draw(
    columns: Sequence[Column],
    *,
    key: str,
    names: Sequence[str],
    links: Sequence[str] | None = None,
    opens: bool = True,
    tall: int | None = None,
) -> str | None:
    """Draw a table.

    Args:
        columns: in the order of their worth: a narrow page scrolls to the last ones.
        key: unique on the page.
        names: of the rows, as the answer tells them.
        links: the address of each row, for opening it in a tab of its own.
        opens: whether a click on a row is an order.
        tall: pixels from which on the rows scroll.

    Returns:
        The name of the row that was clicked, in this run only.
    """
    drawn = st.session_state.setdefault(_DRAWN, {})
    # A click is on what was seen, which the store may have gone past since.
    seen = drawn.get(key, ())
    drawn[key] = tuple(names)
    answer = _table(
        key=f"rows-{key}",
        data={
            "columns": [_written(column) for column in columns],
            "names": list(names),
            "links": None if links is None else list(links),
            "opens": opens,
            "tall": tall,
        },
        on_row_change=_nothing,
    )
    chosen: object = answer.row
    # A browser sends it, so it is looked up, never trusted.
    return chosen if isinstance(chosen, str) and (chosen in seen or chosen in names) else None


def _written(column: Column) -> dict[str, Any]:
    kind = "n" if column.number else {"any": "", "least": "rs-least", "most": "rs-most"}[column.width]
    told: dict[str, Any] = {
        "title": column.title,
        "kind": kind,
        "number": column.number,
        "texts": [plain.visible(text, column.limit) for text in column.texts],
    }
    if column.spare:
        told["kind"] += " rs-spare" if column.spare is True else f" rs-spare-{column.spare}"
    if column.help:
        told["help"] = column.help
    for name in ("sort", "shares", "tones", "swatches"):
        values = getattr(column, name)
        if values is not None:
            told[name] = list(values)
    return told


def _nothing() -> None:
    """Streamlit sends what was clicked only where somebody says that they listen."""


_table = st.components.v2.component(
    "routescope_rows",
    html='<div class="rs-scroll rs-room"><table class="rs-table rs-rows"><thead></thead><tbody></tbody></table></div>',
    js=(Path(__file__).parents[1] / "static" / "rows.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)
