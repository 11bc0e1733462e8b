"""Every error of the routing core, as one tree.

RouteScopeError                      one clear sentence; `code`, `http_status`
├── PolicyError                      the policy file is broken; `faults` lists all of them
├── RequestError                     the caller's fault, never counts against a model
│   ├── EmptyPrompt                  400
│   ├── PromptTooLarge               413
│   ├── InvalidText                  400  lone surrogates, NUL
│   ├── InvalidContext               400
│   ├── UnsupportedFeature           400  asked of models that cannot do it
│   └── UnknownRoute                 404
├── RoutingError                     the router could not give an answer
│   ├── RequestDenied                403  a guard rule denied it
│   ├── NoEligibleModel              422  every model is excluded; `exclusions` says by what
│   ├── ModelsUnavailable            503  all that may answer are loading, pulled, or kept out by their breakers
│   ├── CapExceeded                  402  the request's own cap leaves no model
│   ├── BudgetExhausted              402  a budget of the policy is spent
│   ├── StateUnavailable             503  budgets cannot be read or written
│   │   └── StateBusy                503  not just now: another process writes
│   ├── DeadlineExceeded             504
│   ├── AllBranchesFailed            502  every attempt failed
│   ├── AllRateLimited               429  every model that was asked asks to slow down
│   ├── InternalFault                500  a fault of our own code; its log says where
│   └── NotDurable                   503  audit is strict and the decision could not be kept
├── ProviderError                    one attempt failed; becomes a branch outcome, then a fallback
│   ├── ProviderTimeout              no answer in time
│   │   └── FirstTokenTimeout        not even a first token in the time that the policy gives
│   ├── ProviderUnreachable          refused, reset, name not found
│   ├── RateLimited                  429; `retry_after_s`
│   ├── UpstreamFailure              5xx
│   ├── UpstreamRejected             4xx that a caller caused; not a fault of the model
│   ├── AuthenticationFailed         401, 403: the key is missing or wrong
│   ├── NotServed                    402, 404: no such model there, or an account that cannot pay
│   ├── ContextTooLong               the prompt does not fit this model
│   ├── ContentFiltered              the model's safety filter stopped it
│   ├── BadUpstreamResponse          garbage, empty choices, no finish
│   ├── ModelNotReady                a local model that is still loading or not pulled
│   └── ProviderFault                the provider's own code is at fault; its log says where
├── ToolFailed                       a tool could not answer; the next tool or a model is asked
├── ModelFileError                   a local model file cannot be had: hash, space, source
└── ReplayError                      a log cannot be replayed: which row and column, or which model
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class RouteScopeError(Exception):
    """Base of all errors here. ``str(error)`` is one sentence that a user can act on."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a policy file: where it is, what is wrong, and what to do about it."""

    file: str
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.problem}; {self.remedy}"


class PolicyError(RouteScopeError):
    """The policy cannot be used. All faults at once, in file order."""

    code = "policy_invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RequestError(RouteScopeError):
    """The request cannot be routed as it stands, whatever the model."""

    code = "invalid_request"
    http_status = 400


class EmptyPrompt(RequestError):
    """No message has any text."""

    code = "empty_prompt"


class PromptTooLarge(RequestError):
    """The prompt is longer than the policy or the gateway takes."""

    code = "prompt_too_large"
    http_status = 413


class InvalidText(RequestError):
    """The text holds code points that no model and no database takes."""

    code = "invalid_text"


class InvalidContext(RequestError):
    """A context field has an unknown name or an impossible value."""

    code = "invalid_context"


class UnsupportedFeature(RequestError):
    """The request asks for something that this gateway or its models do not do."""

    code = "unsupported"


class UnknownRoute(RequestError):
    """The policy has no route, and no model, of that name."""

    code = "unknown_route"
    http_status = 404


class RoutingError(RouteScopeError):
    """The request is sound, but no answer came of it. ``decision_id`` names its record."""

    code = "routing_failed"
    http_status = 502

    def __init__(self, message: str, *, decision_id: str | None = None, retry_after_s: float | None = None) -> None:
        self.decision_id = decision_id
        self.retry_after_s = retry_after_s
        """Seconds until the soonest that an upstream asked to be called again; None when none said."""
        super().__init__(message)


class RequestDenied(RoutingError):
    """A guard rule denied the request."""

    code = "denied"
    http_status = 403


