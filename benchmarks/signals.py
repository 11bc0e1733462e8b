"""Signals: what each costs at 20, 200 and 2,000 words, and what a million characters cost at worst.

    python benchmarks/signals.py
    python benchmarks/signals.py --json

Times are medians in milliseconds of one thread with everything loaded; ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from router_core.redaction import redact_messages
from router_core.request import RouteRequest
from router_core.signals.code import holds_code
from router_core.signals.complexity import complexity_of
from router_core.signals.domain import classify_domain
from router_core.signals.injection import find_injection
from router_core.signals.intent import classify_intent
from router_core.signals.kinds import kinds
from router_core.signals.language import detect_language
from router_core.signals.length import count_words, estimate_tokens
from router_core.signals.numbers import count_numbers
from router_core.signals.pii import find_pii
from router_core.signals.read import read_signals, warm_up
from router_core.signals.secrets import find_secrets
from router_core.signals.text import reveal

TEXT = (
    "Please summarise the following minutes for the members who could not come. The committee met on Tuesday to review "
    "the budget for the coming year; spending on maintenance rose by 12 percent, mostly because two pumps had to be "
    "replaced in March. Reserves remain above 40,000 euros. Members agreed to ask three suppliers for offers by April. "
)
WORDS = (20, 200, 2000)

# Milliseconds at 20, 200 and 2,000 words.
LIMITS: dict[str, tuple[float, float, float]] = {
    "words and numbers": (0.1, 0.1, 0.2),
    "tokens": (0.1, 0.1, 0.2),
    "intent": (0.5, 0.5, 0.5),
    "language": (0.3, 0.3, 0.3),
    "domain": (0.1, 0.1, 0.1),
    "complexity": (0.05, 0.05, 0.3),
    "code": (0.1, 0.2, 1.0),
    "pii": (0.1, 0.3, 3.0),
    "secrets": (0.1, 0.2, 1.0),
    "injection": (0.05, 0.1, 1.0),
    "redact": (1.0, 3.0, 30.0),
    "all": (0.8, 0.8, 4.0),
}
WORST_LIMIT = 50.0
WORST = {
    "letters": "a",
    "numbers": "1 ",
    "brackets": "(",
    "half phones": "030 1234567 ",
    "addresses": "::1 ",
    "code": "a = b;\n",
    "emoji": "😀",
    "accents": "e\u0301\u0315",
    "ideographs": "漢",
    "prose": TEXT,
}


def median_ms(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e6


def signals_of(prompt: str) -> dict[str, Callable[[], object]]:
    request = RouteRequest.from_prompt(prompt)
    return {
        "words and numbers": lambda: (count_words(kinds(prompt)), count_numbers(kinds(prompt))),
        "tokens": lambda: estimate_tokens([prompt]),
        "intent": lambda: classify_intent(prompt),
        "language": lambda: detect_language(prompt),
        "domain": lambda: classify_domain(prompt),
        "complexity": lambda: complexity_of(prompt, 100, 3, code=False),
        "code": lambda: holds_code(prompt),
        "pii": lambda: find_pii(reveal(prompt)),
        "secrets": lambda: find_secrets(prompt),
        "injection": lambda: find_injection(prompt, prompt),
        "redact": lambda: redact_messages(request.messages),
        "all": lambda: read_signals(request),
    }


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


def measure(runs: int) -> list[dict[str, Any]]:
    warm_up()
    rows = []
    words = (TEXT * 60).split()
    for place, count in enumerate(WORDS):
        for name, work in signals_of(" ".join(words[:count])).items():
            rows.append(row(f"signals.{name}.{count}_words", median_ms(work, runs), LIMITS[name][place], runs))
    for name, piece in WORST.items():
        request = RouteRequest.from_prompt((piece * (1_000_000 // len(piece) + 1))[:1_000_000])
        few = max(3, runs // 40)
        rows.append(
            row(f"signals.all.million_{name}", median_ms(lambda r=request: read_signals(r), few), WORST_LIMIT, few)
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="only the JSON list")
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    rows = measure(options.runs)
    if not options.json:
        print(f"{'signal':42} {'median ms':>10} {'limit ms':>9} {'of limit':>9}")
        for entry in rows:
            print(f"{entry['name']:42} {entry['value']:10.3f} {entry['limit']:9.1f} {entry['ratio_to_limit']:9.2f}")
    json.dump(rows, sys.stdout)
    print()


if __name__ == "__main__":
    main()
