"""What an upstream can do wrong, and what must come of each: one table for every way of calling.

`code` is the branch's error code, None when the answer is good all the same. `bill` is what the branch must cost:

- nothing: 0, estimated; the provider refused before any token was made
- estimate: something, estimated; tokens may have been made and nobody said how many
- counts: exactly what the upstream's counts come to
- unknown: nobody knows, NULL

`litellm` names what differs in litellm's streams, with the reason beside it; the rest is the same for both transports,
and for answers that litellm gets whole, which is how it is asked when nobody watches; `whole` names what differs there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, TypeAlias

from tests import upstream as up
from tests.upstream import Behaviour, Upstream

Bill: TypeAlias = Literal["nothing", "estimate", "counts", "unknown"]
CALLERS_FAULTS = frozenset({"upstream_rejected", "context_too_long", "content_filtered"})
"""Codes that say nothing about the model's health."""

Place: TypeAlias = Literal["request", "connection", "refused", "backlog"]
"""How far a call gets: a request arrives; only a connection; nobody listens; nobody picks up."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    behaviour: Behaviour | None
    code: str | None
    bill: Bill
    place: Place = "request"
    lasts: bool = False
    """Only a timeout ends it: the test gives the model little time."""
    text: str = ""
    """The answer, when it is good."""
    priced: bool = True
    litellm: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are otherwise in litellm's streams."""
    whole: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are otherwise in answers that litellm gets whole."""

    def through(self, kind: str, mode: str) -> Fault:
        """The fault as it must look through this kind of provider, called in this mode."""
        if kind != "litellm":
            return self
        return replace(self, **(self.litellm if mode == "stream" else self.whole))


def fails(name: str, behaviour: Behaviour | None, code: str, bill: Bill = "estimate", **more: Any) -> Fault:
    return Fault(name, behaviour, code, bill, **more)


def succeeds(name: str, behaviour: Behaviour, text: str, bill: Bill = "counts", **more: Any) -> Fault:
    return Fault(name, behaviour, None, bill, text=text, **more)


def says(message: str, **more: Any) -> dict[str, Any]:
    """The body of a failure."""
    return {"error": {"message": message, **more}}


def whole(content: Any, finish: str | None = "stop", **message: Any) -> str:
    """A plain JSON answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return json.dumps({"id": "1", "model": "upstream-1", "object": "chat.completion", "choices": [choice]})


def in_an_hour() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)


def used(prompt: Any, completion: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion}


END = (up.chunk(None, "stop", usage=up.USAGE), "[DONE]")
SSE = "text/event-stream"
HTML = "<html><body><h1>Welcome to nginx</h1></body></html>"
GARBAGE = bytes(range(256)) * 8
LONG = says("This model's maximum context length is 4096 tokens.", code="context_length_exceeded")
FILTERED = says("The response was stopped by our content filter.", code="content_filter")

NO_EVENTS = {"code": "bad_response", "bill": "estimate", "text": ""}
"""litellm asks for a stream and looks for events alone: in a plain body it finds none."""
NO_LIMIT = {"code": "timeout", "lasts": True}
"""litellm gathers a line until it ends, however long it gets: the timeout ends it."""

CONNECTION = [
    fails("refused", None, "unreachable", "nothing", place="refused"),
    fails("connect-hang", None, "timeout", place="backlog", lasts=True),
    fails("slammed", None, "unreachable", "nothing", place="connection"),
    fails("reset-before-headers", up.reset(), "unreachable", "nothing"),
    fails("closed-before-headers", up.raw(b""), "unreachable", "nothing"),
    fails("not-http", up.raw(b"SSH-2.0-OpenSSH_9.7\r\n"), "bad_response"),
    fails("not-http-and-echoes-the-key", up.parrot(), "bad_response"),
    fails("hang-before-headers", up.hang(), "timeout", lasts=True),
    fails("hang-within-headers", up.raw(b"HTTP/1.1 200 OK\r\nContent-", "hang"), "timeout", lasts=True),
]

