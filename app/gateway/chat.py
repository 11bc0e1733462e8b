"""`POST /v1/chat/completions`: a routed answer in OpenAI's form, whole or as a stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.gateway.admission import check_target, known_caller
from app.gateway.bodies import ChatBody, read_chat
from app.gateway.errands import errand
from app.gateway.errors import body_of, error_body, routing_kind
from app.gateway.headers import Course, of_decision, of_refusal
from app.gateway.leaving import unless_left
from router_core.errors import RouteScopeError
from router_core.events import Answered, Event, Failed, Settled, Token
from router_core.functions import FunctionCall
from router_core.request import RouteRequest
from router_core.result import CommitState, Decision, Earlier, RouteResult
from router_core.router import Router

SSE_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


async def chat_completions(request: Request) -> Response:
    """Answer one chat completion."""
    body, wanted = await read_chat(request)
    wanted = await errand(request, wanted)
    # Asked for only now: while the body was on its way the policy may have been exchanged.
    router: Router = request.app.state.service.router
    check_target(known_caller(request), router.targets.resolve(wanted.route).name)
    answer = _stream(request, router, body, wanted) if body.stream else _whole(router, wanted)
    return await unless_left(request, answer)


async def _whole(router: Router, wanted: RouteRequest) -> Response:
    result = await router.aroute(wanted)
    decision = result.decision
    content = {
        **_head(decision.decision_id, _answers(decision, result.earlier), "chat.completion"),
        "choices": [
            {
                "index": 0,
                "message": _message(result),
                "finish_reason": _finish(result.finish_reason, result.calls),
            }
        ],
        "usage": _usage(decision),
        "routescope": _summary(decision, result.commit),
    }
    return Response(orjson.dumps(content), media_type="application/json", headers=of_decision(decision, result.earlier))


async def _stream(request: Request, router: Router, body: ChatBody, wanted: RouteRequest) -> Response:
    """The response starts with the first event that a client can see, so that a failure before it is a real status."""
    events = router.stream(wanted)
    course = Course()
    try:
        async for event in events:
            course.note(event)
            if isinstance(event, Failed):
                return await _refused(request, event, course.decision_id, events)
            if isinstance(event, Answered) or (isinstance(event, Token) and event.final):
                usage_wanted = body.stream_options is not None and body.stream_options.include_usage
                chunks = _chunks(course.decision_id, event, events, usage_wanted)
                headers = {**SSE_HEADERS, **course.headers()}
                return StreamingResponse(chunks, media_type="text/event-stream", headers=headers)
    except asyncio.CancelledError:
        await events.aclose()
        raise
    raise AssertionError("a request ends in an answer or in an error")


async def _refused(request: Request, failed: Failed, decision_id: str, events: AsyncGenerator[Event]) -> Response:
    async with aclosing(events):
        async for _ in events:
            pass  # The decision is committed before the refusal goes out.
    headers = of_refusal(request, failed.http_status, decision_id, failed.retry_after_s)
    return JSONResponse(_error(failed, decision_id), status_code=failed.http_status, headers=headers)


async def _chunks(
    decision_id: str, first: Event, events: AsyncGenerator[Event], usage_wanted: bool
) -> AsyncIterator[bytes]:
    """OpenAI's chunks. What says that the answer is complete waits until the decision is committed."""
    finish_reason = "stop"
    earlier: Earlier | None = None
    settled: Settled | None = None
    failed: Failed | None = None
    head = _head(decision_id, None, "chat.completion.chunk")
    # Chunks that are there together are sent together.
    ready = [_data({**head, "choices": [_choice({"role": "assistant", "content": ""})]})]
    try:
        async for event in _chain(first, events):
            match event:
                case Token(final=True, text=text):
                    ready.append(_data({**head, "choices": [_choice({"content": text})]}))
                case Answered(streamed=streamed, text=text, finish_reason=reason, calls=calls):
                    finish_reason, earlier = _finish(reason, calls), event.earlier
                    if text and (not streamed or event is first):  # a tool's answer is final, yet came without tokens
                        ready.append(_data({**head, "choices": [_choice({"content": text})]}))
                    for place, call in enumerate(_tool_calls(calls)):  # a chunk each: some clients read but one
                        piece = {"index": place, **call}
                        ready.append(_data({**head, "choices": [_choice({"tool_calls": [piece]})]}))
                case Failed():
                    failed = event  # told below, when its decision is committed
                case Settled():
                    settled = event
                case _:
                    pass
            if ready:
                yield b"".join(ready)
                ready.clear()
    except RouteScopeError as error:
        yield _data(body_of(error))
        return
    finally:
        await events.aclose()
    if failed is not None:
        yield _data(_error(failed, decision_id))
    elif settled is not None:
        yield b"".join(_ending(settled, earlier, finish_reason, usage_wanted))


def _ending(settled: Settled, earlier: Earlier | None, finish_reason: str, usage_wanted: bool) -> Iterator[bytes]:
    decision = settled.decision
    head = _head(decision.decision_id, _answers(decision, earlier), "chat.completion.chunk")
    summary = {"routescope": _summary(decision, settled.commit)}
    yield _data({**head, "choices": [_choice({}, finish_reason)], **summary})
    if usage_wanted:
        yield _data({**head, "choices": [], "usage": _usage(decision), **summary})
    yield b"data: [DONE]\n\n"


async def _chain(first: Event, rest: AsyncGenerator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in rest:
        yield event


def _error(failed: Failed, decision_id: str) -> dict[str, Any]:
    body = error_body(failed.message, failed.code, routing_kind(failed.http_status))
    body["error"]["decision_id"] = decision_id
    return body


def _answers(decision: Decision, earlier: Earlier | None) -> str | None:
    """The model or tool whose answer it is; of an answer of the cache, the model that gave it."""
    return decision.chosen if earlier is None else earlier.model


def _head(decision_id: str, model: str | None, kind: str) -> dict[str, Any]:
    created = int(time.time())
    return {"id": f"chatcmpl-{decision_id}", "object": kind, "created": created, "model": model or "routescope"}


def _message(result: RouteResult) -> dict[str, Any]:
    if not result.calls:
        return {"role": "assistant", "content": result.text}
    return {"role": "assistant", "content": result.text or None, "tool_calls": _tool_calls(result.calls)}


def _tool_calls(calls: Sequence[FunctionCall]) -> list[dict[str, Any]]:
    return [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]


def _finish(reason: str | None, calls: Sequence[FunctionCall]) -> str:
    """Some upstreams say ``stop`` where they call functions; clients look there for what to do."""
    return "tool_calls" if calls else reason or "stop"


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def _usage(decision: Decision) -> dict[str, int] | None:
    """Tokens of all branches; null when any is unknown, never a made-up number."""
    if decision.input_tokens is None or decision.output_tokens is None:
        return None
    return {
        "prompt_tokens": decision.input_tokens,
        "completion_tokens": decision.output_tokens,
        "total_tokens": decision.input_tokens + decision.output_tokens,
    }


def _summary(decision: Decision, commit: CommitState) -> dict[str, Any]:
    return {
        "decision_id": decision.decision_id,
        "route": decision.route,
        "model": decision.chosen,
        "reason": decision.reason,
        "cost_usd": decision.cost_usd,
        "baseline_cost_usd": decision.baseline_cost_usd,
        "savings_usd": decision.savings_usd,
        "escalated": decision.escalated,
        "fell_back": decision.fell_back,
        "commit": commit,
    }


def _data(content: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"
