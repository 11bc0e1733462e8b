"""Validators: what each costs on an answer of 200 words, what a million hostile characters cost at worst, and how
often each is wrong about right answers.

    python benchmarks/validators.py
    python benchmarks/validators.py --json --data ../shared/data/routing

Times are medians in microseconds of one thread with everything loaded, without the calls of probes and judges;
``ratio_to_limit`` below 1 is within the limit. False alarms and catches are shares of the right and of the wrong
answers, in a log of graded answers with the columns ``prompt``, ``response`` and ``score``, that do not pass; without
a log they are left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.turns import median_ms
from router_core.policy.schema import WeightedCombination
from router_core.request import RouteRequest
from router_core.result import ScoreRecord
from router_core.signals.language import identifier
from router_core.validators.agreement import Agreement
from router_core.validators.base import Asked, CompleteAnswer, Validator
from router_core.validators.combination import combine
from router_core.validators.judge import Judge
from router_core.validators.language import Language
from router_core.validators.length import Length
from router_core.validators.logprob import Logprob
from router_core.validators.pattern import Contains, Regex
from router_core.validators.refusal import Refusal
from router_core.validators.schema import Schema
from router_core.validators.self_consistency import SelfConsistency
from router_core.validators.truncation import Truncation

TEXT = (
    "The committee met on Tuesday to review the budget for the coming year. Spending on maintenance rose by 12 "
    "percent, because two pumps had to be replaced in March. Reserves remain above 40,000 euros. Members agreed to ask "
    "three suppliers for offers by April, and to publish the minutes before the end of the month. "
)
WORDS = 200
ANSWER = " ".join((TEXT * 10).split()[:WORDS]) + "."
DOCUMENT = json.dumps([{"name": f"member {n}", "votes": n, "present": n % 2 == 0} for n in range(40)])
JSON_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "votes"],
        "properties": {"name": {"type": "string", "pattern": "^[a-z ]+\\d+$"}, "votes": {"type": "integer"}},
    },
}
REQUEST = RouteRequest.from_prompt("Summarise the minutes of the committee for the members who could not come.")

VALIDATORS: dict[str, tuple[Validator, str, float]] = {
    "refusal": (Refusal("v", 0.5), ANSWER, 2_000),
    "length": (Length("v", 0.5, max_words=500, max_ratio=2.0), ANSWER, 200),
    "truncation": (Truncation("v", 0.5), ANSWER, 100),
    "schema": (Schema("v", 1.0, JSON_SCHEMA), DOCUMENT, 10_000),
    "regex": (Regex("v", 1.0, must_match=[r"\d+ percent"], must_not_match=["(?i)as an ai"]), ANSWER, 100),
    "contains": (Contains("v", 1.0, must_contain=["budget"], ignore_case=True), ANSWER, 100),
    "language": (Language("v", 0.5), ANSWER, 2_000),
    "logprob": (Logprob("v", 0.5), ANSWER, 20),
    "agreement": (Agreement("v", 0.5, ("a", "b")), ANSWER, 5_000),
    "self_consistency": (SelfConsistency("v", 0.5, samples=2), ANSWER, 5_000),
    "judge": (Judge("v", 0.5, "strong", "Be right."), ANSWER, 500),
}
"""Validator, the answer that it scores, and the limit in microseconds."""

WORST_LIMIT_US = 500_000.0
WORST = {
    "letters": "a",
    "brackets": "[",
    "quotes": '"',
    "fences": "```\n",
    "repeats": "I cannot help with that. ",
    "numbers": "1 ",
    "prose": TEXT,
}


def asked(validator: Validator, text: str) -> Sequence[Asked]:
    """Two others that say the same, or a judge's grade."""
    said = '{"reason": "so it is", "grade": 8}' if isinstance(validator, Judge) else text
    return [Asked("a", CompleteAnswer(said, "stop", "a"))] * (1 if isinstance(validator, Judge) else 2)


def scoring(validator: Validator, text: str) -> Callable[[], object]:
    answer, others = CompleteAnswer(text, "stop", "small", -0.2), asked(validator, text)
    return lambda: (validator.asks(answer, REQUEST), validator.score(answer, others, REQUEST))


def combining() -> Callable[[], object]:
    entry = WeightedCombination(kind="weighted", threshold=0.7, weights={"a": 3.0})
    scores = [ScoreRecord(name, 0.8, 0.5, True, "So.") for name in "abcdef"]
    return lambda: combine(entry, scores)


ALARM_LIMIT = 0.01
"""Share of right answers that a check of the answer alone may send to a stronger model for nothing."""
SAMPLE = 4_000


def alarms(log: Path) -> list[Figure]:
    import pandas

    table = pandas.read_parquet(log, columns=["prompt", "response", "score"]).dropna()
    table = table.sample(min(SAMPLE, len(table)), random_state=1)
    rows = []
    for name in ("refusal", "truncation", "language"):
        validator = VALIDATORS[name][0]
        for right, what in ((True, "false_alarms"), (False, "catches")):
            some = table[(table["score"] > 0.5) == right]
            failed = sum(fails(validator, *pair) for pair in zip(some["prompt"], some["response"], strict=True))
            share = failed / max(len(some), 1)
            limit = ALARM_LIMIT if right else None
            rows.append(figure(f"validators.{name}.{what}.{log.stem}", share, "share", len(some), limit=limit))
    return rows


def fails(validator: Validator, prompt: str, response: str) -> bool:
    score = validator.score(CompleteAnswer(response, "stop", "m"), (), RouteRequest.from_prompt(prompt))
    return not score.passes_unknown if score.value is None else score.value < validator.threshold


def measure(runs: int) -> list[Figure]:
    identifier()
    rows = []
    for name, (validator, text, limit) in VALIDATORS.items():
        took = median_ms(scoring(validator, text), runs) * 1e3
        rows.append(figure(f"validators.{name}.{WORDS}_words", took, "us", runs, limit=limit))
    rows.append(figure("validators.combine.6_scores", median_ms(combining(), runs) * 1e3, "us", runs, limit=50))
    few = max(3, runs // 100)
    for name, (validator, _, _) in VALIDATORS.items():
        texts = ((piece * (1_000_000 // len(piece) + 1))[:1_000_000] for piece in WORST.values())
        worst = max(median_ms(scoring(validator, text), few) * 1e3 for text in texts)
        rows.append(figure(f"validators.{name}.million_worst", worst, "us", few, limit=WORST_LIMIT_US))
    return rows


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--data", type=Path, help="folder of logs, or one log (Parquet)")
    options = parser.parse_args()
    rows = measure(options.runs)
    logs = [] if options.data is None else sorted(options.data.glob("*.parquet")) or [options.data]
    for log in filter(Path.is_file, logs):
        rows += alarms(log)
    if not any(map(Path.is_file, logs)):
        print("false alarms skipped: no logs; give --data PATH", file=sys.stderr)
    tell(rows, only_json=options.json)


if __name__ == "__main__":
    main()
