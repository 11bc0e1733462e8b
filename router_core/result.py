"""What comes back: the decision, complete enough to tell the whole story, and the answer beside it.

`Decision` is the one schema of `--explain --json`, of the gateway's events and of what telemetry stores
(docs/decision.schema.json is generated from it). The answer's text is not part of it: content is opt-in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from router_core.functions import FunctionCall
from router_core.pricing import CostSource
from router_core.request import DataClass, Purpose, Risk

BranchKind: TypeAlias = Literal["tool", "cache", "model", "probe", "judge"]
Outcome: TypeAlias = Literal["accepted", "rejected", "failed", "compared", "cancelled", "unscored", "planned"]
"""accepted: its answer is the final one. rejected: complete, but scored below its threshold or not chosen.
failed: no complete answer. compared: a probe or judge that served. cancelled: the caller left or the
deadline came. unscored: only in the event of its end, before validators spoke. planned: only in an explanation,
nothing was called."""

Status: TypeAlias = Literal["ok", "denied", "failed", "cancelled", "planned"]
"""How the whole request ended. planned: an explanation; nothing was called."""


VerdictOutcome: TypeAlias = Literal[
    "passed", "required", "excluded", "denied", "raised", "redacted", "rerouted", "unchecked"
]
"""passed: the rule does not apply. required, excluded: it removed models. denied: it ended the request. raised: the
request counts as riskier, or its data as more protected, than the caller said. redacted: models get the messages
without personal data and secrets. rerouted: the request goes on as another route, among the models of both.
unchecked: a budget, or the rate of a key, that could not be asked, and lets requests go on then."""


@dataclass(frozen=True, slots=True)
class Signals:
    """Facts known before any model is called."""

    intent: str
    intent_confidence: float
    """0..1, the classifier's probability of ``intent``."""
    language: str
    """ISO 639-1, or ``und`` when the text is too short to tell."""
    characters: int
    words: int
    input_tokens: int
    """Estimated tokens of all messages."""
    code: bool
    numbers: int
    """How many numbers the prompt holds."""
    pii: tuple[str, ...] = ()
    """Kinds of personal data found, never the data: email, phone, iban, credit_card, ip, national_id; unexamined when
    there are more numbers than are looked at."""
    secrets: tuple[str, ...] = ()
    """Kinds of secrets found: api_key, private_key, password, token."""
    domain: str = "general"
    """What the prompt is about: code, finance, legal, medical, science; general when nothing speaks for one."""
    domain_confidence: float = 0.0
    """0..1, the classifier's probability of ``domain``."""
    complexity: float = 0.0
    """0..1, by the formula of `router_core.signals.complexity`."""
    injection: float = 0.0
    """0..1, how much the conversation looks like an attempt to take over the model. Advisory: see docs/signals.md."""
    injection_kinds: tuple[str, ...] = ()
    """What it looks like: instruction_override, system_role, exfiltration, encoded_payload, hidden_unicode."""
    unread_characters: int = 0
    """Characters that were too many to be searched for personal data and secrets; rules treat them as holding some."""
    images: int = 0
    """Images in the conversation. Nobody looks into them; rules treat them as holding personal data and secrets."""
    tool_rounds: int = 0
    """Of a request that brings results of functions: how often a model called some since the last user message."""
    tool_errors: int = 0
    """Of the last four of these results, those that say an error."""
    tool_repeats: int = 0
    """Of the last four of these calls, those that were made before with the same arguments."""
    tool_trouble: float = 0.0
    """0..1, by the formula of `router_core.signals.tool_loop`: how badly these calls went."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one guard rule said of this request."""

    rule: str
    outcome: VerdictOutcome
    reason: str
    owner: str | None = None
    models_removed: tuple[str, ...] = ()
    failed: str | None = None
    """Why the rule's expression could not be evaluated; the rule then applies, whatever it would have said."""
    redacted: dict[str, int] | None = None
    """How many pieces of each kind models got placeholders for."""


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """One model of the policy, and how it stood: in the plan, or excluded and by what."""

    model: str
    tier: str
    score: float | None
    """The strategy's own score, higher is better; None when excluded."""
    propensity: float | None
    """Probability that the strategy puts this model first; None when excluded."""
    excluded_by: str | None = None
    """``rule:NAME``, ``data_class``, ``ready``, ``context_window``, ``route``, ``cap``, ``capability``, ``plan``."""
    excluded_reason: str | None = None
    expected_cost_usd: float | None = None
    answered_before: bool = False
    """It gave the conversation's last answer, as far as a sticky route knows."""
    cold_cache_usd: float | None = None
    """What reading the conversation anew would cost here over reading it from a warm prompt cache; None where that is
    not known, and where nothing is to be read anew."""


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """One validator's score of one branch."""

    validator: str
    score: float | None
    """None: unknown; ``passed`` says what the policy makes of that."""
    threshold: float
    passed: bool
    reason: str
    weight: float | None = None
    """Its weight in the branch's score; None where every validator must pass by itself."""


