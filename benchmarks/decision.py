"""What a decision costs before any model is called: signals, guard and plan, with 10 models and 20 rules.

    python benchmarks/decision.py [--requests 2000] [--json]

200 words go through `Router.explain`, which reads the signals, judges every rule, orders the models and writes the
decision down. ``prose`` holds nothing that the search for personal data would have to look at twice; ``pii`` is of the
same length and holds dates, amounts, telephone numbers, addresses and a card; in ``unseen`` no word ever comes back, so
that what the classifiers remember of words is of no help. All in turns, each prompt different. Ends with a JSON list.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from pathlib import Path

from benchmarks.measuring.figures import command, figure, tell
from benchmarks.measuring.prose import handbook
from router_core.policy.loading import parse_policy
from router_core.providers.scripted import Replies
from router_core.request import Context, RouteRequest
from router_core.router import Router
from router_core.signals.read import warm_up

MODELS, RULES, WORDS = 10, 20, 200
TURN = 50
"""Decisions of one kind before the other has its turn."""

TIERS = ("small", "medium", "large")
HEAD = """
format = 1
name = "bench"
default_route = "chat"
tiers = ["small", "medium", "large"]

[routes.chat]
strategy = { kind = "cascade", tiers = ["small", "medium", "large"] }
"""
MODEL = """
[models.model-{number}]
tier = "{tier}"
location = "{location}"
region = "{region}"
approvals = ["audit-{approval}"]
provider = {{ kind = "scripted", script = "one" }}
price = {{ kind = "tokens", input = "{number}.1", output = "{number}.4" }}
"""
# Six signals (intent, language, pii, secrets, code, words) and what the caller states; two of the rules hold.
CONDITIONS = (
    'intents = ["translate", "creative"], languages = ["fr", "es"]',
    'languages = ["ja", "zh", "ko"]',
    "pii = true, min_words = 5000",
    "secrets = true",
    'code = true, tags = ["review"]',
    "min_words = 4000",
    'max_words = 3, intents = ["math"]',
    'data_classes = ["regulated"]',
    'min_risk = "high"',
    'tags = ["legal", "medical"]',
)
THEN = (
    '{ kind = "require", approvals = ["audit-1"] }',
    '{ kind = "exclude", models = ["model-3", "model-4"] }',
    '{ kind = "require", location = "local" }',
    '{ kind = "exclude", tiers = ["large"] }',
)
PERSONAL = (
    "on 2026-03-14 at 10:30",
    "about 1,234.50 euros",
    "reach me at +49 30 901820",
    "mail anna.lind@example.org",
    "card 4111 1111 1111 1111",
    "order 4711-0815-2",
    "from 192.168.3.4",
    "DE89 3704 0044 0532 0130 00",
)


def policy_text() -> str:
    """The policy as a file would have it."""
    models = [
        MODEL.format(
            number=number,
            tier=TIERS[number % 3],
            location="local" if number % 2 else "cloud",
            region="eu" if number % 4 else "us",
            approval=number % 3,
        )
        for number in range(MODELS)
    ]
    rules = [
        f'[[rules]]\nname = "rule-{number}"\nany_of = [{{ {CONDITIONS[number % len(CONDITIONS)]} }}]\n'
        f"then = {THEN[number % len(THEN)]}\n"
        for number in range(RULES - 2)
    ]
    rules += [
        f'[[rules]]\nname = "holds-{number}"\nany_of = [{{ min_words = 10 }}]\nthen = {then}\n'
        for number, then in enumerate(
            ('{ kind = "exclude", models = ["model-9"] }', '{ kind = "require", regions = ["eu"] }')
        )
    ]
    return HEAD + "".join(models) + "\n".join(rules)


def prompts(count: int, *, personal: bool) -> list[str]:
    """Different prompts of `WORDS` words of prose, the same for each run."""
    rng = random.Random(count)
    prose = [word for word in handbook() if not any(character.isdigit() or character in "@:" for character in word)]
    made = []
    for _ in range(count):
        start = rng.randrange(len(prose) - WORDS)
        text = prose[start : start + WORDS]
        if personal:
            for piece in PERSONAL:
                place = rng.randrange(len(text))
                text[place : place + len(piece.split())] = piece.split()
        made.append(" ".join(text[:WORDS]))
    return made


def unseen(count: int) -> list[str]:
    """Prompts whose words are those of `prompts`, in another order of letters each time they stand."""
    rng = random.Random(-count)
    return [
        " ".join("".join(rng.sample(word, len(word))) for word in text.split())
        for text in prompts(count, personal=False)
    ]


async def measure(requests: int) -> dict[str, list[float]]:
    """Milliseconds of each decision, by kind of prompt."""
    loaded = parse_policy(policy_text(), Path("bench.toml"))
    router = Router.from_policy(loaded, scripts={"one": Replies("Yes.", repeat_last=True)})
    kinds = {
        "prose": prompts(requests, personal=False),
        "pii": prompts(requests, personal=True),
        "unseen": unseen(requests),
    }
    context = Context(data_class="internal", tags=("support",))
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(0, requests, TURN):
        for name, texts in kinds.items():
            for text in texts[turn : turn + TURN]:
                request = RouteRequest.from_prompt(text, context=context)
                begin = time.perf_counter_ns()
                decision = await router.explain(request)
                taken[name].append((time.perf_counter_ns() - begin) / 1e6)
                if len(decision.verdicts) != RULES or len(decision.candidates) != MODELS or decision.error_type:
                    raise SystemExit(f"this is not the decision that was to be measured: {decision.reason}")
                if bool(decision.signals.pii) != (name == "pii"):
                    raise SystemExit(f"personal data: {decision.signals.pii} in a prompt of kind {name}")
    return taken


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="of each kind")
    options = parser.parse_args()
    warm_up()
    asyncio.run(measure(TURN))
    taken = asyncio.run(measure(max(options.requests, 2 * TURN)))
    limits = {"prose": (0.5, 1.5), "pii": (2.0, None), "unseen": (None, None)}
    results = []
    for name, values in taken.items():
        median, tail = limits[name]
        results += [
            figure(f"decision_p50_{name}", statistics.median(values), "ms", len(values), limit=median),
            figure(f"decision_p99_{name}", statistics.quantiles(values, n=100)[98], "ms", len(values), limit=tail),
        ]
    tell(results, only_json=options.json)


if __name__ == "__main__":
    main()
