"""Functions and images of the caller's own through the gateway, with OpenAI's own client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from app.wiring import Service
from telemetry.query.decision import decision as stored_decision
from tests.serving import POLICY, gateway
from tests.upstream import Upstream, answer, calls

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ASKED: list[Any] = [{"role": "user", "content": "Will it rain in Bern?"}]
REDACTING = """
[[rules]]
name = "no-addresses"
any_of = [{ tags = ["careful"] }]
then = { kind = "redact", restore = true }

[[rules]]
name = "private-stays"
any_of = [{ pii = true, tags = ["private"] }]
then = { kind = "require", location = "local" }

[telemetry]
content = "full"
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service, Upstream]]:
    home = tmp_path_factory.mktemp("home")
    with Upstream() as upstream, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        policy = home / "loopback.toml"
        text = POLICY.format(url=upstream.base_url)
        policy.write_text(text.replace('["json"]', '["json", "tools", "images"]') + REDACTING)
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


PIXEL = "data:image/png;base64,iVBORw0KGgo="
SEEN: list[Any] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
            {"type": "text", "text": "In one word."},
        ],
    }
]


def kept(running: tuple[str, Service, Upstream], completion_id: str) -> dict[str, Any]:
    found = stored_decision(running[1].telemetry.engine, completion_id.removeprefix("chatcmpl-"))
    assert found is not None
    return found.document


def said(running: tuple[str, Service, Upstream], completion_id: str) -> list[str]:
    """What the branches' answers are shown as, where content is kept."""
    found = stored_decision(running[1].telemetry.engine, completion_id.removeprefix("chatcmpl-"))
    assert found is not None
    assert found.content is not None
    return [turn.text for answered in found.content.answers for turn in answered.turns]


def test_a_function_is_called_and_its_result_answered(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(calls(("weather", '{"city": "Bern"}')))
    first = client.chat.completions.create(model="route/chat", messages=ASKED, tools=[WEATHER], tool_choice="auto")
    assert first.choices[0].finish_reason == "tool_calls"
    message = first.choices[0].message
    assert message.content is None
    assert message.tool_calls is not None
    call = message.tool_calls[0]
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Bern"})
    assert said(running, first.id) == ['→ weather({"city": "Bern"})']
    upstream.plays(answer("It will."))
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "6 x 7 mm"}
    turns = [*ASKED, message.model_dump(exclude_none=True), result]
    second = client.chat.completions.create(model="route/chat", messages=turns, tools=[WEATHER], top_p=0.5)
    assert second.choices[0].message.content == "It will."
    sent = upstream.seen[-1].body
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "tool"]
    assert sent["messages"][1]["tool_calls"][0]["id"] == sent["messages"][2]["tool_call_id"] == call.id
    assert (sent["tools"], sent["top_p"]) == ([WEATHER], 0.5)


def test_calls_stream_as_the_client_reads_them(client: OpenAI, upstream: Upstream) -> None:
    upstream.plays(calls(("weather", '{"city": "Bern"}'), ("weather", '{"city": "Basel"}'), text="Let me look."))
    with client.chat.completions.stream(model="route/chat", messages=ASKED, tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    choice = final.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "Let me look.")
    made = [json.loads(call.function.arguments)["city"] for call in choice.message.tool_calls or ()]
    assert made == ["Bern", "Basel"]


@pytest.mark.parametrize(
    "first",
    [calls(("weather", "{}")), calls(("hack", "{}")), answer("I would rather not.")],
    ids=["arguments", "name", "no call"],
)
def test_a_call_that_cannot_be_made_is_asked_of_the_next_model(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream, first: Any
) -> None:
    upstream.plays(first, calls(("weather", '{"city": "Bern"}')))
    given = client.chat.completions.create(model="route/chat", messages=ASKED, tools=[WEATHER], tool_choice="required")
    assert given.model == "large"
    document = kept(running, given.id)
    assert document["escalated"]
    assert [branch["scores"][0]["validator"] for branch in document["branches"]] == ["functions", "functions"]