STATUS = [
    fails("400", up.status(400), "upstream_rejected", "nothing"),
    fails("401-echoes-the-key", up.echo_key(401), "authentication_failed", "nothing"),
    fails("402", up.status(402), "not_served", "nothing"),
    fails("403-echoes-the-key", up.echo_key(403), "authentication_failed", "nothing"),
    fails("404", up.status(404), "not_served", "nothing"),
    fails("408", up.status(408), "timeout"),
    fails("409", up.status(409), "upstream_rejected", "nothing"),
    fails("413", up.status(413), "context_too_long", "nothing"),
    fails("422", up.status(422), "upstream_rejected", "nothing"),
    fails("429", up.status(429), "rate_limited", "nothing"),
    fails("429-short", up.status(429, None, Retry_After="0.05"), "rate_limited", "nothing"),
    fails("429-long", up.status(429, None, Retry_After="30"), "rate_limited", "nothing"),
    fails("429-absurd", up.status(429, None, Retry_After="86400"), "rate_limited", "nothing"),
    fails("429-date", up.status(429, None, Retry_After=in_an_hour()), "rate_limited", "nothing"),
    fails("429-nonsense", up.status(429, None, Retry_After="soon"), "rate_limited", "nothing"),
    fails("500", up.status(500), "upstream_failure", "nothing"),
    fails("500-echoes-the-key", up.echo_key(500), "upstream_failure", "nothing"),
    fails("502-html", up.status(502, HTML, Content_Type="text/html"), "upstream_failure", "nothing"),
    fails("503", up.status(503), "upstream_failure", "nothing"),
    fails("504", up.status(504), "timeout"),
    fails("529", up.status(529, says("Overloaded", type="overloaded_error")), "upstream_failure", "nothing"),
    fails("redirect", up.status(307, None, Location="/v1/chat/completions"), "bad_response"),
    fails("context-length", up.status(400, LONG), "context_too_long", "nothing"),
    fails("context-length-as-500", up.status(500, LONG), "context_too_long", "nothing"),
    fails("filter-as-400", up.status(400, FILTERED), "content_filtered"),
    fails(
        "error-body-with-200",
        up.body(json.dumps(says("overloaded", code=503))),
        "upstream_failure",
        "nothing",
        litellm=NO_EVENTS,
    ),
]

BODY = [
    fails("empty-body", up.body(""), "bad_response"),
    fails("html", up.body(HTML, "text/html"), "bad_response"),
    fails("html-called-json", up.body(HTML), "bad_response"),
    fails("malformed-json", up.body('{"choices": [{"mess'), "bad_response"),
    fails("json-that-is-no-object", up.body("[1, 2]"), "bad_response"),
    fails("deep-json", up.body("[" * 100_000), "bad_response"),
    fails("empty-choices", up.body('{"choices": []}'), "bad_response"),
    fails("null-content", up.body(whole(None)), "bad_response"),
    fails("content-filter", up.answer("half an ans", finish="content_filter"), "content_filtered"),
    fails("wrong-type-and-garbage", up.body(GARBAGE, "image/png"), "bad_response"),
    fails("gzip-garbage", up.body(GARBAGE, Content_Encoding="gzip"), "bad_response"),
    fails("length-too-long", up.body_cut("application/json", b'{"choices": [', claims=5000), "bad_response"),
    fails("length-too-short", up.body_cut("application/json", whole("Paris.").encode(), claims=40), "bad_response"),
    fails(
        "endless-body",
        up.pours(b" " * 65_536, pause_s=0.001, content_type="application/json"),
        "bad_response",
        litellm=NO_LIMIT,
    ),
    fails(
        "200-whose-error-echoes-the-key",
        up.echo_key(200),
        "upstream_failure",
        "nothing",
        litellm=NO_EVENTS,
    ),
    succeeds("wrong-type-of-a-good-stream", up.body(up.wire(up.chunk("Paris."), *END), "text/plain"), "Paris."),
    succeeds("not-streamed", up.body(whole("Paris.")), "Paris.", "unknown", litellm=NO_EVENTS),
]

