"""Tools and own intents: what each adds to a request that it does not answer, and to one that it does.

    python benchmarks/tools.py
    python benchmarks/tools.py --json

Times are medians in milliseconds of one thread with everything loaded; ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

import asyncio
import statistics
import time

from app.settings import shipped
from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.prose import minutes
from benchmarks.measuring.turns import timed
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


def many_rules() -> Rules:
    answers = [
        {"name": f"k{n}", "keywords": [f"opening hours{n}", f"when open{n}*"], "answer": "x"}
        if n % 2
        else {"name": f"p{n}", "pattern": rf"order{n} (?P<n>\d+)", "answer": "{n}"}
        for n in range(RULES)
    ]
    return Rules("rules", RulesTool.model_validate({"kind": "rules", "answers": answers}))


async def median_ms(tool: Resolver, prompt: str, runs: int) -> float:
    request = RouteRequest.from_prompt(prompt)
    signals = read_signals(request)
    taken = [await timed(tool.resolve(request, signals)) for _ in range(runs)]
    return statistics.median(took.wall for _, took in taken)


async def measure(runs: int) -> list[Figure]:
    warm_up()
    loaded = load_policy(shipped("policies") / "support.toml")
    tools = build_tools(loaded.policy.tools, loaded.folder)
    words = minutes(WORDS)
    asked: list[tuple[str, Resolver, str, float]] = [
        (f"tools.rules.{RULES}_without_answer.{WORDS}_words", many_rules(), words, 1.0),
        ("tools.rules.answer", tools["house-rules"], "What are your opening hours?", 0.5),
        ("tools.sql.sqlite.answer", tools["orders"], "Where is my order 1002?", 2.0),
        ("tools.search.answer", tools["pages"], "How long does a refund take?", 0.5),
        ("tools.search.answer_in_german", tools["pages"], "Was kosten Versand und Lieferungen?", 0.5),
    ]
    figures = [
        figure(name, await median_ms(tool, prompt, runs), "ms", runs, limit=limit)
        for name, tool, prompt, limit in asked
    ]
    extra = own_intents_extra_ms(words, runs)
    return [*figures, figure(f"intents.own.extra.{WORDS}_words", extra, "ms", runs, limit=0.1)]


def own_intents_extra_ms(prompt: str, runs: int) -> float:
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
    parser = command(__doc__)
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    tell(asyncio.run(measure(options.runs)), only_json=options.json)


if __name__ == "__main__":
    main()