def test_addresses_in_arguments_are_masked_on_their_way_and_come_back(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(calls(("weather", '{"city": "[email-1]"}')))
    earlier = {"name": "weather", "arguments": '{"city": "anna@example.org"}'}
    turns: list[Any] = [
        {"role": "user", "content": "Where does anna@example.org live?"},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": earlier}]},
        {"role": "tool", "tool_call_id": "c", "content": "of anna@example.org: Bern"},
    ]
    headers = {"x-routescope-context": '{"tags": ["careful"]}'}
    given = client.chat.completions.create(model="route/chat", messages=turns, tools=[WEATHER], extra_headers=headers)
    assert "anna@example.org" not in json.dumps(upstream.seen[-1].body)
    assert given.choices[0].message.tool_calls is not None
    assert given.choices[0].message.tool_calls[0].function.arguments == '{"city": "anna@example.org"}'  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tools": [{"type": "retrieval"}]}, "tools.0.type"),
        ({"tools": [WEATHER, WEATHER]}, "two functions have the same name"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools.0.function.name"),
        ({"tool_choice": "required"}, "there are no tools to choose from"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "not in tools"),
        ({"messages": [*ASKED, {"role": "tool", "content": "9"}]}, "messages.1.tool_call_id: it is missing"),
        ({"messages": [{**ASKED[0], "tool_call_id": "c"}]}, "messages.0.tool_call_id: a message of role user has none"),
        (
            {"messages": [{"role": "tool", "tool_call_id": "anna@example.org"}]},
            "messages.0.tool_call_id: string should",
        ),
    ],
    ids=["kind", "twice", "name", "nothing", "choice", "result", "place", "an address for an id"],
)
def test_what_cannot_be_meant_is_one_sentence(client: OpenAI, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(openai.BadRequestError, match=words):
        client.chat.completions.create(**{"model": "route/chat", "messages": ASKED, **fields})


def test_a_model_that_is_not_said_to_call_functions_or_to_see_is_not_asked(
    tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "loopback.toml"
    policy.write_text(POLICY.format(url=upstream.base_url))
    monkeypatch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
    with (
        gateway(tmp_path, policy) as (url, _),
        OpenAI(base_url=f"{url}/v1", api_key="-", max_retries=0) as client,
    ):
        with pytest.raises(openai.APIStatusError, match="offers functions"):
            client.chat.completions.create(model="route/chat", messages=ASKED, tools=[WEATHER])
        with pytest.raises(openai.APIStatusError, match="holds images"):
            client.chat.completions.create(model="route/chat", messages=SEEN)
    assert upstream.seen == []


# --- images --------------------------------------------------------------------------------------------------------


def test_an_image_goes_to_a_model_as_it_came_and_is_not_kept(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(answer("Nothing."))
    given = client.chat.completions.create(model="route/chat", messages=SEEN)
    assert given.choices[0].message.content == "Nothing."
    assert upstream.seen[-1].body["messages"] == SEEN
    assert kept(running, given.id)["signals"]["images"] == 1
    found = stored_decision(running[1].telemetry.engine, given.id.removeprefix("chatcmpl-"))
    assert found is not None
    assert found.content is not None
    assert [turn.text for turn in found.content.prompt] == [
        f"What is this?\n[image of type image/png, {len(PIXEL)} characters]\nIn one word."
    ]


def test_nobody_knows_what_an_image_holds_so_rules_take_it_for_private(
    running: tuple[str, Service, Upstream], client: OpenAI, upstream: Upstream
) -> None:
    upstream.plays(answer("Nothing."))
    headers = {"x-routescope-context": '{"tags": ["private"]}'}
    given = client.chat.completions.create(model="route/chat", messages=SEEN, extra_headers=headers)
    out = {one["model"]: one["excluded_by"] for one in kept(running, given.id)["candidates"]}
    assert out == {"small": None, "large": "rule:private-stays"}


def test_an_image_is_not_sent_where_the_prompt_must_be_redacted(client: OpenAI, upstream: Upstream) -> None:
    headers = {"x-routescope-context": '{"tags": ["careful"]}'}
    with pytest.raises(openai.PermissionDeniedError, match="image cannot be masked for sure"):
        client.chat.completions.create(model="route/chat", messages=SEEN, extra_headers=headers)
    assert upstream.seen == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.png", "file:///etc/passwd", "data:text/html,x", "ftp://a/b.png"])
def test_an_address_that_only_this_network_reaches_is_no_image(client: OpenAI, url: str) -> None:
    turns: list[Any] = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    with pytest.raises(openai.BadRequestError, match=r"messages\.0\.content\.0\.image_url\.url"):
        client.chat.completions.create(model="route/chat", messages=turns)
