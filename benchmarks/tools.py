"""Tools and own intents: what each adds to a request that it does not answer, and to one that it does.

    python benchmarks/tools.py
    python benchmarks/tools.py --json

Times are medians in milliseconds of one thread with everything loaded; ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from app.settings import shipped
from router_core.policy.loading import load_policy
from router_core.policy.schema import RulesTool
from router_core.request import RouteRequest
from router_core.signals.intent import classify_intent
from router_core.signals.own_evaluation import KEYWORDS, example_intents
from router_core.signals.read import read_signals, warm_up
from router_core.tools.base import Resolver
from router_core.tools.build import build_tools
from router_core.tools.rules import Rules

RULES = 100
WORDS = 200
TEXT = (
    "Please summarise the following minutes for the members who could not come. The committee met on Tuesday to review "
    "the budget for the coming year; spending on maintenance rose by 12 percent, mostly because two pumps had to be "
    "replaced in March. Reserves remain above 40,000 euros. Members agreed to ask three suppliers for offers by April. "
)


def many_rules() -> Rules:
    answers = [
        {"name": f"k{n}", "keywords": [f"opening hours{n}", f"when open{n}*"], "answer": "x"}
        if n % 2
        else {"name": f"p{n}", "pattern": rf"order{n} (?P<n>\d+)", "answer": "{n}"}
        for n in range(RULES)
    ]
    return Rules("rules", RulesTool.model_validate({"kind": "rules", "answers": answers}))


async def median_ms(work: Callable[[], Awaitable[object]], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        await work()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e6


def row(name: str, value: float, limit: float, runs: int) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 4),
        "unit": "ms",
        "limit": limit,
        "peer": None,
        "ratio_to_peer": None,
        "ratio_to_limit": round(value / limit, 3),
        "n": runs,
    }


async def measure(runs: int) -> list[dict[str, Any]]:
    warm_up()
    loaded = load_policy(shipped("policies") / "support.toml")
    tools = build_tools(loaded.policy.tools, loaded.folder)
    words = " ".join((TEXT * 5).split()[:WORDS])
    asked: list[tuple[str, Resolver, str, float]] = [
        (f"tools.rules.{RULES}_without_answer.{WORDS}_words", many_rules(), words, 1.0),
        ("tools.rules.answer", tools["house-rules"], "What are your opening hours?", 0.5),
        ("tools.sql.sqlite.answer", tools["orders"], "Where is my order 1002?", 2.0),
        ("tools.search.answer", tools["pages"], "How long does a refund take?", 0.5),
        ("tools.search.answer_in_german", tools["pages"], "Was kosten Versand und Lieferungen?", 0.5),
    ]
    rows = []
    for name, tool, prompt, limit in asked:
        request = RouteRequest.from_prompt(prompt)
        signals = read_signals(request)
        rows.append(row(name, await median_ms(lambda t=tool, r=request, s=signals: t.resolve(r, s), runs), limit, runs))
    rows.append(row(f"intents.own.extra.{WORDS}_words", await own_intents_extra_ms(words, runs), 0.1, runs))
    return rows


async def own_intents_extra_ms(prompt: str, runs: int) -> float:
    """What three own intents add to the intent signal: both are measured in turn, so that load meets both."""
    own = example_intents(KEYWORDS)
    extra = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        classify_intent(prompt)
        between = time.perf_counter_ns()
        classify_intent(prompt, own)
        extra.append((time.perf_counter_ns() - between) - (between - start))
    return statistics.median(extra) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="only the JSON list")
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    rows = asyncio.run(measure(options.runs))
    if not options.json:
        print(f"{'tool':46} {'median ms':>10} {'limit ms':>9} {'of limit':>9}")
        for entry in rows:
            print(f"{entry['name']:46} {entry['value']:10.3f} {entry['limit']:9.1f} {entry['ratio_to_limit']:9.2f}")
    json.dump(rows, sys.stdout)
    print()


if __name__ == "__main__":
    main()
