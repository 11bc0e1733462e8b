"""Overview, Decisions and Decision, run as Streamlit runs them, over a real store."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from app.demo_progress import DIED, DemoProgress, tell
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, Settings
from router_core import semconv
from telemetry.setup import Telemetry
from tests.rows import names_of
from tests.traces import Attempt, Routed, emit

MAIN = Path(__file__).parents[3] / "app" / "main.py"
NOW = datetime.now(UTC)
HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:alert(1)) \u202e\x1b[31m"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


def keep(home: Path, *decisions: Routed) -> None:
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for decision in decisions:
            emit(tracer, decision)


def routed(number: int, **more: object) -> Routed:
    return Routed(f"{number:032x}", at=NOW - timedelta(minutes=5 + number), prompt=f"prompt {number}", **more)  # type: ignore[arg-type]


def open_page(page: str = "", **params: str) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    for name, value in params.items():
        app.query_params[name] = value
    if page:
        # By its address, as a deep link: a page's file has the name of its address.
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception
    return app


def text_of(app: AppTest) -> str:
    """All that our own HTML says on the page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def test_an_empty_store_offers_the_playground_and_demo_traffic(home: Path) -> None:
    app = open_page()
    assert "Route a prompt of your own" in text_of(app)
    assert "Write demo traffic" in [button.label for button in app.button]


def demo_button(app: AppTest) -> Button:
    return next(button for button in app.button if button.label == "Write demo traffic")


def test_while_a_demo_is_written_its_button_waits_and_its_progress_shows(home: Path) -> None:
    tell(Settings.read(), DemoProgress(500, 2000, "writing"))
    app = open_page()
    assert demo_button(app).disabled
    assert "500 of 2,000 requests written" in str(app.get("progress")[0].proto)


def test_a_demo_that_died_is_said_and_can_be_started_again(home: Path) -> None:
    tell(Settings.read(), DemoProgress(500, 2000, "failed", DIED))
    app = open_page()
    assert not demo_button(app).disabled
    assert "The demo ended without saying why" in text_of(app)


def test_what_a_running_demo_has_written_is_shown_with_a_word_that_more_comes(home: Path) -> None:
    keep(home, routed(1, simulated=True))
    tell(Settings.read(), DemoProgress(1, 2000, "writing"))
    app = open_page()
    assert "Requests: 1" in text_of(app)
    assert "1 of 2,000 requests written" in text_of(app)


def test_the_overview_counts_what_users_asked(home: Path) -> None:
    keep(home, routed(1), routed(2), routed(3, purpose="playground"))
    said = text_of(open_page())
    assert "Requests: 2" in said
    assert "Spend: $0.0000024" in said
    assert "Saved: $0.0000076" in said
    assert "Good answers: not evaluated yet" in said
    assert "n\u00a0=\u00a02" in said
    # What judges said is lost: its number says so, and the rest of the page stays.
    with closing(sqlite3.connect(home / "routescope.db")) as store:
        store.execute("ALTER TABLE evaluation RENAME TO elsewhere")
    st.cache_data.clear()
    said = text_of(open_page())
    assert said.count("This part could not be shown") == 1
    assert "Requests: 2" in said
    assert "Latest decisions" in said


def test_the_playground_is_counted_when_asked(home: Path) -> None:
    keep(home, routed(1), routed(2, purpose="playground"))
    assert "Requests: 2" in text_of(open_page(playground="true"))


def test_a_store_of_playground_traffic_alone_says_so_and_offers_to_include_it(home: Path) -> None:
    keep(home, routed(1, purpose="playground"))
    app = open_page()
    assert "none of them made by users" in text_of(app)
    next(button for button in app.button if button.label == "Include playground").click().run()
    assert "Requests: 1" in text_of(app)


def test_an_unknown_cost_is_said_and_not_counted_as_zero(home: Path) -> None:
    keep(home, routed(1, attempts=(Attempt(cost_nano=None),)))
    said = text_of(open_page())
    assert "Spend: unknown" in said
    assert "Saved: unknown" in said
    assert "1 request of unknown cost" in said


def test_a_banner_tells_simulated_rows(home: Path) -> None:
    keep(home, routed(1, simulated=True), routed(2))
    assert "1 of the 2 requests shown" in text_of(open_page())
    assert "Simulated:" not in text_of(open_page(simulated="real"))
    assert "All of what is shown" in text_of(open_page(simulated="simulated"))


