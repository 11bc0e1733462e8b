"""Pages, their addresses, and the links between them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from app.dashboard import navigation
from app.dashboard.navigation import DECISIONS, ONE_DECISION, OVERVIEW, PLACES
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE

APP = Path(navigation.__file__).parents[1]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    return AppTest.from_file(str(APP / "main.py"), default_timeout=120)


def sidebar(app: AppTest) -> dict[str, dict[str, list[str]]]:
    """Label to query parameters of the sidebar's links."""
    links = [element.proto for element in app.sidebar.get("page_link")]
    return {link.label: parse_qs(link.query_string) for link in links}


def test_every_page_has_a_file_and_an_address_of_its_own() -> None:
    assert all((APP / place.file).is_file() for place in PLACES)
    addresses = [navigation.ROOT, *(place.url_path for place in PLACES)]
    assert len(set(addresses)) == len(addresses)


def test_only_the_list_of_decisions_counts_the_playground_unasked() -> None:
    assert [place for place in PLACES if place.playground] == [DECISIONS]


def test_the_sidebar_lists_the_pages_but_not_the_one_of_a_single_decision(app: AppTest) -> None:
    listed = [place for place in PLACES if place is not ONE_DECISION]
    assert list(sidebar(app.run())) == [place.title for place in listed]


def test_its_links_carry_the_filters_and_nothing_else(app: AppTest) -> None:
    app.query_params["range"] = "8w"
    app.query_params["model"] = ["a&b", "c"]
    app.query_params["cursor"] = "c1"
    assert set(map(str, sidebar(app.run()).values())) == {str({"range": ["8w"], "model": ["a&b", "c"]})}


def test_a_decisions_address_holds_its_id_whatever_it_is_made_of() -> None:
    assert navigation.decision_url("abc") == "/decision?decision=abc"
    assert navigation.decision_url("a b&c=d#e") == "/decision?decision=a+b%26c%3Dd%23e"


def test_a_decision_in_the_address_of_any_page_opens_that_decision_with_the_filters(app: AppTest) -> None:
    app.query_params["range"] = "8w"
    app.query_params["decision"] = "feedbeef"
    app.run()
    assert any("No decision has this id" in element.proto.body for element in app.get("html"))
    assert sidebar(app)[DECISIONS.title] == {"range": ["8w"]}
    back = next(link.proto for link in app.main.get("page_link") if link.proto.label == "All decisions")
    assert parse_qs(back.query_string) == {"range": ["8w"]}


def test_the_first_page_is_the_place_of_both_of_its_addresses() -> None:
    class Shown:
        def __init__(self, url_path: str) -> None:
            self.url_path = url_path

    places = [navigation.place_of(Shown(path)) for path in ("", "overview", "decision")]  # type: ignore[arg-type]
    assert places == [OVERVIEW, OVERVIEW, ONE_DECISION]
