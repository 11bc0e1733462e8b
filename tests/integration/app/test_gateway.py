"""The gateway as clients meet it: real sockets in front, a real HTTP upstream behind, a real database below."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import openai
import pytest
import sqlalchemy as sa
from openai import OpenAI
from pydantic import TypeAdapter

from app.wiring import Service
from router_core.result import Decision
from router_core.signals.intent import classifier
from router_core.signals.language import glance
from telemetry.query.decision import decision as stored_decision
from telemetry.storage.models import REQUEST
from tests.serving import gateway, write_policy
from tests.upstream import Upstream, answer, cut, echo_key, hang, status

KEY = "lb-" + "0123456789abcdef"
REFUSAL = "I'm sorry, but I can't help with that."
PROMPT = [{"role": "user", "content": "Tell me something about rivers"}]
SCHEMA = TypeAdapter(Decision).json_schema()


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture(scope="module")
def running(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", KEY)
        with gateway(home, write_policy(home, upstream.base_url)) as found:
            yield found


@pytest.fixture
def service(running: tuple[str, Service]) -> Service:
    return running[1]


@pytest.fixture
def http(running: tuple[str, Service]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running[0], timeout=20) as client:
        yield client


@pytest.fixture
def client(running: tuple[str, Service], upstream: Upstream) -> Iterator[OpenAI]:
    upstream.seen.clear()
    with OpenAI(base_url=f"{running[0]}/v1", api_key="not-needed", max_retries=0) as made:
        yield made


def document(service: Service, decision_id: str) -> dict[str, Any]:
    """The stored decision, checked against the schema of the type."""
    found = stored_decision(service.telemetry.engine, decision_id)
    assert found is not None, "the decision is not in the database"
    jsonschema.validate(json.loads(json.dumps(found.document)), SCHEMA)
    return found.document


def cancelled(service: Service) -> int:
    """Decisions whose client left."""
    with service.telemetry.engine.connect() as connection:
        counted = sa.select(sa.func.count()).select_from(REQUEST).where(REQUEST.c.status == "cancelled")
        return int(connection.scalar(counted) or 0)


def post(http: httpx.Client, body: Any, path: str = "/v1/chat/completions", **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return http.post(path, content=content, headers=names)


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "route/chat", "messages": PROMPT, **fields}


# --- the official client ----------------------------------------------------------------------------------------
def test_a_plain_answer_names_its_decision_which_is_in_the_database(
    client: OpenAI, upstream: Upstream, service: Service
) -> None:
    upstream.plays(answer("Rivers flow."))
    reply = client.chat.completions.create(**chat())
    assert reply.choices[0].message.content == "Rivers flow."
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (11, 3)
    told = reply.model_extra["routescope"]  # type: ignore[index]
    assert told["commit"] == "committed"
    assert reply.id == f"chatcmpl-{told['decision_id']}"
    kept = document(service, told["decision_id"])
    assert (kept["chosen"], kept["status"], kept["cost_usd"]) == ("small", "ok", pytest.approx(told["cost_usd"]))
    assert kept["simulated"] is False
    assert upstream.seen[0].body["model"] == "upstream-small"


def test_a_refusal_escalates_over_http(client: OpenAI, upstream: Upstream, service: Service) -> None:
    upstream.plays(answer(REFUSAL), answer("Rivers flow."))
    reply = client.chat.completions.create(**chat())
    told = reply.model_extra["routescope"]  # type: ignore[index]
    assert (told["model"], told["escalated"]) == ("large", True)
    assert [branch["outcome"] for branch in document(service, told["decision_id"])["branches"]] == [
        "rejected",
        "accepted",
    ]


def test_a_stream_gives_the_answer_then_the_finish_then_the_usage(
    client: OpenAI, upstream: Upstream, service: Service
) -> None:
    upstream.plays(answer(["Rivers ", "flow."]))
    chunks = list(client.chat.completions.create(**chat(), stream=True, stream_options={"include_usage": True}))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == "Rivers flow."
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 14
    assert len({chunk.id for chunk in chunks}) == 1
    document(service, chunks[0].id.removeprefix("chatcmpl-"))


def test_without_include_usage_no_chunk_is_without_choices(client: OpenAI, upstream: Upstream) -> None:
    upstream.plays(answer("Rivers flow."))
    assert all(chunk.choices for chunk in client.chat.completions.create(**chat(), stream=True))


def test_a_refused_draft_never_reaches_a_streaming_client(client: OpenAI, upstream: Upstream) -> None:
    upstream.plays(answer(REFUSAL), answer(["Rivers ", "flow."]))
    chunks = client.chat.completions.create(**chat(), stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Rivers flow."


def test_the_finish_chunk_comes_only_when_the_decision_is_in_the_database(
    client: OpenAI, upstream: Upstream, service: Service
) -> None:
    upstream.plays(answer(["one ", "two ", "three"], chunk_s=0.05))
    for chunk in client.chat.completions.create(**chat(model="route/quick"), stream=True):
        kept = stored_decision(service.telemetry.engine, chunk.id.removeprefix("chatcmpl-"))
        if chunk.choices[0].finish_reason is None:
            assert kept is None
        else:
            assert kept is not None
            break
    else:
        pytest.fail("no finish chunk came")


def test_a_tool_answers_a_stream_and_calls_nobody(client: OpenAI, upstream: Upstream) -> None:
    question = [{"role": "user", "content": "12*7"}]
    chunks = client.chat.completions.create(model="route/chat", messages=question, stream=True)  # type: ignore[call-overload]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "84"
    assert upstream.seen == []


def test_a_json_schema_reaches_the_upstream_and_is_kept(client: OpenAI, upstream: Upstream) -> None:
    upstream.plays(answer("no json"), answer('{"river": "Rhine"}'))
    schema = {"type": "object", "required": ["river"], "properties": {"river": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "river", "schema": schema}}
    reply = client.chat.completions.create(**chat(response_format=wanted))
    assert json.loads(reply.choices[0].message.content or "") == {"river": "Rhine"}
    assert reply.model_extra["routescope"]["escalated"]  # type: ignore[index]


def test_a_user_of_any_length_is_taken_and_not_recorded(client: OpenAI, upstream: Upstream, service: Service) -> None:
    upstream.plays(answer("Rivers flow."))
    reply = client.chat.completions.create(**chat(), user="zanzibar" * 100)
    kept = document(service, reply.routescope["decision_id"])  # type: ignore[attr-defined]
    assert kept["status"] == "ok"
    assert "zanzibar" not in str(kept)


def test_a_failing_upstream_is_a_502_with_the_decisions_id(
    client: OpenAI, upstream: Upstream, service: Service
) -> None:
    for stream in (False, True):
        upstream.plays(status(500))
        with pytest.raises(openai.APIStatusError) as caught:
            client.chat.completions.create(**chat(), stream=stream)
        assert caught.value.status_code == 502
        assert caught.value.code == "all_branches_failed"
        kept = document(service, caught.value.body["decision_id"])  # type: ignore[index]
        assert (kept["status"], len(kept["branches"])) == ("failed", 2)


def test_an_upstream_that_breaks_off_is_an_error_event_after_the_decision_is_kept(
    client: OpenAI, upstream: Upstream, service: Service
) -> None:
    upstream.plays(cut("half "))
    chunks = client.chat.completions.create(**chat(model="route/quick"), stream=True)
    with pytest.raises(openai.APIError, match="failed after its answer had begun") as caught:
        list(chunks)
    kept = document(service, caught.value.body["decision_id"])  # type: ignore[index]
    assert (kept["status"], kept["error_type"]) == ("failed", "all_branches_failed")


def test_a_client_that_leaves_stops_the_upstream_and_leaves_a_cancelled_decision(
    client: OpenAI, upstream: Upstream, service: Service
) -> None:
    upstream.closed_early.clear()
    upstream.plays(answer(["word "] * 400, chunk_s=0.05))
    with client.chat.completions.create(**chat(model="route/quick"), stream=True) as chunks:
        for chunk in chunks:
            if chunk.choices[0].delta.content:
                break
    assert upstream.closed_early.wait(60)
    decision_id = chunk.id.removeprefix("chatcmpl-")
    until = time.monotonic() + 60
    while stored_decision(service.telemetry.engine, decision_id) is None and time.monotonic() < until:
        time.sleep(0.05)
    kept = document(service, decision_id)
    assert (kept["status"], kept["error_message"]) == ("cancelled", None)


def test_a_gateway_whose_routes_can_all_be_answered_is_ready(http: httpx.Client) -> None:
    assert (http.get("/readyz").status_code, http.get("/readyz").json()) == (200, {"status": "ready", "reasons": []})


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_client_that_leaves_before_the_first_token_stops_the_upstream_too(
    http: httpx.Client, upstream: Upstream, service: Service, stream: bool
) -> None:
    before = cancelled(service)
    upstream.plays(hang())
    body = {"model": "route/quick", "stream": stream, "messages": [{"role": "user", "content": "Wait for it."}]}
    with pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json=body, timeout=0.5)
    until = time.monotonic() + 60
    while cancelled(service) == before and time.monotonic() < until:
        time.sleep(0.05)
    assert cancelled(service) == before + 1, "its model's own patience of 5 s ended it"


def test_an_unknown_route_is_a_404_that_lists_the_routes(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="use one of route/chat, route/quick"):
        client.chat.completions.create(**chat(model="gpt-99"))


def test_a_denied_request_is_a_403_with_the_rules_own_words(http: httpx.Client, service: Service) -> None:
    reply = post(http, chat(), x_routescope_context='{"risk": "high"}')
    assert reply.status_code == 403
    error = reply.json()["error"]
    assert error["message"] == "rule too-risky denies it: Ask a person."
    assert document(service, error["decision_id"])["status"] == "denied"


def test_the_models_are_listed_as_the_client_expects(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["route/chat", "route/quick", "small", "large"]


# --- our own paths ----------------------------------------------------------------------------------------------
def test_events_come_in_their_order_and_end_with_the_stored_decision(
    http: httpx.Client, upstream: Upstream, service: Service
) -> None:
    upstream.plays(answer(REFUSAL), answer("Rivers flow."))
    reply = post(http, {"messages": PROMPT}, "/v1/route/events")
    frames = [frame.split("\n", 1) for frame in reply.text.strip().split("\n\n")]
    names = [name.removeprefix("event: ") for name, _ in frames]
    assert [name for name in names if name != "token"] == [
        *("signals", "verdicts", "plan"),
        *("branch_started", "branch_ended", "score", "escalated"),
        *("branch_started", "branch_ended", "score", "answer", "settled"),
    ]
    settled = json.loads(frames[-1][1].removeprefix("data: "))
    assert settled["commit"] == "committed"
    kept = document(service, settled["decision"]["decision_id"])
    assert kept["purpose"] == "playground"
    assert kept["reason"] == settled["decision"]["reason"]


def test_an_explanation_calls_nobody_and_is_not_stored(
    http: httpx.Client, upstream: Upstream, service: Service
) -> None:
    upstream.seen.clear()
    decision = post(http, {"messages": PROMPT}, "/v1/route/explain").json()
    jsonschema.validate(decision, SCHEMA)
    assert (decision["status"], upstream.seen) == ("planned", [])
    assert stored_decision(service.telemetry.engine, decision["decision_id"]) is None


def test_health_names_the_policy_and_counts_what_is_kept(http: httpx.Client) -> None:
    health = http.get("/healthz").json()
    assert (health["status"], health["policy"], health["telemetry"]["last_error"]) == ("ok", "loopback", None)
    lost = ("spool_waiting", "not_durable", "refused", "abandoned")
    assert [health["telemetry"][name] for name in lost] == [0, 0, 0, 0]
    assert health["collector"] is None


# --- what is turned away ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/healthz", "/v1/models"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:4000", ""])
def test_a_foreign_host_header_is_refused(http: httpx.Client, path: str, host: str) -> None:
    assert http.get(path, headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://[", "file://", "http://127.0.0.1.evil.example"]
)
def test_a_foreign_origin_is_refused(http: httpx.Client, origin: str) -> None:
    reply = post(http, chat(), origin=origin)
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "origin")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_a_foreign_page_could_send_is_refused(http: httpx.Client, kind: str) -> None:
    assert post(http, chat(), content_type=kind).status_code == 415


def test_a_page_of_our_own_may_ask(http: httpx.Client, upstream: Upstream) -> None:
    upstream.plays(answer("Rivers flow."))
    assert post(http, chat(), origin="http://localhost:8501").status_code == 200


def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(http: httpx.Client) -> None:
    huge = b'"' + b"x" * (8 * 1024 * 1024 + 1) + b'"'
    assert post(http, huge).status_code == 413
    pieces = (huge[at : at + 65536] for at in range(0, len(huge), 65536))
    reply = http.post("/v1/chat/completions", content=pieces, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "prompt_too_large")


BAD = [
    (b"", 400, "not valid JSON"),
    (b"{", 400, r"line 1, column 2"),
    (b"\xff\xfe", 400, "not valid JSON"),
    (b"[" * 100_000, 400, "not valid JSON"),
    (b"1" * 5_000, 400, "not valid JSON"),
    (b"[]", 400, "body"),
    (b"null", 400, "body"),
    ({}, 400, "model: field required"),
    ({"model": "route/chat"}, 400, "messages: field required"),
    (chat(messages=[]), 400, "messages"),
    (chat(messages=[{"role": "king", "content": "x"}]), 400, "messages.0.role"),
    (chat(messages=[{"role": "user", "content": ""}]), 400, "the prompt is empty"),
    (chat(messages=[{"role": "user", "content": "a\ud800"}]), 400, ""),
    (chat(messages=[{"role": "user", "content": "a\0"}]), 400, "NUL at character 2"),
    (chat(messages=[{"role": "user", "content": "x" * 1_000_001}]), 413, "at most 1,000,000"),
    (
        chat(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]),
        400,
        "messages.0.content.0.image_url.url",
    ),
    (chat(messages=[{"role": "user", "content": [{"type": "input_audio"}]}]), 400, "send texts and images only"),
    (chat(messages=[{"role": "user", "content": [{"type": "image_url"}]}]), 400, "content.0.image_url: it is missing"),
    (chat(tools=[{"type": "function"}]), 400, "tools.0.function: field required"),
    (chat(n=2, logprobs=True), 400, "n, logprobs: not routed yet"),
    (chat(max_tokens=0), 400, "max_tokens"),
    (chat(temperature=3), 400, "temperature"),
    (chat(stop=["a"] * 5), 400, "stop"),
    (chat(response_format={"type": "json_schema"}), 400, "give the schema"),
    (chat(model="\ud800"), 404, "no route or model"),
    (chat(model="<script>alert(1)</script>"), 404, "no route or model"),
]


@pytest.mark.parametrize(("body", "code", "words"), BAD)
def test_bad_input_is_one_sentence(http: httpx.Client, body: Any, code: int, words: str) -> None:
    reply = post(http, body)
    assert reply.status_code == code, reply.text
    message = reply.json()["error"]["message"]
    assert words in message
    assert "\n" not in message
    assert "Traceback" not in reply.text


ROUTE_BAD = [
    ({"messages": PROMPT, "\ud800": 1}, "valid string"),
    ({"messages": PROMPT, "contxt": {}}, "contxt: extra inputs are not permitted"),
    ({"messages": PROMPT, "context": {"tenant": "other"}}, "no field 'tenant'"),
    ({"messages": PROMPT, "context": {"tags": ["\ud800"]}}, "tags"),
    ({"messages": PROMPT, "context": {"\ud800": 1}}, "no field"),
    ({"messages": PROMPT, "purpose": "judge"}, "purpose"),
    ({"messages": PROMPT, "context": {"risk": "extreme"}}, "use one of low, medium, high"),
]


@pytest.mark.parametrize(("body", "words"), ROUTE_BAD)
@pytest.mark.parametrize("path", ["/v1/route/events", "/v1/route/explain"])
def test_bad_input_to_our_own_paths_is_one_sentence(http: httpx.Client, path: str, body: Any, words: str) -> None:
    reply = post(http, body, path)
    assert reply.status_code == 400, reply.text
    assert words in reply.json()["error"]["message"]


def test_a_broken_context_header_is_named(http: httpx.Client) -> None:
    for garbled in ("[", "[" * 20_000):
        refused = post(http, chat(), x_routescope_context=garbled)
        assert (refused.status_code, "x-routescope-context is not a JSON object" in refused.text) == (400, True)


def test_an_unknown_path_and_a_wrong_method_are_answered_in_json(http: httpx.Client) -> None:
    assert http.get("/v2/none").json()["error"]["message"] == "GET /v2/none: Not Found"
    assert http.get("/v1/chat/completions").status_code == 405


def test_a_key_never_comes_back(http: httpx.Client, upstream: Upstream, service: Service) -> None:
    upstream.plays(echo_key())
    reply = post(http, chat())
    assert reply.status_code == 502
    assert KEY not in reply.text
    assert KEY not in str(document(service, reply.json()["error"]["decision_id"]))
    assert f"Bearer {KEY}" in upstream.seen[-1].headers["Authorization"]


def test_everything_is_in_the_database_after_the_gateway_has_closed(upstream: Upstream, tmp_path: Path) -> None:
    upstream.plays(answer("Rivers flow."))
    with gateway(tmp_path, write_policy(tmp_path, upstream.base_url)) as (url, _), httpx.Client(base_url=url) as http:
        names = [post(http, chat()).json()["routescope"]["decision_id"] for _ in range(5)]
    from telemetry.storage.engine import open_reader

    reader = open_reader(f"sqlite:///{tmp_path / 'routescope.db'}")
    assert all(stored_decision(reader, name) is not None for name in names)
    reader.dispose()


def test_the_gateway_listens_only_when_its_signals_are_loaded(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    classifier.cache_clear()
    glance.cache_clear()
    with gateway(tmp_path, write_policy(tmp_path, upstream.base_url)):
        assert classifier.cache_info().currsize == 1
        assert glance.cache_info().currsize == 1
