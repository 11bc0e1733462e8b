"""A table leaves out what it may, and nothing else, where it has little room."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

import pytest

from app.dashboard import rows
from app.dashboard.rows import Column

STYLE: Final = (Path(__file__).parents[4] / "app" / "static" / "style.css").read_text(encoding="utf-8")


def left_out_below(spare: bool | Literal["soon", "first"]) -> int | None:
    """The room in pixels up to which the style does not show such a column."""
    names = rows._written(Column("Tenant", ["a"], spare=spare))["kind"].split()
    found = [re.search(rf"max-width: (\d+)px\) {{ \.{name} {{ display: none", STYLE) for name in names]
    return next((int(one[1]) for one in found if one), None)


@pytest.mark.parametrize(("spare", "room"), [(True, 800), ("soon", 1050), ("first", 1160), (False, None)])
def test_a_column_is_left_out_below_the_room_that_it_names(
    spare: bool | Literal["soon", "first"], room: int | None
) -> None:
    assert left_out_below(spare) == room