class NoEligibleModel(RoutingError):
    """Every model is excluded."""

    code = "no_eligible_model"
    http_status = 422

    def __init__(self, message: str, *, exclusions: Mapping[str, str], decision_id: str | None = None) -> None:
        self.exclusions = dict(exclusions)
        super().__init__(message, decision_id=decision_id)


class ModelsUnavailable(RoutingError):
    """Models that may answer cannot just now: they are loading, busy, or have failed of late and are left alone."""

    code = "unavailable"
    http_status = 503


class CapExceeded(RoutingError):
    """What the request may spend does not pay for any model."""

    code = "cap_exceeded"
    http_status = 402


class BudgetExhausted(RoutingError):
    """A budget that counts this request is spent, and its policy refuses what comes after."""

    code = "budget_exhausted"
    http_status = 402


class StateUnavailable(RoutingError):
    """The store of the budgets cannot be used. Nothing that costs money goes on without it."""

    code = "state_unavailable"
    http_status = 503


class StateBusy(StateUnavailable):
    """Another process writes to the store just now; a few milliseconds later it may be free."""

    code = "state_busy"


class DeadlineExceeded(RoutingError):
    """The request's total deadline passed before an answer."""

    code = "deadline_exceeded"
    http_status = 504


class AllBranchesFailed(RoutingError):
    """Every branch ended in an error."""

    code = "all_branches_failed"
    http_status = 502


class AllRateLimited(RoutingError):
    """Every model that was asked asks us to slow down."""

    code = "rate_limit_exceeded"
    http_status = 429


class InternalFault(RoutingError):
    """Our own code is at fault. The log names the place; the message names only the kind of error."""

    code = "internal"
    http_status = 500


class NotDurable(RoutingError):
    """The decision could not be kept, and the policy asks for strict audit."""

    code = "not_durable"
    http_status = 503


class ProviderError(RouteScopeError):
    """One attempt at one model failed.

    ``counts_against_model``: whether the failure says anything about the model's health. A fault
    that the caller caused does not.
    """

    code = "provider_error"
    http_status = 502
    counts_against_model: ClassVar[bool] = True
    retry_after_s: float | None = None
    """Seconds after which the upstream asked to be called again; None when it did not say."""


class ProviderTimeout(ProviderError):
    """The model did not answer in the time that the branch had."""

    code = "timeout"


class FirstTokenTimeout(ProviderTimeout):
    """Nothing of an answer came in the time that the policy allows until the first token."""

    code = "first_token_timeout"


class ProviderUnreachable(ProviderError):
    """No connection: refused, reset, or no such host."""

    code = "unreachable"


class RateLimited(ProviderError):
    """The provider asks us to slow down."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class UpstreamFailure(ProviderError):
    """The provider answered with a 5xx."""

    code = "upstream_failure"


class UpstreamRejected(ProviderError):
    """The provider found the request itself at fault (400, 404, 422)."""

    code = "upstream_rejected"
    counts_against_model = False


class AuthenticationFailed(ProviderError):
    """The provider refused our key, or the environment has none."""

    code = "authentication_failed"


class NotServed(ProviderError):
    """The upstream has no such model, or its account cannot pay: no caller can mend that."""

    code = "not_served"


class ContextTooLong(ProviderError):
    """The prompt does not fit the model's window."""

    code = "context_too_long"
    counts_against_model = False


class ContentFiltered(ProviderError):
    """The provider's safety filter stopped the answer."""

    code = "content_filtered"
    counts_against_model = False


class BadUpstreamResponse(ProviderError):
    """The bytes that came are not an answer: not JSON, no choices, no finish."""

    code = "bad_response"


class ModelNotReady(ProviderError):
    """A local model that is not pulled or still loading."""

    code = "not_ready"
    counts_against_model = False


class ProviderFault(ProviderError):
    """The provider's own code raised what no provider may raise. The log names the place."""

    code = "internal"
    counts_against_model = False


class ToolFailed(RouteScopeError):
    """A tool recognised the prompt and could not answer it: its database is away, refused, or took too long."""

    code = "tool_error"


class ModelFileError(RouteScopeError):
    """A local model's file could not be fetched, or is not the file it should be."""

    code = "model_file"


class ReplayError(RouteScopeError):
    """A log cannot be read, or does not hold what a replay of this policy needs."""

    code = "replay"
    http_status = 400