def test_filters_come_from_the_address(home: Path) -> None:
    keep(home, routed(1, intent="code"), routed(2, intent="chat"), routed(3, intent="chat"))
    app = open_page(intent="code", range="7d")
    assert "Requests: 1" in text_of(app)
    assert "Requests: 3" in text_of(open_page(range="7d"))


def test_a_filter_that_matches_nothing_says_what_to_do(home: Path) -> None:
    keep(home, routed(1))
    app = open_page(q="words that nobody wrote").switch_page("pages/decisions.py").run()
    assert "No decision has this text" in text_of(app)


def test_decisions_lists_every_request_and_its_totals(home: Path) -> None:
    keep(home, *(routed(n) for n in range(1, 4)))
    app = open_page("decisions")
    assert "3 decisions in the period" in text_of(app)
    assert len(names_of(app)[0]) == 3


def test_decisions_can_be_those_that_escalated(home: Path) -> None:
    attempts = (Attempt(outcome="rejected"), Attempt(model="large"))
    keep(home, routed(1), routed(2, attempts=attempts))
    app = AppTest.from_file(str(MAIN), default_timeout=120).run().switch_page("pages/decisions.py")
    app.query_params["path"] = "escalated"
    app.run()
    assert "1 escalated decision in the period" in text_of(app)
    assert names_of(app)[0] == [f"{2:032x}"]


def test_older_and_newer_lead_through_all_decisions_and_back(home: Path) -> None:
    keep(home, *(routed(n) for n in range(1, 61)))
    app = open_page("decisions")
    newest = names_of(app)[0]
    next(button for button in app.button if button.label == "Older").click().run()
    older = names_of(app)[0]
    assert len(newest) == 50
    assert len(older) == 10
    assert not set(newest) & set(older)
    next(button for button in app.button if button.label == "Newer").click().run()
    assert names_of(app)[0] == newest


def test_a_cursor_of_somebody_elses_making_is_one_sentence(home: Path) -> None:
    keep(home, routed(1))
    app = AppTest.from_file(str(MAIN), default_timeout=120).run()
    app.switch_page("pages/decisions.py")
    app.query_params["cursor"] = "nonsense"
    app.run()
    assert not app.exception
    assert "is no cursor of a page of decisions" in text_of(app)


def test_a_decision_opens_from_any_address(home: Path) -> None:
    keep(home, routed(7))
    said = text_of(open_page(decision=f"{7:032x}"))
    assert "Answered by small" in said
    assert "A user asked the route chat" in said
    assert "prompt 7" in said


def test_a_decision_that_is_not_there_says_so(home: Path) -> None:
    keep(home, routed(1))
    assert "No decision has this id" in text_of(open_page(decision="feedbeef"))


def test_a_decision_that_arrives_later_is_found_by_looking_again(home: Path) -> None:
    keep(home, routed(1))
    app = open_page(decision=f"{2:032x}")
    keep(home, routed(2))
    next(button for button in app.button if button.label == "Look again").click().run()
    assert "Answered by small" in text_of(app)


def test_hostile_names_prompts_and_answers_are_shown_as_text(home: Path) -> None:
    attempts = (Attempt(model=HOSTILE, answer=HOSTILE), Attempt(model="b", outcome="failed", answer=HOSTILE))
    extra = {semconv.ERROR_MESSAGE: HOSTILE, semconv.SIGNALS: json.dumps({"intent": HOSTILE})}
    keep(
        home,
        Routed("f" * 32, at=NOW - timedelta(minutes=5), attempts=attempts, intent=HOSTILE, prompt=HOSTILE, extra=extra),
    )
    for app in (open_page(), open_page("decisions"), open_page(decision="f" * 32)):
        said = text_of(app)
        assert "<script" not in said
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert not [element.value for element in app.markdown if "alert(1)" in element.value]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in said


def test_a_damaged_database_is_one_sentence_with_a_way_to_try_again(home: Path) -> None:
    (home / "routescope.db").write_bytes(b"this is no database at all, just some bytes" * 50)
    app = open_page()
    assert "this is no SQLite database, or a damaged one" in text_of(app)
    assert "Traceback" not in text_of(app)
    assert [button.label for button in app.button] == ["Try again"]


def test_no_page_of_the_dashboard_imports_what_is_slow_to_import() -> None:
    code = (
        "import sys\n"
        "from app.pages import decision, decisions, overview\n"
        "print([name for name in ('litellm', 'evidently', 'plotly.express') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
