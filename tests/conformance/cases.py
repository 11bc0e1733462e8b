"""What the gateway owes to every client: the same cases for all of them, against a real gateway and upstream.

A file of tests derives from `Conformance` and says how its client is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from app.keys.key import Key
from app.keys.store import create
from app.wiring import Service
from telemetry.query.decision import decision as stored_decision
from telemetry.storage.models import REQUEST
from tests.conformance.clients import Call, Client, ClientFailed, Clients, Said
from tests.serving import POLICY, gateway
from tests.upstream import Upstream, answer, calls, hang, status

QUESTION = "Tell me something about rivers"
CHAT, QUICK = "route/chat", "route/quick"
PATIENT_S = 60.0


@dataclass(frozen=True)
class Place:
    """A gateway with keys, and the upstream behind it."""

    url: str
    service: Service
    upstream: Upstream
    key: str

    def another_key(self, name: str, requests_per_minute: int) -> str:
        """The text of a further key."""
        return _key(self.service, name, requests_per_minute)

    def kept(self, said: Said) -> dict[str, Any]:
        """The decision of an answer, as it is in the database."""
        newest = sa.select(REQUEST.c.decision_id).order_by(REQUEST.c.start_ns.desc()).limit(1)
        with self.service.telemetry.engine.connect() as connection:
            decision_id = said.completion_id or connection.scalars(newest).one()
        found = stored_decision(self.service.telemetry.engine, decision_id.removeprefix("chatcmpl-"))
        assert found is not None, "the decision is not in the database"
        return found.document

    def cancelled(self) -> list[str]:
        """Ids of decisions whose clients left."""
        with self.service.telemetry.engine.connect() as connection:
            found = connection.scalars(sa.select(REQUEST.c.decision_id).where(REQUEST.c.status == "cancelled"))
            return list(found)


def _key(service: Service, name: str, requests_per_minute: int | None = None) -> str:
    # A tenant that is nobody's default: a decision can only have it from the key.
    key = Key("", name, "acme", "client", None, requests_per_minute, datetime.now(UTC), "tests")
    return create(service.telemetry.engine, key).text


def until(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENT_S
    while not happens():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


@pytest.fixture(scope="class")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("home")
    with Upstream() as upstream, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        text = POLICY.format(url=upstream.base_url).replace('["json"]', '["json", "tools"]')
        policy = home / "loopback.toml"
        policy.write_text(text.replace("breaker = { enabled = false }", "breaker = { failures_in_row = 1 }"))
        with gateway(home, policy) as (url, service):
            yield Place(f"{url}/v1", service, upstream, _key(service, "application"))


class Conformance:
    """The cases."""

    clients: ClassVar[Clients]
    timeout: ClassVar[str] = "APITimeoutError"
    """What the client raises when it has waited long enough."""

    @pytest.fixture
    def upstream(self, place: Place) -> Upstream:
        place.upstream.seen.clear()
        place.upstream.closed_early.clear()
        return place.upstream

    def client(self, place: Place, key: str | None = None, timeout_s: float = PATIENT_S) -> Client:
        return type(self).clients(place.url, key or place.key, timeout_s)

    def test_a_plain_answer(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(answer("Rivers flow."))
        said = self.client(place).ask(QUESTION, CHAT)
        assert (said.text, said.tokens) == ("Rivers flow.", 14)
        kept = place.kept(said)
        assert (kept["tenant"], kept["chosen"], kept["status"]) == ("acme", "small", "ok")
        assert upstream.seen[0].body["messages"] == [{"role": "user", "content": QUESTION}]

    def test_a_plain_model_name_is_served_and_recorded(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(answer("Rivers flow."))
        said = self.client(place).ask(QUESTION, "small")
        assert (said.text, place.kept(said)["chosen"]) == ("Rivers flow.", "small")

    @pytest.mark.parametrize("route", [CHAT, QUICK])
    def test_a_stream(self, place: Place, upstream: Upstream, route: str) -> None:
        upstream.plays(answer(["Rivers ", "flow ", "to the sea."]))
        said = self.client(place).stream(QUESTION, route)
        assert said.text == "Rivers flow to the sea."
        assert said.tokens in (None, 14)
        assert place.kept(said)["status"] == "ok"

    def test_a_function_is_offered_called_and_answered(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(calls(("weather", '{"city": "Bern"}')), answer("It will rain."))
        call, said = self.client(place).use_function("Will it rain in Bern?", CHAT, "12 mm")
        assert (call, said.text) == (Call("weather", {"city": "Bern"}), "It will rain.")
        first, second = (seen.body for seen in upstream.seen)
        assert first["tools"][0]["function"]["name"] == "weather"
        assert first["tools"][0]["function"]["parameters"]["required"] == ["city"]
        turns = second["messages"][-2:]
        assert [turn["role"] for turn in turns] == ["assistant", "tool"]
        assert turns[0]["tool_calls"][0]["id"] == turns[1]["tool_call_id"]
        assert "12 mm" in turns[1]["content"]

    def test_calls_in_a_stream(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(calls(("weather", '{"city": "Bern"}'), ("weather", '{"city": "Basel"}')))
        made = self.client(place).stream_calls("Will it rain in Bern or in Basel?", CHAT)
        assert list(made) == [Call("weather", {"city": "Bern"}), Call("weather", {"city": "Basel"})]

    def test_an_answer_by_a_schema(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(answer('{"river": "Rhine"}'))
        assert self.client(place).fill_schema("Name a river.", CHAT) == {"river": "Rhine"}
        wanted = upstream.seen[0].body["response_format"]
        assert wanted["json_schema"]["schema"]["properties"]["river"]["type"] == "string"

    def refused(self, client: Client, model: str = CHAT, text: str = QUESTION) -> list[ClientFailed]:
        """What a client raises, of a whole answer and of a stream."""
        found = []
        for method in (client.ask, client.stream):
            with pytest.raises(ClientFailed) as caught:
                method(text, model)
            found.append(caught.value)
        return found

    def check(self, failed: ClientFailed, kind: str, status: int) -> None:
        assert (kind in failed.kinds, failed.status) == (True, status), failed

    def test_a_bad_request_is_the_client_s_own_error(self, place: Place) -> None:
        for failed in self.refused(self.client(place), text=" "):
            self.check(failed, "BadRequestError", 400)
            assert "the prompt is empty" in str(failed)

    def test_a_wrong_key_is_the_client_s_own_error(self, place: Place, upstream: Upstream) -> None:
        for failed in self.refused(self.client(place, "rsk-000000000000-" + "a" * 43)):
            self.check(failed, "AuthenticationError", 401)
        assert upstream.seen == []

    def test_an_unknown_model_is_the_client_s_own_error(self, place: Place) -> None:
        for failed in self.refused(self.client(place), "gpt-99"):
            self.check(failed, "NotFoundError", 404)
            assert "use one of route/chat, route/quick" in str(failed)

    def test_a_rate_that_is_used_up_says_when_to_come_again(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(answer("Rivers flow."))
        client = self.client(place, place.another_key("slow", requests_per_minute=1))
        assert client.ask(QUESTION, CHAT).text == "Rivers flow."
        for failed in self.refused(client):
            self.check(failed, "RateLimitError", 429)
            assert 1 <= int(failed.retry_after or "0") <= 60

    def test_a_model_that_is_not_called_for_a_while_says_when_it_is(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(status(500))
        client = self.client(place)
        with pytest.raises(ClientFailed) as caught:
            client.ask(QUESTION, "large")
        self.check(caught.value, "InternalServerError", 502)
        upstream.seen.clear()
        for failed in self.refused(client, "large"):
            self.check(failed, "InternalServerError", 503)
            assert 1 <= int(failed.retry_after or "0") <= 600
        assert upstream.seen == []

    def test_a_client_that_waits_no_longer_ends_the_call(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(hang())
        before = set(place.cancelled())
        with pytest.raises(ClientFailed) as caught:
            self.client(place, timeout_s=0.5).ask(QUESTION, QUICK)
        assert type(self).timeout in caught.value.kinds
        until(lambda: len(place.cancelled()) > len(before))
        assert upstream.closed_early.wait(PATIENT_S)

    def test_a_client_that_leaves_a_stream_ends_the_call_and_what_was_spent_is_recorded(
        self, place: Place, upstream: Upstream
    ) -> None:
        upstream.plays(answer(["word "] * 400, chunk_s=0.05))
        before = set(place.cancelled())
        self.client(place).leave(QUESTION, QUICK)
        assert upstream.closed_early.wait(PATIENT_S)
        until(lambda: len(place.cancelled()) > len(before))
        (left,) = set(place.cancelled()) - before
        kept = place.kept(Said("", left))
        assert kept["cost_usd"] > 0
        assert kept["branches"][0]["cost_source"] == "estimated"
