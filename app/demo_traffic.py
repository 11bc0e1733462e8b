"""Who asks what, and when, in the demo: tenants, prompts, office hours."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeVar

from router_core.request import Context, DataClass, RouteRequest
from router_core.signals.examples import read_examples

Choice = TypeVar("Choice")

HOURS = (1, 1, 1, 1, 1, 2, 4, 9, 18, 26, 28, 26, 20, 22, 27, 26, 22, 15, 9, 6, 4, 3, 2, 1)
"""Weight of each hour of a working day, UTC."""
DAYS = (1.0, 1.08, 1.1, 1.05, 0.9, 0.22, 0.16)
"""Weight of each day, from Monday."""
GROWTH_A_WEEK = 1.03

INTENTS: Mapping[str, float] = MappingProxyType(
    {
        "chat": 0.2,
        "summarise": 0.17,
        "extract": 0.12,
        "search": 0.1,
        "code": 0.1,
        "classify": 0.09,
        "translate": 0.07,
        "reason": 0.06,
        "creative": 0.05,
        "math": 0.04,
    }
)
PERSONAL = (
    "Write to anna.keller{n}@example.com that her order is delayed by two days.",
    "Summarise this note: Mr Okafor, +44 20 7946 0{n:03d}, asked to be called back about his mortgage on Tuesday.",
    "Check whether IBAN DE89370400440532013000 belongs to account {n} and draft a reply.",
)
LEAK = "Why does this fail? password: hunter{n}-Blue-Falcon"
SUMS = ("{a} * {b}", "What is {a} + {b}?", "{a} / 8", "15% of {a}")
HANDBOOK = (
    "What does escalation mean?",
    "How is the baseline computed?",
    "How does sensitive data stay local?",
    "What is a policy?",
)
SCHEMA = {"type": "object", "required": ["name", "amount"]}


@dataclass(frozen=True, slots=True)
class Tenant:
    """One team of the made-up company."""

    name: str
    share: float
    routes: Mapping[str, float]
    personal: float
    """Share of prompts with personal data."""
    data_classes: Mapping[DataClass, float]


TENANTS = (
    Tenant("support", 0.45, {"chat": 0.9, "extract": 0.1}, 0.10, {"internal": 0.95, "sensitive": 0.05}),
    Tenant("finance", 0.25, {"chat": 0.5, "extract": 0.5}, 0.06, {"internal": 0.7, "sensitive": 0.2, "regulated": 0.1}),
    Tenant("marketing", 0.2, {"chat": 0.55, "draft": 0.45}, 0.01, {"public": 0.6, "internal": 0.4}),
    Tenant("engineering", 0.1, {"chat": 1.0}, 0.01, {"internal": 1.0}),
)


def arrivals(start: datetime, weeks: int, count: int, rng: random.Random) -> list[datetime]:
    """``count`` moments within ``weeks`` weeks from ``start``, in order, dense in office hours."""
    hours = [start + timedelta(hours=hour) for hour in range(weeks * 7 * 24)]
    weights = [
        HOURS[hour.hour] * DAYS[hour.weekday()] * GROWTH_A_WEEK ** ((hour - start).days // 7)
        if hour.weekday() < 5
        else 6 * DAYS[hour.weekday()]
        for hour in hours
    ]
    chosen = rng.choices(hours, weights, k=count)
    return sorted(hour + timedelta(seconds=rng.uniform(0, 3600)) for hour in chosen)


def requests(rng: random.Random) -> Iterator[RouteRequest]:
    """Requests without end."""
    bank: dict[str, list[str]] = {}
    for intent, prompt in read_examples("intents.tsv"):
        bank.setdefault(intent, []).append(prompt)
    while True:
        tenant = _pick(TENANTS, [tenant.share for tenant in TENANTS], rng)
        route = _weighted(tenant.routes, rng)
        context = Context(
            tenant=tenant.name,
            data_class=_weighted(tenant.data_classes, rng),
            risk="high" if rng.random() < 0.04 else "low",
        )
        yield RouteRequest.from_prompt(
            _prompt(tenant, route, bank, rng),
            route=route,
            context=context,
            simulated=True,
            response_schema=SCHEMA if route == "extract" else None,
        )


def _prompt(tenant: Tenant, route: str, bank: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    number = rng.randrange(1000)
    dice = rng.random()
    if dice < tenant.personal:
        return rng.choice(PERSONAL).format(n=number)
    if dice < tenant.personal + 0.002:
        return LEAK.format(n=number)
    if route == "chat" and dice > 0.94:
        return rng.choice(SUMS).format(a=rng.randrange(12, 9000), b=rng.randrange(3, 400))
    if route == "chat" and dice > 0.91:
        return rng.choice(HANDBOOK)
    intent = {"extract": "extract", "draft": "creative"}.get(route) or _weighted(INTENTS, rng)
    prompt = rng.choice(bank[intent])
    if intent == "summarise":
        prompt += "\n\n" + " ".join(rng.choice(bank["chat"]) for _ in range(rng.randrange(4, 40)))
    return prompt


def _weighted(weights: Mapping[Choice, float], rng: random.Random) -> Choice:
    return rng.choices(list(weights), list(weights.values()))[0]


def _pick(items: Sequence[Choice], weights: Sequence[float], rng: random.Random) -> Choice:
    return rng.choices(items, weights)[0]
