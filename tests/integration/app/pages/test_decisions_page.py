"""The list of decisions as Streamlit runs it: saved views, and the export of what is shown."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.dashboard import cache
from app.dashboard.view import View, period
from app.panels.decisions import export
from app.saved_views import FILE, save, views
from telemetry.query.filters import Filters
from tests.integration.app.test_pages import HOSTILE, NOW, home, keep, open_page, routed, text_of
from tests.rows import names_of
from tests.traces import Attempt

__all__ = ["home"]


def button(app: AppTest, key: str) -> Any:
    return next(each for each in app.button if each.key == key)


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button if str(each.key).startswith("view-open-")]


def test_filters_are_saved_under_a_name_and_opened_again(home: Path) -> None:
    keep(home, routed(1, intent="code"), routed(2))
    app = open_page("decisions", intent="code", q="prompt")
    assert len(names_of(app)[0]) == 1
    next(one for one in app.text_input if one.key == "view-name").set_value("Code (mine)")
    button(app, "view-save-button").click().run()
    assert not app.exception
    assert [(view.name, view.params["intent"], view.params["q"]) for view in views(home)] == [
        ("Code (mine)", ["code"], ["prompt"])
    ]
    again = open_page("decisions")
    button(again, "view-open-0").click().run()
    assert labels(again) == ["Code \\(mine\\)"]
    assert (again.query_params["intent"], again.query_params["q"]) == ("code", "prompt")


def test_a_view_is_renamed_and_deleted_in_its_place(home: Path) -> None:
    keep(home, routed(1))
    save(home, "one", "range=7d")
    app = open_page("decisions")
    button(app, "view-change-0").click().run()
    name = next(one for one in app.text_input if one.key == "view-new-name")
    assert name.value == "one"
    name.set_value("two")
    button(app, "view-rename").click().run()
    assert [view.name for view in views(home)] == ["two"]
    button(app, "view-change-0").click().run()
    button(app, "view-delete").click().run()
    assert views(home) == [] and not app.exception
    assert "No view is saved yet" in text_of(app)


def test_what_a_strangers_file_holds_is_shown_as_text_and_only_known_parameters_are_followed(home: Path) -> None:
    keep(home, routed(1))
    listed = [{"name": HOSTILE, "query": "range=7d&decision=x&evil=1"}, {"name": "b", "query": "\udcff=%ff&&&="}]
    (home / FILE).write_text(json.dumps({"format": 1, "views": listed}))
    app = open_page("decisions")
    [name] = [label for label in labels(app) if "alert" in label]
    assert "\u202e" not in name and "\\<script\\>" in name
    button(app, f"view-open-{labels(app).index(name)}").click().run()
    assert not app.exception
    assert dict(app.query_params) == {"range": "7d"}


def test_a_file_that_cannot_be_read_is_said_and_the_page_goes_on(home: Path) -> None:
    keep(home, routed(1))
    (home / FILE).write_text("no json")
    app = open_page("decisions")
    assert "holds no saved views that can be read" in text_of(app)
    assert len(names_of(app)[0]) == 1


def test_a_name_that_is_empty_is_refused_in_words(home: Path) -> None:
    keep(home, routed(1))
    app = open_page("decisions")
    button(app, "view-save-button").click().run()
    assert "A view&#x27;s name has 1 to 60 characters" in text_of(app)
    assert views(home) == []


def test_the_download_holds_what_filters_and_search_leave_with_formulas_as_text(home: Path) -> None:
    keep(home, *(routed(n, tenant=f"=cmd{n}") for n in range(1, 6)), routed(9, status="failed", attempts=()))
    chosen = period("7d", NOW + timedelta(minutes=1))
    view = View(chosen, Filters(start=chosen.start, end=chosen.end, statuses=("ok",)))

    def ids(search: str) -> list[str]:
        made = export.made(view, None, search, "requests", "csv")
        return [row["decision_id"][-1] for row in csv.DictReader(io.StringIO(made.decode(), newline=""))]

    assert ids("") == ["5", "4", "3", "2", "1"]
    assert ids("prompt 3") == ["3"]
    assert ids("nowhere") == []
    assert b"'=cmd1" in export.made(view, None, "", "requests", "csv")
    lines = export.made(view, None, "prompt 2", "branches", "jsonl").splitlines()
    assert [json.loads(line)["model"] for line in lines] == ["small"]


def test_a_path_narrows_the_download_as_it_narrows_the_list(home: Path) -> None:
    keep(home, routed(1), routed(2, attempts=(Attempt(outcome="rejected"), Attempt("large"))))
    chosen = period("7d", NOW + timedelta(minutes=1))
    view = View(chosen, Filters(start=chosen.start, end=chosen.end))
    cache.forget()
    assert export.found(view, "escalated", "") == [f"{2:032x}"]


def test_more_than_a_download_holds_is_a_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home, routed(1), routed(2))
    assert "Download decisions" in [one.label for one in open_page("decisions").get("download_button")]
    monkeypatch.setattr(export, "MOST", 1)
    app = open_page("decisions")
    assert "Download decisions" not in [one.label for one in app.get("download_button")]
    assert "2 decisions are too many for one download" in text_of(app)
    assert any("routescope db export" in code.value for code in app.code)
