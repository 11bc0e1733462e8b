"""A tool is tried within its time, as a branch of its own, and only where what it asks for may go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from router_core import semconv
from router_core.providers.scripted import Replies
from router_core.request import Context, RouteRequest
from router_core.result import Decision
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
