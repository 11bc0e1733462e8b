"""Sessions and the exact cache through the gateway, with OpenAI's own client, as the store and the pages tell them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import OpenAI

from app.erased import forget
from app.panels.decision.story import headline, story
from app.wiring import Service
from router_core.state.entries import tenant_owner
from telemetry.query.decision import decision as stored_decision
from telemetry.query.facets import facets
from telemetry.query.filters import Filters
from telemetry.query.spending import spending, tokens
from tests.serving import POLICY, gateway
from tests.upstream import Upstream, answer

KEEPING = """
[routes.kept]
cache = { ttl_s = 3600 }
strategy = { kind = "cascade", tiers = ["small", "large"] }

[routes.sticky]
sticky = {}
validators = ["polite"]
strategy = { kind = "cascade", tiers = ["small", "large"] }
"""
REFUSAL = "I'm sorry, but I can't help with that."


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service, Upstream]]:
    home = tmp_path_factory.mktemp("home")
    with Upstream() as upstream, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        policy = home / "loopback.toml"
        policy.write_text(POLICY.format(url=upstream.base_url) + KEEPING)
        with gateway(home, policy) as (url, service):
            yield url, service, upstream


@pytest.fixture
def upstream(running: tuple[str, Service, Upstream]) -> Upstream:
    running[2].seen.clear()
    return running[2]


@pytest.fixture
def client(running: tuple[str, Service, Upstream]) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{running[0]}/v1", api_key="not-needed", max_retries=0) as made:
        yield made


def asked(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def document(running: tuple[str, Service, Upstream], completion_id: str) -> dict[str, Any]:
    found = stored_decision(running[1].telemetry.engine, completion_id.removeprefix("chatcmpl-"))
    assert found is not None
    return found.document


def test_a_hit_is_an_answer_like_any_other_and_is_counted_as_what_it_is(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(answer("The Rhine."))
    wanted: Any = {"model": "route/kept", "messages": asked("Which river?"), "temperature": 0}
    first = client.chat.completions.create(**wanted)
    raw = client.chat.completions.with_raw_response.create(**wanted)
    second = raw.parse()
    assert len(upstream.seen) == 1
    assert first.model == second.model == raw.headers["x-routescope-model"] == "small", "who gave the answer"
    assert int(raw.headers["age"]) >= 0
    assert raw.headers["x-routescope-reason"] == "cache"
    assert second.choices[0].message.content == first.choices[0].message.content == "The Rhine."
    assert second.choices[0].finish_reason == "stop"
    chunks = list(client.chat.completions.create(**wanted, stream=True))
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].model == "small"
    assert (streamed, len(upstream.seen)) == ("The Rhine.", 1)

    kept = document(running, second.id)
    assert (kept["chosen_kind"], kept["cost_usd"], kept["baseline_model"]) == ("cache", 0, "large")
    assert kept["savings_usd"] == kept["baseline_cost_usd"] > 0
    assert [(one["kind"], one["model"]) for one in kept["branches"]] == [("cache", "cache")]
    assert headline(kept) == "Answered from the cache, no model called"
    assert any("The cache held the answer and gave it again: small gave this answer" in one for one in story(kept))

    engine = running[1].telemetry.engine
    (cached,) = spending(engine, Filters(), "tool")
    assert (cached.value, cached.n, cached.cost_nano) == ("cache", 2, 0)
    assert cached.savings_nano == cached.baseline_nano
    assert "cache" not in {row.value for row in spending(engine, Filters(), "model")}
    assert "cache" not in {row.model for row in tokens(engine, Filters())}
    assert "cache" in facets(engine).tools
    assert "cache" not in facets(engine).models
    told = httpx.get(f"{running[0]}/metrics").text
    assert 'router_cache_lookups_total{router_cache_result="hit",router_route="kept"} 2.0' in told
    assert 'router_cache_lookups_total{router_cache_result="miss",router_route="kept"} 1.0' in told


def test_a_client_may_ask_for_a_new_answer(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(answer("One."), answer("Two."), answer("Three."))
    wanted: Any = {"model": "route/kept", "messages": asked("Count for me"), "temperature": 0}

    def said(**headers: str) -> Any:
        return client.chat.completions.create(**wanted, extra_headers=headers).choices[0].message.content

    assert said() == "One."
    assert said(**{"Cache-Control": "no-cache, no-store"}) == "Two."
    assert said() == "One."
    assert said(**{"Cache-Control": "max-age=0"}) == "Three."


def test_an_explanation_tells_of_the_hit(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(answer("Soon."))
    wanted: Any = {"messages": asked("Explain this to me"), "temperature": 0}
    client.chat.completions.create(model="route/kept", **wanted)
    planned = httpx.post(f"{running[0]}/v1/route/explain", json={"route": "kept", **wanted, "purpose": "user"}).json()
    assert planned["reason"].startswith("The cache would answer, with no model called")
    assert len(upstream.seen) == 1


def test_metadata_names_a_conversation_that_stays_with_its_model(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(answer(REFUSAL), answer("The Rhine."), answer("The Rhone."))
    named: Any = {"model": "route/sticky", "metadata": {"session_id": "s-1"}}
    first = client.chat.completions.create(messages=asked("Which river?"), **named)
    second = client.chat.completions.create(messages=asked("And which other one?"), **named)
    assert [one.model for one in (first, second)] == ["large", "large"]
    assert len(upstream.seen) == 3
    kept = document(running, second.id)
    assert any("It stayed with large" in one for one in story(kept))


def test_what_is_erased_is_answered_anew(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(answer("Kept."), answer("Anew."))
    wanted: Any = {"model": "route/kept", "messages": asked("Will you remember?"), "temperature": 0}
    client.chat.completions.create(**wanted)
    forget(running[1].settings, [tenant_owner("default")])
    for _ in range(6000):
        if client.chat.completions.create(**wanted).choices[0].message.content == "Anew.":
            return
    pytest.fail("the gateway still remembers")
