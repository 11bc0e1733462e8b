"""``routescope report``: a week on one page that needs nothing else and obeys nobody."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app.report.command import report
from app.report.sections import Document, Section, Table, document
from app.report.week import gather
from app.report.writing import html, markdown
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE
from telemetry.alerts.round import Channel, evaluate
from telemetry.content import ContentPolicy
from telemetry.drift.weeks import label_of, monday_of, start_of
from telemetry.evaluation import Opinion, keep
from tests.alerting import failures, some, store
from tests.unit.router_core.policy.test_loading import SOUND

HOSTILE = "<script>alert(1)</script> **bold** [x](http://evil.example) | <img src=x onerror=alert(2)> \u202e\x1b[31m"
MONDAY = monday_of(datetime(2026, 11, 18, tzinfo=UTC))
START = start_of(MONDAY)
OVER = START + timedelta(days=8)
ALLOWED = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "p",
    "ul",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "div",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    """Two weeks of forty requests a day, of which the second has failures of a tenant with a hostile name."""
    days = [
        one
        for day in range(-7, 7)
        for one in some(
            40, failed=8 * (day >= 0), at=START + timedelta(days=day, hours=9), name=f"d{day}", tenant=HOSTILE
        )
    ]
    engine = store(tmp_path_factory.mktemp("report"), days)
    rule = failures(name=f"own {HOSTILE}", per="tenant", channels=("team",), description="x")
    noon = START + timedelta(days=2, hours=9, minutes=30)
    for minutes in range(0, 3):
        evaluate(engine, [rule], now=noon + timedelta(minutes=minutes), channels=[Channel("team")])
    return engine


@pytest.fixture(scope="module")
def made(engine: sa.Engine) -> Document:
    return document(gather(engine, MONDAY, made=OVER))


def part(made: Document, title: str) -> Section:
    return next(one for one in made.sections if one.title == title)


class Tags(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_week_is_held_against_the_one_before(made: Document):
    assert made.title == "RouteScope, week 2026-W47"
    assert made.subtitle.startswith("16 Nov 2026 to 22 Nov 2026, UTC") and "not over" not in made.subtitle
    (short,) = part(made, "In short").sentences
    assert "failures rose from 0.0 % to 20.0 %" in short.lower() and "n = 280 against 280" in short
    table = part(made, "What it cost").tables[0]
    failed = next(row for row in table.rows if row[0] == "Failed")
    assert failed[1:] == ("20.0 %", "15.7 % to 25.1 %", "0.0 %", "+20.0 pp")
    assert len(part(made, "What it cost").tables[1].rows) == 7


def test_savings_come_with_interval_and_n_and_say_what_they_rest_on(made: Document):
    told = " ".join(part(made, "What it saved").sentences)
    assert (
        "This week routing saved $0.00106" in told and "95 % interval" in told and "n = 280 requests on 7 days" in told
    )
    assert "it is an estimate" in told


def test_what_fired_and_still_fires_needs_a_person(made: Document):
    (point, *_) = part(made, "What needs a person").points
    assert point.startswith("Still firing: own <script>") and "n = 40" in point
    (row,) = part(made, "Alerts of the week").tables[0].rows
    assert row[3] == "not over in the week"


def test_what_people_said_of_answers_stands_by_model_with_its_n(tmp_path: Path):
    engine = store(tmp_path, some(40, at=START + timedelta(days=1)))
    assert "How good the answers were" not in {
        one.title for one in document(gather(engine, MONDAY, made=OVER)).sections
    }
    for number in range(10):
        keep(engine, ContentPolicy("off"), Opinion(f"d{number:05}", 1.0 if number < 9 else -1.0, "me"))
    (table,) = part(document(gather(engine, MONDAY, made=OVER)), "How good the answers were").tables
    assert table.rows == [("feedback (human)", "small", "90.0 %", "59.6 % to 98.2 %", "10", "none")]


def test_a_week_that_is_not_over_is_compared_up_to_the_same_hour(engine: sa.Engine):
    made = document(gather(engine, MONDAY, made=START + timedelta(days=2, hours=12)))
    assert "The week is not over" in made.subtitle
    assert "up to the same hour" in part(made, "In short").sentences[0]
    assert "n = 120 against 120" in part(made, "In short").sentences[0]


def test_the_page_needs_no_script_no_network_and_no_other_file(made: Document):
    page = html(made)
    found = Tags(page)
    assert set(found.tags) <= ALLOWED
    assert not {name for name in found.attributes if name.startswith("on")} and not {"src", "href"} & found.attributes
    assert "url(" not in page and "@import" not in page and "default-src 'none'" in page
    assert "<script>alert(1)</script> **bold**" in found.text and "\x1b" not in page and "\u202e" not in page
    assert len(page) < 100_000


def test_hostile_names_are_text_in_markdown_too(made: Document):
    text = markdown(made)
    assert not re.search(r"(?<!\\)<", text) and not re.search(r"(?<!\\)\*\*bold", text)
    assert "](http" not in text.replace("\\]", "") and "\x1b" not in text and "\u202e" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (6, 8) for line in rows), "no cell ends a column"


def test_what_would_begin_a_list_or_a_heading_does_not():
    text = markdown(Document("t", "s", "", [Section("x", ["- no list", "1. no list", "# no heading", "> no quote"])]))
    assert [line for line in text.splitlines() if "no " in line] == [
        "\\- no list",
        "1\\. no list",
        "\\# no heading",
        "\\> no quote",
    ]


def test_a_bar_is_as_long_as_its_share():
    page = html(Document("t", "s", "", [Section("x", tables=[Table(("a",), [("1",), ("2",)], bars=(0.5, 1.0))])]))
    assert re.findall(r"width:(\d+)%\"></div>", page) == ["50", "100"]


def called(*arguments: str) -> Result:
    return CliRunner().invoke(report, arguments)


@pytest.fixture
def home(tmp_path: Path, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy.toml").write_text(SOUND, encoding="utf-8")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(POLICY_VARIABLE, str(tmp_path / "policy.toml"))
    monkeypatch.setenv(DATABASE_VARIABLE, str(engine.url))
    return tmp_path


def test_both_forms_are_written_by_one_call(home: Path):
    page, text = home / "r.html", home / "r.md"
    done = called("--week", "2026-W47", "--out", str(page), "--out", str(text))
    assert done.exit_code == 0, done.output
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert text.read_text(encoding="utf-8").startswith("# RouteScope, week 2026-W47")


def test_without_a_file_it_goes_to_stdout(home: Path):
    assert called("--week", "2026-W47").stdout.startswith("# RouteScope")
    assert called("--week", "2026-W47", "--format", "html").stdout.startswith("<!DOCTYPE html>")
    assert json.loads(called("--week", "2026-W47", "--json").stdout)["title"] == "RouteScope, week 2026-W47"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--week", "47"), "'47' names no week; write it as 2026-W47"),
        (("--week", "2026-W60"), "the year 2026 has no week 60"),
        (("--week", "2020-W01"), "2020-W01 has no request to report on"),
        (("--week", "2099-W01"), "2099-W01 has not begun"),
        (("--week", "2026-W47", "--traffic", "simulated"), "2026-W47 has no request to report on"),
        (("--week", "2026-W47", "--out", "r.pdf"), "r.pdf ends in neither .html nor .md; say --format"),
        (("--week", "2026-W47", "--out", "/nowhere/at/all/r.md"), "cannot be written (no such file or directory)"),
    ],
)
def test_bad_input_is_one_sentence(home: Path, arguments: tuple[str, ...], said: str):
    done = called(*arguments)
    assert done.exit_code != 0
    assert said in (done.stderr + str(done.exception or "")) and "Traceback" not in done.stderr


def test_simulated_traffic_is_reported_on_where_there_is_no_other_and_labelled(tmp_path: Path):
    engine = store(tmp_path, some(40, at=START + timedelta(days=1), simulated=True))
    made = document(gather(engine, MONDAY, made=OVER))
    assert made.warning == "All of it is simulated traffic of the demo."
    assert "Too few requests to compare weeks" in part(made, "In short").sentences[0]
    assert "With 1 day there is no interval" in part(made, "What it saved").sentences[0]
    assert label_of(MONDAY) in made.title
