"""`POST /v1/feedback`: what people say of an answer, kept beside its decision."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.gateway.admission import known_caller
from app.gateway.author import author_of
from app.gateway.bodies import read_body
from app.gateway.errors import error_body
from app.gateway.messages import InvalidBody
from app.wiring import Service
from router_core.errors import RequestError
from telemetry.errors import StorageError
from telemetry.evaluation import LONGEST, Opinion

_SCORES: Final = {"good": 1.0, "bad": -1.0}


class FeedbackBody(BaseModel):
    """An opinion on one decision; said again, it takes the place of the first one."""

    model_config = ConfigDict(extra="forbid")
    decision_id: Annotated[str, Field(min_length=1, max_length=200)]
    score: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False, strict=True)] | None = None
    label: Literal["good", "bad"] | None = None
    comment: Annotated[str, Field(max_length=LONGEST)] | None = None

    def as_opinion(self, author: str) -> Opinion:
        """The opinion (InvalidBody when it is none, or contradicts itself)."""
        if self.score is None and self.label is None:
            raise InvalidBody('score, label: one of them is needed; send {"label": "good"} or {"score": 0.5}')
        score = _SCORES[self.label] if self.label is not None and self.score is None else self.score
        assert score is not None
        opinion = Opinion(self.decision_id, score, author, self.comment)
        if self.label is not None and opinion.label != self.label:
            raise InvalidBody(f"score, label: {score:g} is not {self.label}; good is above 0, bad below: send one")
        return opinion


class UnknownDecision(RequestError):
    """Feedback on a decision that is not in the store."""

    code = "unknown_decision"
    http_status = 404


async def feedback(request: Request) -> Response:
    """Keep an opinion, and say what became of its comment."""
    caller = known_caller(request)
    opinion = (await read_body(request, FeedbackBody)).as_opinion(author_of(request))
    service: Service = request.app.state.service
    tenant = None if caller.role == "operator" else caller.tenant
    try:
        kept = await asyncio.to_thread(partial(service.telemetry.evaluate, opinion, tenant=tenant))
    except StorageError as error:
        body = error_body(f"the opinion cannot be kept now: {error}", "not_kept", "internal_error")
        return JSONResponse(body, status_code=503, headers={"retry-after": "1"})
    if kept is None:
        raise UnknownDecision(
            f"no decision has the id {opinion.decision_id[:60]!r}; send the id that came with the answer, "
            "once the answer is complete"
        )
    return JSONResponse(
        {
            "decision_id": opinion.decision_id,
            "score": opinion.score,
            "label": opinion.label,
            "updated": kept.updated,
            "comment": kept.explanation,
        }
    )
