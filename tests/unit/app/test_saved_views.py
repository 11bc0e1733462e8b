"""Views are kept by name in one file, which is replaced whole and read as if a stranger had written it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from app.saved_views import FILE, LONGEST_QUERY, MOST, SavedView, SavedViewError, delete, query_of, rename, save, views

HOSTILE = "<b>**x**</b>\u202e\x1b[31m\ud800"


def test_a_view_is_found_by_its_name_with_the_parameters_it_stands_for(tmp_path: Path) -> None:
    query = query_of({"status": ["failed", "denied"], "range": ["7d"], "q": ["a&b=c ü"]})
    save(tmp_path / "new", "Failed this week", query)
    [view] = views(tmp_path / "new")
    assert view.name == "Failed this week"
    assert view.params == {"status": ["failed", "denied"], "range": ["7d"], "q": ["a&b=c ü"]}


def test_equal_filters_are_equal_text_whatever_their_order() -> None:
    assert query_of({"b": ["1"], "a": ["2", "3"]}) == query_of({"a": ["2", "3"], "b": ["1"]}) == "a=2&a=3&b=1"


def test_without_a_file_there_are_no_views(tmp_path: Path) -> None:
    assert views(tmp_path) == []


def test_the_same_name_replaces_and_views_come_by_name(tmp_path: Path) -> None:
    for name, query in (("b", "range=7d"), ("A", "range=8w"), (" b  ", "range=30d")):
        save(tmp_path, name, query)
    assert views(tmp_path) == [SavedView("A", "range=8w"), SavedView("b", "range=30d")]


def test_a_view_is_renamed_and_deleted(tmp_path: Path) -> None:
    save(tmp_path, "one", "range=7d")
    save(tmp_path, "two", "range=8w")
    rename(tmp_path, "one", "three")
    delete(tmp_path, "two")
    delete(tmp_path, "never there")
    assert views(tmp_path) == [SavedView("three", "range=7d")]


def test_a_name_that_is_taken_or_gone_is_not_renamed(tmp_path: Path) -> None:
    save(tmp_path, "one", "")
    save(tmp_path, "two", "")
    with pytest.raises(SavedViewError, match="there is a view 'two' already"):
        rename(tmp_path, "one", "two")
    with pytest.raises(SavedViewError, match="not there any more"):
        rename(tmp_path, "gone", "here")
    rename(tmp_path, "one", "one")
    assert [view.name for view in views(tmp_path)] == ["one", "two"]


def test_a_hostile_name_is_kept_as_it_is_seen(tmp_path: Path) -> None:
    kept = save(tmp_path, f"  {HOSTILE}\n", "")
    assert kept.name == "<b>**x**</b>[U+202E]␛[31m[U+D800]"
    assert views(tmp_path) == [kept]


@pytest.mark.parametrize("name", ["", "   \n", "x" * 61])
def test_a_name_has_a_length(tmp_path: Path, name: str) -> None:
    with pytest.raises(SavedViewError, match="1 to 60 characters"):
        save(tmp_path, name, "")
    assert not (tmp_path / FILE).exists()


def test_views_are_bounded_in_number_and_length(tmp_path: Path) -> None:
    listed = [{"name": f"v{n}", "query": ""} for n in range(MOST + 5)]
    (tmp_path / FILE).write_text(json.dumps({"format": 1, "views": listed}))
    assert len(views(tmp_path)) == MOST
    with pytest.raises(SavedViewError, match="delete one first"):
        save(tmp_path, "one more", "")
    save(tmp_path, "v0", "range=7d")
    with pytest.raises(SavedViewError, match="at most 4,000"):
        save(tmp_path, "v0", "x" * (LONGEST_QUERY + 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"format": 2, "views": []}',
        '{"format": 1}',
        '{"format": 1, "views": [{"name": "x"}]}',
        '{"format": 1, "views": ["x"]}',
        "[" * 100_000,
        " " * 3_000_000,
        "\udcff",
    ],
)
def test_a_file_that_is_none_of_ours_is_said_and_never_written_over(tmp_path: Path, text: str) -> None:
    raw = text.encode("utf-8", "surrogateescape")
    (tmp_path / FILE).write_bytes(raw)
    for attempt in (views, lambda home: save(home, "x", ""), lambda home: delete(home, "x")):
        with pytest.raises(SavedViewError, match="move it away to begin anew"):
            attempt(tmp_path)
    assert (tmp_path / FILE).read_bytes() == raw


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SavedViewError, match=r"cannot be (read|written)"):
        save(tmp_path / "file", "x", "")


def test_whoever_saves_at_the_same_time_loses_nothing(tmp_path: Path) -> None:
    threads = [threading.Thread(target=save, args=(tmp_path, f"v{n}", "")) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(views(tmp_path)) == 12
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
