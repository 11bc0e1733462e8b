"""What the tables of `app.dashboard.rows` show, read from what is sent to the browser."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def tables_of(app: AppTest) -> list[dict[str, list[str]]]:
    """The texts of each table on the page, by the titles of its columns."""
    return [{column["title"]: column["texts"] for column in one["columns"]} for one in sent(app)]


def names_of(app: AppTest) -> list[list[str]]:
    """The names of the rows of each table on the page: of a list of decisions, their ids."""
    return [one["names"] for one in sent(app)]


def sent(app: AppTest) -> list[dict[str, Any]]:
    """All that each table on the page is made from."""
    return [json.loads(one.proto.json) for one in app.get("bidi_component")]
