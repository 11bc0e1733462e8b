"""Signals: what each costs at 20, 200 and 2,000 words, and what a million characters cost at worst.

    python benchmarks/signals.py
    python benchmarks/signals.py --json

Times are medians in milliseconds of one thread with everything loaded; ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.prose import MINUTES, minutes
from benchmarks.measuring.turns import median_ms
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
    "prose": MINUTES,
}


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


def measure(runs: int) -> list[Figure]:
    warm_up()
    figures = []
    for place, count in enumerate(WORDS):
        for name, work in signals_of(minutes(count)).items():
            took = median_ms(work, runs)
            figures.append(figure(f"signals.{name}.{count}_words", took, "ms", runs, limit=LIMITS[name][place]))
    for name, piece in WORST.items():
        request = RouteRequest.from_prompt((piece * (1_000_000 // len(piece) + 1))[:1_000_000])
        few = max(3, runs // 40)
        took = median_ms(lambda r=request: read_signals(r), few)  # type: ignore[misc]
        figures.append(figure(f"signals.all.million_{name}", took, "ms", few, limit=WORST_LIMIT))
    return figures


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    tell(measure(options.runs), only_json=options.json)


if __name__ == "__main__":
    main()
