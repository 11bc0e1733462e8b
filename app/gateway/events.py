"""`POST /v1/route/events` and `/v1/route/explain`: the decision as it is made, and as it would be made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.gateway.admission import check_target, known_caller
from app.gateway.bodies import read_route
from app.gateway.chat import SSE_HEADERS
from router_core import events
from router_core.errors import RouteScopeError
from router_core.router import Router


async def route_events(request: Request) -> Response:
    """Every event of a routed request, over server-sent events: the playground's source."""
    wanted = await read_route(request)
    # Asked for only now: while the body was on its way the policy may have been exchanged.
    router: Router = request.app.state.service.router
    check_target(known_caller(request), router.targets.resolve(wanted.route).name)
    stream = router.stream(wanted)
    # A request that cannot be routed is an HTTP error, not a stream: its first event decides.
    first = await anext(stream)
    return StreamingResponse(_sse(first, stream), media_type="text/event-stream", headers=SSE_HEADERS)


async def route_explain(request: Request) -> Response:
    """The decision without a call."""
    wanted = await read_route(request)
    router: Router = request.app.state.service.router
    check_target(known_caller(request), router.targets.resolve(wanted.route).name)
    return JSONResponse(asdict(await router.explain(wanted)))


async def _sse(first: events.Event, stream: AsyncGenerator[events.Event]) -> AsyncIterator[bytes]:
    try:
        yield _frame(first)
        async for event in stream:
            yield _frame(event)
    except RouteScopeError as error:
        yield _frame(events.Failed(error.code, str(error), error.http_status))
    finally:
        await stream.aclose()


def _frame(event: events.Event) -> bytes:
    return f"event: {event.type}\ndata: {events.to_json(event)}\n\n".encode()
