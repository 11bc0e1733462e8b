"""A sensitive prompt never reaches a cloud model: shown at two scripted upstreams, one of which must stay unasked.

Every way by which a router may ask a model is open to the cloud: cascade, probes, judge, fallback, standby, safety
model, larger context, fan-out, traffic split, a model asked by name. Only the rules stand before it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from router_core.errors import RoutingError
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.request import Context, Message, RouteRequest
from router_core.router import Router
from tests import upstream as up
from tests.upstream import Upstream

REFUSAL = "I'm sorry, but I can't help with that."
LOCAL_FAULTS = (
    up.answer("Paris is the capital."),
    up.answer(REFUSAL),
    up.status(500),
    up.answer("", finish="content_filter"),
    up.status(400, {"error": {"message": "maximum context length exceeded", "code": "context_length_exceeded"}}),
    up.reset(),
    up.cut("Paris "),
    up.answer("42"),
)

STAY = """
[[rules]]
name = "sensitive-stays-local"
any_of = [{ pii = true }, { secrets = true }, { min_data_class = "sensitive" }, { min_risk = "high" }]
then = { kind = "require", location = "local" }
"""
REDACT = """
[[rules]]
name = "redacted"
any_of = [{ pii = true }, { secrets = true }]
then = { kind = "redact" }
"""
SEND = """
[[rules]]
name = "secrets-go-elsewhere"
any_of = [{ secrets = true }]
then = { kind = "route_to", route = "cloud-first" }
"""
ROUTES = {
    "cascade": 'strategy = { kind = "cascade", tiers = ["small", "large"] }\nvalidators = ["polite"]',
    "cloud-first": 'strategy = { kind = "cascade", tiers = ["large", "small"] }\nvalidators = ["polite"]',
    "standby": 'strategy = { kind = "cascade", tiers = ["large"] }\nstandby = ["small"]',
    "probes": 'strategy = { kind = "cascade", tiers = ["small", "large"] }\nvalidators = ["agree"]',
    "judge": 'strategy = { kind = "cascade", tiers = ["small", "large"] }\nvalidators = ["judged"]',
    "safety": 'strategy = { kind = "cascade", tiers = ["small"] }\nsafety_model = "cloud-a"',
    "context": 'strategy = { kind = "cascade", tiers = ["small"] }\nlarger_context = ["cloud-b"]',
    "fan-out": 'strategy = { kind = "cascade", tiers = ["small", "large"] }\nfan_out = 3\naggregator = "majority"',
    "split": 'strategy = { kind = "weighted", weights = { "cloud-a" = 9, "local-a" = 1 } }',
    "cheapest": 'strategy = { kind = "cost", tiers = ["large", "small"] }',
    "stream": 'strategy = { kind = "cascade", tiers = ["large", "small"] }\nstream = "immediate"',
}


def model(name: str, tier: str, location: str, url: str, more: str) -> str:
    return f"""
[models.{name}]
tier = "{tier}"
location = "{location}"
max_data_class = "regulated"
capabilities = ["json"]
provider = {{ kind = "openai", base_url = "{url}", model = "{name}" }}
price = {{ kind = "tokens", input = "1", output = "2" }}
timeout_s = 5
{more}
"""


def policy(cloud: Upstream, local: Upstream, rules: str) -> LoadedPolicy:
    routes = "".join(f"[routes.{name}]\nmax_output_tokens = 32\n{text}\n" for name, text in ROUTES.items())
    text = f"""
format = 1
name = "sensitive"
default_route = "cascade"
tiers = ["small", "large"]
{model("local-a", "small", "local", local.base_url, 'fallback = "cloud-a"')}
{model("local-b", "small", "local", local.base_url, 'fallback = "cloud-b"')}
{model("cloud-a", "large", "cloud", cloud.base_url, 'fallback = "cloud-b"')}
{model("cloud-b", "large", "cloud", cloud.base_url, "")}

[validators.polite]
kind = "refusal"

[validators.agree]
kind = "agreement"
probes = ["cloud-a", "local-b", "cloud-b"]

[validators.judged]
kind = "judge"
model = "cloud-b"
rubric = "The answer is right."
{rules}
{routes}
[resilience.retry]
enabled = false

[resilience.breaker]
enabled = false
"""
    return parse_policy(text, Path("sensitive.toml"))


# --- prompts ------------------------------------------------------------------------------------------------------


def luhn(digits: str) -> str:
    """The digits with their check digit."""
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def iban(rng: random.Random) -> str:
    account = f"{rng.randrange(10**18):018d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def pieces(rng: random.Random) -> dict[str, str]:
    """One made-up piece of each kind of sensitive data."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    word = "".join(rng.choices(letters, k=8))
    token = "".join(rng.choices(letters + letters.upper() + "0123456789", k=40))
    card = luhn("4" + f"{rng.randrange(10**14):014d}")
    account = iban(rng)
    return {
        "email": f"{word}.{rng.randrange(99)}@example.org",
        "phone": f"+49 30 {rng.randrange(200_000, 999_999)}",
        "card": card,
        "spaced card": " ".join(card[i : i + 4] for i in range(0, 16, 4)),
        "iban": account,
        "spaced iban": " ".join(account[i : i + 4] for i in range(0, 22, 4)),
        "address": f"203.0.113.{rng.randrange(1, 255)}",
        "ssn": f"SSN 536-90-{rng.randrange(1000, 9999)}",
        "key": f"sk-proj-{token}",
        "token": f"ghp_{token[:36]}",
        "password": f"my password is {word.title()}{rng.randrange(10, 99)}!x",
    }