STREAM = [
    fails("slow-first-token", up.answer("late", first_chunk_s=30), "timeout", lasts=True),
    fails(
        "hang-after-headers",
        up.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "hang"),
        "timeout",
        lasts=True,
    ),
    fails("hang-in-the-middle", up.hang("some "), "timeout", lasts=True),
    fails("pings-for-ever", up.pours(b": ping\n\n", pause_s=0.01), "timeout", lasts=True),
    fails("cut", up.cut("some ", "words"), "bad_response"),
    fails("cut-before-text", up.cut(), "bad_response"),
    fails("clean-close-without-finish", up.answer("half", finish=None, done=False), "bad_response"),
    fails("end-mark-without-finish", up.answer("half", finish=None), "bad_response"),
    fails("no-text", up.answer([]), "bad_response"),
    fails("no-events", up.events(), "bad_response"),
    fails("only-the-end-mark", up.events("[DONE]"), "bad_response"),
    fails("garbage-stream", up.body(GARBAGE, SSE), "bad_response"),
    fails("garbage-events", up.events("{oops", "[DONE]"), "bad_response"),
    fails("garbage-after-text", up.events(up.chunk("some "), "{oops", *END), "bad_response"),
    fails("events-of-other-types", up.events("1", '"text"', "null", *END), "bad_response"),
    fails("content-that-is-no-text", up.events('{"choices": [{"delta": {"content": ["x"]}}]}', *END), "bad_response"),
    fails("empty-choices-in-a-stream", up.events('{"choices": []}', "[DONE]"), "bad_response"),
    fails("null-content-in-a-stream", up.events(*END), "bad_response"),
    fails("error-in-a-stream", up.events(json.dumps(says("overloaded", code=503))), "upstream_failure", "nothing"),
    fails(
        "error-after-text", up.events(up.chunk("some "), json.dumps(says("overloaded", code=503))), "upstream_failure"
    ),
    fails("endless-stream", up.endless("ten more words, each time anew "), "bad_response"),
    fails("endless-line", up.pours(b"x" * 65_536, pause_s=0.001), "bad_response", litellm=NO_LIMIT),
    fails("one-huge-event", up.events(up.chunk("x" * 1_100_000), *END), "bad_response"),
    succeeds("two-end-marks", up.events(up.chunk("Paris."), *END, "[DONE]"), "Paris."),
    succeeds("text-after-the-end", up.events(up.chunk("Paris."), *END, up.chunk(" London.")), "Paris."),
    succeeds("no-end-mark", up.events(up.chunk("Paris."), END[0]), "Paris."),
    succeeds("carriage-returns", up.answer("Paris.", newline="\r\n"), "Paris."),
    succeeds("another-choice-between", up.events(up.chunk("Paris."), up.chunk("London", index=1), *END), "Paris."),
    succeeds("lone-surrogate", up.events('{"choices": [{"delta": {"content": "a\\ud800b"}}]}', *END), "a?b"),
    succeeds(
        "cut-after-the-finish",
        up.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Content-Length: 9000\r\n\r\n" + up.wire(up.chunk("Paris."), END[0])
        ),
        "Paris.",
        whole={"code": "bad_response", "bill": "estimate", "text": ""},  # it is not whole
    ),
]

USAGE = [
    succeeds("unpriced", up.answer("Paris."), "Paris.", "unknown", priced=False),
    succeeds("usage-missing", up.answer("Paris.", usage=None), "Paris.", "unknown"),
    succeeds("usage-negative", up.answer("Paris.", usage=used(-11, 3)), "Paris.", "unknown"),
    succeeds("usage-huge", up.answer("Paris.", usage=used(11, 10**30)), "Paris.", "unknown"),
    succeeds("usage-in-words", up.answer("Paris.", usage=used("11", "three")), "Paris.", "unknown"),
    succeeds("usage-in-halves", up.answer("Paris.", usage=used(11.5, 3.5)), "Paris.", "unknown"),
    succeeds("usage-null", up.answer("Paris.", usage=used(None, None)), "Paris.", "unknown"),
    succeeds("usage-half", up.answer("Paris.", usage={"prompt_tokens": 11}), "Paris.", "unknown"),
    succeeds("usage-is-a-list", up.answer("Paris.", usage=[11, 3]), "Paris.", "unknown"),
]

FAULTS = [*CONNECTION, *STATUS, *BODY, *STREAM, *USAGE]


def staged(fault: Fault, upstream: Upstream, stack: ExitStack) -> str:
    """Let the fault happen at the base URL that is returned."""
    if fault.place == "refused":
        return stack.enter_context(up.refused())
    if fault.place == "backlog":
        return stack.enter_context(up.full_backlog())
    if fault.place == "connection":
        upstream.greets(up.Slam)
    else:
        assert fault.behaviour is not None
        upstream.plays(fault.behaviour)
    return upstream.base_url
