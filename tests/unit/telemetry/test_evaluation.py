"""What is said of a decision later is a row of its own, once an author, and goes when the decision goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.content import ContentMode
from telemetry.erasure import Tenant, Trace, erase, preview
from telemetry.evaluation import LONGEST, Kept, Opinion, keep
from telemetry.query.evaluations import by_model, of_decision
from telemetry.query.filters import Filters
from telemetry.retention import preview as retention_preview
from telemetry.retention import prune
from telemetry.setup import Telemetry
from telemetry.spooled import spool_folder
from telemetry.storage.copying import copy
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.erase import delete_simulated
from telemetry.storage.evaluation import EVALUATION
from tests.traces import START, Attempt, Routed, emit


def store(folder: Path, *routed: Routed, content: ContentMode = "full") -> Telemetry:
    telemetry = Telemetry.open(
        f"sqlite:///{folder / 't.db'}",
        home=folder,
        content=content,
        redact=lambda text: text.replace("Anna", "[name]"),
    )
    tracer = telemetry.tracer_provider.get_tracer("test")
    for one in routed:
        emit(tracer, one)
    assert telemetry.sink.force_flush(60_000)
    return telemetry


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    two = (
        Routed("a", tenant="ours", prompt="hello"),
        Routed("b", tenant="theirs", attempts=(Attempt("large"),), simulated=True),
    )
    with store(tmp_path, *two) as opened:
        yield opened


def rows(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(EVALUATION)) or 0


def test_an_opinion_is_kept_with_its_words(telemetry: Telemetry) -> None:
    assert telemetry.evaluate(Opinion("a", 0.5, "me", " just right ")) == Kept(False, "kept")
    [said] = of_decision(telemetry.engine, "a")
    assert (said.name, said.author, said.score, said.label) == ("feedback", "me", 0.5, "good")
    assert said.explanation == "just right"
    assert of_decision(telemetry.engine, "b") == []


def test_said_again_it_takes_the_place_of_what_the_same_author_said_before(telemetry: Telemetry) -> None:
    telemetry.evaluate(Opinion("a", 1.0, "me", "good at first sight"))
    telemetry.evaluate(Opinion("a", 0.0, "you"))
    assert telemetry.evaluate(Opinion("a", -1.0, "me")) == Kept(True, "none")
    said = {one.author: (one.label, one.explanation) for one in of_decision(telemetry.engine, "a")}
    assert said == {"me": ("bad", None), "you": (None, None)}


def test_nothing_is_kept_of_a_decision_that_is_not_there(telemetry: Telemetry) -> None:
    assert telemetry.evaluate(Opinion("nobody", 1.0, "me")) is None
    assert rows(telemetry.engine) == 0


@pytest.mark.parametrize(
    ("content", "told", "kept"),
    [
        ("off", "left out", None),
        ("hash", "left out", None),
        ("redacted", "kept", "not for [name]"),
        ("full", "kept", "not for Anna"),
    ],
)
def test_what_is_written_is_content_like_prompts_and_answers(
    tmp_path: Path, content: ContentMode, told: str, kept: str | None
) -> None:
    with store(tmp_path, Routed("a"), content=content) as telemetry:
        done = telemetry.evaluate(Opinion("a", -1.0, "me", "not for Anna"))
        assert done is not None and done.explanation == told
        assert [one.explanation for one in of_decision(telemetry.engine, "a")] == [kept]


def test_words_that_no_database_takes_are_mended_and_long_ones_cut(telemetry: Telemetry) -> None:
    telemetry.evaluate(Opinion("a", 1.0, "m\0e", "\ud800" + "x" * 9_000))
    [said] = of_decision(telemetry.engine, "a")
    assert said.author == "m\ufffde"
    assert said.explanation == "\ufffd" + "x" * (LONGEST - 1)


def test_models_are_rated_by_what_was_said_of_their_answers(telemetry: Telemetry) -> None:
    telemetry.evaluate(Opinion("a", 1.0, "me"))
    telemetry.evaluate(Opinion("a", -0.5, "you"))
    telemetry.evaluate(Opinion("b", 0.0, "me"))
    large, small = by_model(telemetry.engine, Filters())
    assert (small.model, small.good.part, small.good.n, small.bad, small.mean_score) == ("small", 1, 2, 1, 0.25)
    assert small.good.low is not None and small.good.low < 0.5
    assert (large.model, large.good.share, large.bad) == ("large", 0.0, 0)
    assert [one.model for one in by_model(telemetry.engine, Filters(tenants=("theirs",)))] == ["large"]
    assert [one.model for one in by_model(telemetry.engine, Filters(simulated=False))] == ["small"]
    assert by_model(telemetry.engine, Filters(start=START + timedelta(days=1))) == []
    assert by_model(telemetry.engine, Filters(), name="judge") == []


@pytest.mark.parametrize("subject", [Tenant("ours"), Trace("a")])
def test_it_is_erased_with_its_decision(telemetry: Telemetry, tmp_path: Path, subject: Tenant | Trace) -> None:
    telemetry.evaluate(Opinion("a", 1.0, "me", "well said"))
    telemetry.evaluate(Opinion("b", 1.0, "me"))
    assert preview(telemetry.engine, subject).removed["evaluation"] == 1
    assert erase(telemetry.engine, spool_folder(tmp_path), subject).removed["evaluation"] == 1
    assert rows(telemetry.engine) == 1


def test_it_goes_with_what_is_simulated(telemetry: Telemetry) -> None:
    telemetry.evaluate(Opinion("a", 1.0, "me"))
    telemetry.evaluate(Opinion("b", 1.0, "me"))
    delete_simulated(telemetry.engine)
    assert of_decision(telemetry.engine, "a") and not of_decision(telemetry.engine, "b")


def test_words_go_when_content_goes_and_the_opinion_when_its_decision_goes(telemetry: Telemetry) -> None:
    telemetry.evaluate(Opinion("a", 1.0, "me", "well said"))
    now = START + timedelta(days=10)
    prune(telemetry.engine, keep_days=None, keep_content_days=20, now=now)
    assert [one.explanation for one in of_decision(telemetry.engine, "a")] == ["well said"]
    prune(telemetry.engine, keep_days=None, keep_content_days=5, now=now)
    assert [(one.label, one.explanation) for one in of_decision(telemetry.engine, "a")] == [("good", None)]
    told = retention_preview(telemetry.engine, keep_days=5, keep_content_days=None, now=now).removed["evaluation"]
    assert told == prune(telemetry.engine, keep_days=5, keep_content_days=None, now=now).removed["evaluation"] == 1
    assert rows(telemetry.engine) == 0


def test_a_copy_brings_what_was_said_again_since_the_last_one(telemetry: Telemetry, tmp_path: Path) -> None:
    there = open_engine(f"sqlite:///{tmp_path / 'copy.db'}")
    source = open_reader(f"sqlite:///{tmp_path / 't.db'}")
    telemetry.evaluate(Opinion("a", 1.0, "me", "at first"))
    copy(source, there)
    telemetry.evaluate(Opinion("a", -1.0, "me", "on second thoughts"))
    copy(source, there)
    assert of_decision(there, "a") == of_decision(source, "a")
    assert [one.explanation for one in of_decision(there, "a")] == ["on second thoughts"]


def test_the_moment_is_when_it_was_said(telemetry: Telemetry) -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    keep(telemetry.engine, telemetry.content, Opinion("a", 1.0, "me"), now=at)
    assert [one.given for one in of_decision(telemetry.engine, "a")] == [at]