def hidden(rng: random.Random, text: str) -> str:
    """The text as it stands, or written so that a plain pattern misses it."""
    match rng.randrange(5):
        case 0:
            return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
        case 1:
            return "\u200b".join(text)
        case 2:
            return base64.b64encode(f"see: {text}".encode()).decode()
        case 3:
            return f"see: {text}".encode().hex()
        case _:
            return text


OPENINGS = ("Summarise: ", "Is this right? ", "Please help me with ", "Translate into French: ", "Calculate 2 + 2 and ")


def sensitive(rng: random.Random) -> RouteRequest:
    """A request that must stay: by what it holds, in one turn or two, or by what the caller states."""
    route = rng.choice([*ROUTES, "cloud-a", "local-a"])
    kind = rng.randrange(6)
    text = rng.choice(OPENINGS)
    if kind == 0:
        stated = rng.choice([{"data_class": "sensitive"}, {"data_class": "regulated"}, {"risk": "high"}])
        return RouteRequest.from_prompt(f"{text}the river", route=route, context=Context(**stated))
    found = pieces(rng)
    name = rng.choice(sorted(found))
    if kind == 1:
        halves = found["card"][:7], found["card"][7:]
        turns = (Message("user", f"{text}{halves[0]}"), Message("assistant", "Go on."), Message("user", halves[1]))
        return RouteRequest(messages=turns, route=route)
    if kind == 2:
        turns = (Message("user", found[name]), Message("assistant", "I see."), Message("user", f"{text}the river"))
        return RouteRequest(messages=turns, route=route)
    if kind == 3:
        schema = {"type": "object", "properties": {"mail": {"const": found["email"]}}}
        return RouteRequest.from_prompt(f"{text}the river", route=route, response_schema=schema)
    return RouteRequest.from_prompt(text + hidden(rng, found[name]), route=route)


async def play(router: Router, requests: list[RouteRequest]) -> list[str]:
    """Route all, a few at a time; what became of each."""
    gate = asyncio.Semaphore(8)

    async def one(request: RouteRequest) -> str:
        async with gate:
            try:
                return (await router.aroute(request)).decision.status
            except RoutingError as error:
                return error.code

    try:
        return list(await asyncio.gather(*map(one, requests)))
    finally:
        await router.aclose()


@pytest.fixture
def cloud() -> Iterator[Upstream]:
    with Upstream() as server:
        server.plays(up.answer("From the cloud."))
        yield server


@pytest.fixture
def local() -> Iterator[Upstream]:
    with Upstream() as server:
        rng = random.Random(7)
        server.plays(*(rng.choice(LOCAL_FAULTS) for _ in range(3000)))
        yield server


REQUESTS = 400


@pytest.mark.parametrize("rules", [STAY, STAY + SEND, SEND + STAY], ids=["stay", "stay, then sent", "sent, then stay"])
async def test_no_sensitive_prompt_reaches_the_cloud_whatever_fails_here(
    cloud: Upstream, local: Upstream, rules: str
) -> None:
    rng = random.Random(20261123)
    outcomes = await play(Router.from_policy(policy(cloud, local, rules)), [sensitive(rng) for _ in range(REQUESTS)])
    assert cloud.seen == []
    assert len(local.seen) > REQUESTS / 2
    assert {"ok", "no_eligible_model"} <= set(outcomes)


async def test_the_same_routes_do_ask_the_cloud_about_harmless_prompts(cloud: Upstream, local: Upstream) -> None:
    requests = [RouteRequest.from_prompt("What is the capital of France?", route=name) for name in ROUTES] * 4
    await play(Router.from_policy(policy(cloud, local, STAY)), requests)
    asked = {request.body["model"] for request in cloud.seen}
    assert asked == {"cloud-a", "cloud-b"}


async def test_what_is_redacted_reaches_the_cloud_without_a_piece_of_it(cloud: Upstream, local: Upstream) -> None:
    rng = random.Random(11)
    requests, secrets = [], []
    for _ in range(REQUESTS // 2):
        found = pieces(rng)
        name = rng.choice(sorted(found))
        secrets.append(found[name].removeprefix("SSN ").removeprefix("my password is "))
        text = rng.choice(OPENINGS) + hidden(rng, found[name])
        requests.append(RouteRequest.from_prompt(text, route=rng.choice(list(ROUTES))))
    await play(Router.from_policy(policy(cloud, local, REDACT)), requests)
    assert len(cloud.seen) > REQUESTS / 4
    bodies = "\n".join(json.dumps(seen.body, ensure_ascii=False) for seen in (*cloud.seen, *local.seen))
    for secret in secrets:
        assert secret not in bodies
        encoded = base64.b64encode(f"see: {secret}".encode()).decode().rstrip("=")
        assert encoded not in bodies and f"see: {secret}".encode().hex() not in bodies
        assert "\u200b".join(secret) not in bodies