@dataclass(frozen=True, slots=True)
class BranchRecord:
    """One attempt at an answer, or at judging one."""

    index: int
    kind: BranchKind
    model: str
    """The model's name in the policy, or the tool's."""
    tier: str | None
    outcome: Outcome
    reason: str
    """Why this branch was made, in words."""
    score: float | None = None
    threshold: float | None = None
    scores: tuple[ScoreRecord, ...] = ()
    cost_usd: float | None = None
    cost_source: CostSource | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    started_ms: float = 0.0
    """From the start of the request."""
    latency_ms: float | None = None
    ttft_ms: float | None = None
    """Time to the first chunk of text, from the start of the branch; None when the answer came all at once."""
    deployment: str | None = None
    """Which of the model's deployments was called; None where it runs in one place only."""
    location: Literal["local", "cloud"] | None = None
    """Where the prompt went: ``local`` stays on this machine or in this network, ``cloud`` leaves it."""
    finish_reason: str | None = None
    response_model: str | None = None
    error_type: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The record of one routed request."""

    decision_id: str
    trace_id: str
    created_at: str
    """ISO 8601, UTC."""
    policy_name: str
    policy_version: str
    purpose: Purpose
    simulated: bool
    route: str
    strategy: str
    tenant: str
    risk: Risk
    data_class: DataClass
    status: Status
    signals: Signals
    verdicts: tuple[Verdict, ...]
    candidates: tuple[CandidateRecord, ...]
    branches: tuple[BranchRecord, ...]
    chosen: str | None
    """The model or tool whose answer was given."""
    chosen_kind: BranchKind | None
    reason: str
    """One or two sentences for a person."""
    cost_usd: float | None
    """All that was spent, discarded branches and probes included; None when any part is unknown."""
    baseline_model: str | None
    baseline_cost_usd: float | None
    baseline_source: CostSource | None
    savings_usd: float | None
    escalated: bool
    fell_back: bool
    input_tokens: int | None
    """Of all branches; None when any is unknown."""
    output_tokens: int | None
    latency_ms: float | None
    """Request in to decision settled."""
    ttft_ms: float | None
    """Request in to the first token that the caller could see."""
    overhead_ms: float | None
    """What the router itself took: all but the calls of models and tools, and the commit. None when the clock is moved
    by hand, as the demo's is."""
    error_type: str | None = None
    error_message: str | None = None
    parent_decision_id: str | None = None
    tags: tuple[str, ...] = ()


CommitState: TypeAlias = Literal["committed", "spooled", "not_durable", "queued", "off"]
"""committed: in the database. spooled: safe on disk, not yet in the database. not_durable: neither.
queued: durability is async and nobody waited. off: no telemetry is wired."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Where an answer of the cache comes from."""

    model: str
    """The model that gave it."""
    decision_id: str
    """The decision that it was given in."""
    age_s: float


@dataclass(frozen=True, slots=True)
class RouteResult:
    """An answer and the decision behind it."""

    text: str
    decision: Decision
    finish_reason: str | None
    commit: CommitState = "off"
    citations: tuple[str, ...] = field(default=())
    """Documents that a search tool answered from."""
    calls: tuple[FunctionCall, ...] = ()
    """Functions that the answer calls, of those that the request offers."""
    earlier: Earlier | None = None
    """Where it comes from, of an answer of the cache."""
