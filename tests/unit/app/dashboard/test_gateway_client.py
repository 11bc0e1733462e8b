from __future__ import annotations

import json
import socket

import pytest

from app.dashboard.gateway_client import Gateway, Question
from app.dashboard.gateway_error import GatewayError, GatewayGarbled, GatewayUnreachable
from tests.scripted_gateway import ScriptedGateway, escalating_run


@pytest.fixture
def gateway():
    with ScriptedGateway() as server:
        yield server


def told(server, question=None):
    with Gateway(server.base_url).events(question or Question("hello")) as stream:
        return [event for event in stream if event is not None]


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_question_is_sent_as_the_gateway_wants_it(gateway):
    gateway.plays(*escalating_run())
    told(
        gateway,
        Question("Zähl bis drei", "quick", "high", "sensitive", 0.01, 5000, 64, ("demo",)),
    )
    assert gateway.seen == [
        {
            "messages": [{"role": "user", "content": "Zähl bis drei"}],
            "route": "quick",
            "context": {
                "risk": "high",
                "data_class": "sensitive",
                "cost_cap_usd": 0.01,
                "deadline_ms": 5000,
                "tags": ["demo"],
            },
            "max_tokens": 64,
            "purpose": "playground",
        }
    ]
    assert gateway.headers[0]["Content-Type"] == "application/json"


def test_what_is_not_stated_is_left_to_the_policy(gateway):
    gateway.plays(*escalating_run())
    told(gateway)
    assert gateway.seen[0]["context"] == {"risk": "low", "data_class": "internal"}
    assert gateway.seen[0]["route"] is None


def test_a_gateway_that_is_not_there_is_named_with_the_command_that_starts_it():
    url = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(GatewayUnreachable) as caught:
        Gateway(url).catalogue()
    assert str(caught.value) == f"the gateway at {url} does not answer; start it with `routescope serve`"


def test_a_gateway_that_accepts_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(GatewayUnreachable, match="said nothing"):
        Gateway(f"http://127.0.0.1:{mute.getsockname()[1]}", patience_s=0.2).health()


def test_a_server_that_hangs_up_at_once_counts_as_not_answering():
    with socket.create_server(("127.0.0.1", 0)) as rude:
        import threading

        threading.Thread(target=lambda: rude.accept()[0].close(), daemon=True).start()
        with pytest.raises(GatewayUnreachable, match="routescope serve"):
            Gateway(f"http://127.0.0.1:{rude.getsockname()[1]}").health()


@pytest.mark.parametrize("address", ["", "127.0.0.1:4000", "ftp://somewhere", "http://", "http://127.0.0.1:99999"])
def test_an_address_that_is_no_url_is_refused_with_an_example_or_a_range(address):
    with pytest.raises(GatewayError) as caught:
        Gateway(address)
    assert caught.value.code == "bad_address"


def test_the_gateways_own_sentence_reaches_the_reader(gateway):
    error = {"message": "the prompt is empty; write at least one word", "type": "x", "code": "empty_prompt"}
    gateway.refusal = (400, json.dumps({"error": error}).encode())
    with pytest.raises(GatewayError) as caught:
        told(gateway)
    assert (str(caught.value), caught.value.code, caught.value.status) == (error["message"], "empty_prompt", 400)


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"[]", b'{"error": "no"}', b'{"error": null}', b"\xff"])
def test_a_refusal_without_a_reason_says_so_with_its_status(gateway, body):
    gateway.refusal = (502, body)
    with pytest.raises(GatewayGarbled, match="HTTP 502") as caught:
        told(gateway)
    assert caught.value.status == 502


def test_a_page_where_events_were_expected_is_not_read(gateway):
    gateway.content_type = "text/html"
    with pytest.raises(GatewayGarbled, match="text/html"):
        told(gateway)


def test_the_catalogue_tells_routes_models_and_what_is_still_loading(gateway):
    catalogue = Gateway(gateway.base_url).catalogue()
    assert [(route.name, route.default) for route in catalogue.routes] == [("chat", True), ("quick", False)]
    assert [model.name for model in catalogue.models] == ["tiny", "big"]
    (waiting,) = catalogue.waiting
    assert (waiting.name, waiting.reason, waiting.progress) == ("big", "pulling", 0.43)


@pytest.mark.parametrize("listing", [[], {}, {"data": None}, {"data": "x"}])
def test_a_list_of_models_without_entries_is_not_understood(gateway, listing):
    gateway.models = listing
    with pytest.raises(GatewayGarbled, match="cannot be understood"):
        Gateway(gateway.base_url).catalogue()


def test_entries_of_other_gateways_and_odd_progress_are_passed_over(gateway):
    known = {"kind": "model", "ready": "yes", "progress": 7}
    gateway.models = {"data": [{"id": "gpt"}, 3, None, {"id": "m", "routescope": known}]}
    (model,) = Gateway(gateway.base_url).catalogue().models
    assert (model.ready, model.progress) == (False, 1.0)


def test_an_explanation_is_the_decision_with_nothing_called(gateway):
    assert Gateway(gateway.base_url).explain(Question("hello"))["status"] == "planned"


def test_a_lone_surrogate_is_refused_before_anything_is_sent(gateway):
    with pytest.raises(GatewayError, match="lone surrogate"):
        told(gateway, Question("a\ud800b"))
    assert gateway.seen == []


def test_the_gateway_is_alive(gateway):
    assert Gateway(gateway.base_url + "/").health() == {"status": "ok"}
