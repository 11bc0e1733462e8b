"""The shapes of what the gateway answers, for its description; the endpoints write them without these types.

A test holds running answers to them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from router_core.result import CommitState

Count = Annotated[int, Field(ge=0)]


class Answer(BaseModel):
    """An answer has no fields but those that are described."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ErrorObject(Answer):
    """OpenAI's error object."""

    message: str
    """One sentence that a user can act on."""
    type: str
    code: str
    param: None
    decision_id: str | None = None
    """Of a request that was decided and has no answer."""


class Error(Answer):
    """An error, in the shape that OpenAI's clients read."""

    error: ErrorObject


class Usage(Answer):
    """Tokens of all branches together, discarded ones included."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count


class Called(Answer):
    """What is called."""

    name: str
    arguments: str
    """JSON, as the model wrote it."""


class FunctionCalled(Answer):
    """A call of a function that the request offered."""

    id: str
    type: Literal["function"]
    function: Called


class AnswerMessage(Answer):
    """The answer."""

    role: Literal["assistant"]
    content: str | None
    tool_calls: list[FunctionCalled] | None = None


class Choice(Answer):
    """There is one choice."""

    index: Literal[0]
    message: AnswerMessage
    finish_reason: str


class Summary(Answer):
    """RouteScope's own part of an answer: what its decision came to."""

    decision_id: str
    route: str
    model: str | None
    reason: str
    """One or two sentences for a person."""
    cost_usd: float | None
    """All that was spent; null while any part is unknown."""
    baseline_cost_usd: float | None
    savings_usd: float | None
    escalated: bool
    fell_back: bool
    commit: CommitState
    """What became of the decision's record."""


class ChatCompletion(Answer):
    """OpenAI's chat completion, with RouteScope's summary."""

    id: str
    """``chatcmpl-`` and the decision's id."""
    object: Literal["chat.completion"]
    created: Count
    model: str
    choices: Annotated[list[Choice], Field(min_length=1, max_length=1)]
    usage: Usage | None
    routescope: Summary


class TargetKnown(BaseModel):
    """What RouteScope knows of a route or a model."""

    kind: Literal["route", "model"]


class TargetEntry(Answer):
    """A route or a model that may be asked for."""

    id: str
    object: Literal["model"]
    created: Literal[0]
    owned_by: Literal["routescope"]
    routescope: TargetKnown


class TargetList(Answer):
    """Routes first, then models."""

    object: Literal["list"]
    data: list[TargetEntry]


class FeedbackKept(Answer):
    """What became of an opinion."""

    decision_id: str
    score: float
    label: Literal["good", "bad"] | None
    updated: bool
    """The same author had said something of this decision before."""
    comment: Literal["none", "kept", "left out"]
    """What became of the comment: left out where the policy keeps no text."""


class SilenceMade(Answer):
    """A silence, and until when it lasts."""

    silence_id: str
    rule: str
    subject: str | None
    author: str
    until: str


class SilenceEnded(Answer):
    """When a silence ended."""

    silence_id: str
    ended: str


class Alive(BaseModel):
    """To operators it tells more: the policy, telemetry, the collector, the workers."""

    status: Literal["ok"]


class Ready(Answer):
    """Whether every route has a model that can answer."""

    status: Literal["ready", "not ready"]
    reasons: list[str] | None = None
    """To operators only."""


class BudgetList(Answer):
    """The policy's budgets, each with its holders and what they spent."""

    object: Literal["list"]
    data: list[dict[str, Any]]


class ModelsHealth(Answer):
    """Every model with its deployments: the states of their breakers, calls, failures and latencies."""

    policy: str
    policy_version: str
    window_s: float
    in_flight: Count
    models: list[dict[str, Any]]


class TracesTaken(BaseModel):
    """OTLP's ExportTraceServiceResponse."""

    partialSuccess: dict[str, Any] | None = None


class RpcStatus(Answer):
    """google.rpc.Status."""

    code: int
    message: str
