from __future__ import annotations

import pytest

from app.dashboard import event_stream
from app.dashboard.gateway_client import Gateway, Question
from app.dashboard.gateway_error import GatewayError
from router_core.events import Failed, Settled, Token
from tests.scripted_gateway import ScriptedGateway, escalating_run, frame


@pytest.fixture
def gateway():
    with ScriptedGateway() as server:
        yield server


def told(server):
    with Gateway(server.base_url).events(Question("hello")) as stream:
        return [event for event in stream if event is not None]


def test_events_arrive_typed_whole_and_in_order(gateway):
    script = escalating_run()
    gateway.plays(*script)
    assert told(gateway) == list(script)


def test_a_stream_that_ends_before_the_decision_is_an_error_after_its_events(gateway):
    script = escalating_run()[:5]
    gateway.plays(*script)
    seen = []
    with (
        pytest.raises(GatewayError, match="ended before the decision was settled"),
        Gateway(gateway.base_url).events(Question("hello")) as stream,
    ):
        seen.extend(event for event in stream if event is not None)
    assert seen == list(script)


def test_a_stream_may_end_with_a_failure_that_left_no_decision(gateway):
    failure = Failed("not_durable", "the decision could not be kept", 503)
    gateway.plays(failure)
    assert told(gateway) == [failure]


@pytest.mark.parametrize("data", ["", "nonsense", "{}", '{"index": "no", "text": "a", "final": true}', "[1]"])
def test_an_event_that_cannot_be_read_names_its_type(gateway, data):
    gateway.plays(f"event: token\ndata: {data}\ndata:\n\n".encode(), *escalating_run())
    with pytest.raises(GatewayError, match="'token' event"):
        told(gateway)


def test_events_of_a_later_version_are_skipped(gateway):
    last = escalating_run()[-1]
    gateway.plays(b'event: applause\ndata: {"type":"applause"}\n\n', last)
    assert told(gateway) == [last]


def test_a_quiet_stream_ticks_so_that_its_reader_can_act(gateway):
    gateway.plays(0.3, escalating_run()[-1])
    with Gateway(gateway.base_url).events(Question("hello"), tick_s=0.05) as stream:
        seen = list(stream)
    assert seen.count(None) >= 3
    assert isinstance(seen[-1], Settled)


def test_closing_hangs_up_at_once_even_while_nothing_comes(gateway):
    gateway.plays(Token(0, "first", False), 30.0)
    stream = Gateway(gateway.base_url).events(Question("hello"), tick_s=0.05)
    assert next(iter(stream)) == Token(0, "first", False)
    stream.close()
    stream.close()
    assert gateway.hung_up.wait(60), "it waits for the answer's next word"
    assert list(stream) == []


def test_frames_are_split_as_the_standard_says():
    lines = [
        b": hi\r\n",
        b"event: a\r\n",
        b"data: 1\r\n",
        b"data:2\r\n",
        b"\r\n",
        b"\n",
        b"id: 3\n",
        b"data: x\n",
        b"\n",
    ]
    assert list(event_stream.frames([*lines, b"data: cut off\n"])) == [("a", "1\n2"), ("message", "x")]


def test_an_endless_event_is_cut_off(monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_EVENT_BYTES", 100)
    with pytest.raises(ValueError, match="sent an event of more than"):
        list(event_stream.frames([b"data: " + b"x" * 60 + b"\n"] * 3))


def test_line_separators_inside_a_text_do_not_end_its_event(gateway):
    odd = Token(0, "a\u2028b\x85c\vd\r\n", False)
    gateway.plays(odd, escalating_run()[-1])
    assert told(gateway)[0] == odd
    assert frame(odd).count(b"\n\n") == 1
