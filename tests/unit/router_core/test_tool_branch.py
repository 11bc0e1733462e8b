"""A tool is tried within its time, as a branch of its own, and only where what it asks for may go."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from router_core import semconv
from router_core.policy.schema.values import Location
from router_core.providers.scripted import Replies, ScriptedProvider
from router_core.request import Context, RouteRequest
from router_core.result import Decision, Signals
from router_core.router import Router
from router_core.tools.base import ToolAnswer
from tests.routing import Bench, policy

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE stock (product TEXT, pieces INTEGER)")
        connection.execute("INSERT INTO stock VALUES ('pans', 7)")
        connection.commit()
    return path


def shop(file: Path, sql: str = "SELECT pieces FROM stock", **fields: object) -> Bench:
    extra = "\n".join(f"{name} = {value!r}" for name, value in fields.items())
    queries = f'queries = [{{ name = "q", keywords = ["stock"], sql = "{sql}" }}]'
    tool = f'[tools.shop]\nkind = "sql"\ndatabase = "{file}"\n{extra}\n{queries}\n'
    loaded = policy(tools=["shop"], rules=tool)
    return Bench(loaded, tiny=Replies("A model's answer."), twin=Replies(), huge=Replies())


async def decide(bench: Bench, prompt: str, **context: object) -> Decision:
    request = RouteRequest.from_prompt(prompt, context=Context(**context))  # type: ignore[arg-type]
    return (await bench.router.aroute(request)).decision


async def test_a_tool_s_answer_is_a_branch_with_its_confidence_and_its_threshold(file: Path) -> None:
    bench = shop(file, threshold=0.6)
    decision = await decide(bench, "What is in stock?")
    (branch,) = decision.branches
    assert (branch.kind, branch.model, branch.outcome, branch.cost_usd) == ("tool", "shop", "accepted", 0)
    assert [(s.validator, s.score, s.threshold, s.passed) for s in branch.scores] == [("confidence", 1.0, 0.6, True)]
    (span,) = bench.branches
    assert span.name == "tool shop"


async def test_a_tool_that_is_late_is_a_failed_branch_with_a_sentence_and_a_model_answers(file: Path) -> None:
    bench = shop(file, SLOW, timeout_s=0.2)
    decision = await decide(bench, "stock")
    tool, model = decision.branches
    assert (tool.kind, tool.outcome, tool.error_type) == ("tool", "failed", "tool_error")
    assert "0.2 s" in str(tool.error_message)
    assert (model.kind, decision.chosen) == ("model", "tiny")


@pytest.mark.parametrize(
    ("location", "data_class", "chosen"),
    [("cloud", "internal", "shop"), ("cloud", "sensitive", "tiny"), ("local", "sensitive", "shop")],
)
async def test_sensitive_data_asks_no_tool_that_leaves_this_machine(
    file: Path, location: str, data_class: str, chosen: str
) -> None:
    bench = shop(file, location=location)
    decision = await decide(bench, "What is in stock?", data_class=data_class)
    assert decision.chosen == chosen
    tools = [span for span in bench.spans if semconv.SPAN_TOOL in span.name]
    assert len(tools) == (chosen == "shop")


# --- tools of other packages --------------------------------------------------------------------------------------
@dataclass
class Foreign:
    """A tool that gives, or raises, whatever it was made with."""

    gives: Any
    name: str = "calculator"
    threshold: float = 0.5
    timeout_s: float = 5.0
    location: Location = "local"

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`."""
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives  # type: ignore[no-any-return]


async def ask_foreign(gives: object) -> Decision:
    bench = Bench(policy(tools=["calculator"], validators=[]), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    providers = {name: ScriptedProvider(script, bench.clock) for name, script in bench.scripts.items()}
    router = Router(
        bench.loaded, providers=providers, tools={"calculator": Foreign(gives)}, validators={}, clock=bench.clock
    )
    return (await router.aroute(RouteRequest.from_prompt("How are you?"))).decision


async def test_what_a_tool_raises_is_told_without_its_words_which_may_hold_a_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        decision = await ask_foreign(ConnectionError("401 for https://weather.test/?token=hunter2hunter2"))
    tool, _ = decision.branches
    assert (tool.outcome, tool.error_type, decision.chosen) == ("failed", "tool_error", "tiny")
    assert tool.error_message == "tool calculator is at fault (ConnectionError); the log says where"
    assert "hunter2" not in repr(decision) + caplog.text
    assert "in resolve" in caplog.text


async def test_a_timeout_of_the_tool_s_own_is_not_taken_for_its_limit() -> None:
    decision = await ask_foreign(TimeoutError())
    assert decision.branches[0].error_message == "tool calculator is at fault (TimeoutError); the log says where"


@pytest.mark.parametrize(
    "gives",
    [
        "42",
        ToolAnswer(42, 1.0, "counted"),  # type: ignore[arg-type]
        ToolAnswer("42", float("nan"), "counted"),
        ToolAnswer("42", 7, "counted"),
        ToolAnswer("42", 1.0, None),  # type: ignore[arg-type]
        ToolAnswer("42", 1.0, "counted", citations=(3,)),  # type: ignore[arg-type]
    ],
)
async def test_what_is_no_answer_is_a_failed_branch_and_a_model_answers(gives: object) -> None:
    decision = await ask_foreign(gives)
    tool, model = decision.branches
    assert (tool.outcome, model.model, decision.status) == ("failed", "tiny", "ok")
    assert tool.error_message == "tool calculator gave no text with a confidence from 0 to 1 and a reason"


async def test_a_lone_surrogate_of_a_tool_goes_no_further() -> None:
    bench = Bench(policy(tools=["calculator"], validators=[]), tiny=Replies(), twin=Replies(), huge=Replies())
    tool = Foreign(ToolAnswer("4\ud800", 1.0, "counted"))
    providers = {name: ScriptedProvider(script, bench.clock) for name, script in bench.scripts.items()}
    router = Router(bench.loaded, providers=providers, tools={"calculator": tool}, validators={}, clock=bench.clock)
    assert (await router.aroute(RouteRequest.from_prompt("2 + 2"))).text == "4?"
