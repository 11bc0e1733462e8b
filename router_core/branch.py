"""One branch while it lives: its call, its clock, its answer, its bill; at its end a record and span attributes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal, cast

from opentelemetry.trace import Span

from router_core import semconv
from router_core.clock import Timeline
from router_core.errors import BadUpstreamResponse, FirstTokenTimeout, ProviderError, ProviderTimeout
from router_core.fleet import Berth
from router_core.functions import FunctionCall, in_words
from router_core.pricing import ComputePrice, CostSource, Nano, Price, Usage, to_usd
from router_core.providers.base import Call, CallBegun, Completion, Provider, TextChunk
from router_core.request import Message, as_kept
from router_core.result import BranchKind, BranchRecord, Earlier, Outcome, ScoreRecord
from router_core.state.ledger import Reservation
from router_core.tracing import as_json
from router_core.validators.base import Ask
from router_core.validators.combination import worst

FREE_FAILURES = frozenset(
    {
        "unreachable",
        "rate_limited",
        "upstream_failure",
        "upstream_rejected",
        "authentication_failed",
        "not_served",
        "not_ready",
        "context_too_long",
    }
)
"""Failures before any token was made: providers bill nothing for them."""


@dataclass(slots=True)
class Branch:
    """One attempt, from its start to its record. Times are nanoseconds on the request's time line."""

    index: int
    kind: BranchKind
    model: str
    tier: str | None
    reason: str
    span: Span
    started_ns: int
    final: bool = False
    reservation: Reservation | None = None
    price: Price | None = None
    provider_name: str | None = None
    berth: Berth | None = None
    """The deployment that took the call; None for tools."""
    location: Literal["local", "cloud"] | None = None
    input_estimate: int = 0
    outcome: Outcome | None = None
    text: str = ""
    completion: Completion | None = None
    first_chunk_ns: int | None = None
    ended_ns: int | None = None
    waited_ns: int = 0
    """Time spent waiting for the model or tool; the rest of the request's time is ours."""
    scores: tuple[ScoreRecord, ...] = ()
    verdict: ScoreRecord | None = None
    """What the route's combination makes of the scores; None while there are none, and for tools."""
    judged: bool = False
    """Whether all validators that were to speak have spoken; before that, nothing said against it proves nothing."""
    ask: Ask | None = None
    """What a validator wants asked; None: the request's own conversation."""
    error: BaseException | None = None
    error_type: str | None = None
    cost: Nano | None = None
    cost_source: CostSource | None = None
    citations: tuple[str, ...] = ()
    earlier: Earlier | None = None
    """Where the answer comes from, of the cache's."""
    closed: bool = False
    last_record: BranchRecord | None = None
    """Set when the span is closed: nothing changes after that."""

    async def run(self, provider: Provider, call: Call, timeline: Timeline) -> AsyncGenerator[str]:
        """Stream the model's text; at the end `completion` is set.

        Raises:
            ProviderError: the attempt failed; a timeout of the call's own is one of them.
        """
        stream = provider.stream(call)
        # From now, when the call's time was set. From the branch's start on, a request's last call would end before its
        # deadline, and another one would be made.
        limit_ns = timeline.elapsed_ns() + round(call.timeout_s * 1e9)
        pieces: list[str] = []
        try:
            while self.completion is None:
                waiting_since = timeline.elapsed_ns()
                due_ns = self._due_ns(call, limit_ns)
                try:
                    async with asyncio.timeout((due_ns - waiting_since) / 1e9):
                        item = await anext(stream, None)
                except TimeoutError:
                    raise self._too_late(call, limit_ns) from None
                finally:
                    now = timeline.elapsed_ns()
                    self.waited_ns += now - waiting_since
                if now > due_ns:
                    raise self._too_late(call, limit_ns)
                if isinstance(item, TextChunk):
                    if self.first_chunk_ns is None and not item.whole:
                        self.first_chunk_ns = now
                    pieces.append(item.text)
                    yield item.text
                elif isinstance(item, CallBegun):
                    if self.first_chunk_ns is None:
                        self.first_chunk_ns = now
                elif isinstance(item, Completion):
                    self.completion = item
                else:
                    raise BadUpstreamResponse(f"{call.model} ended its stream without saying that it had finished")
        finally:
            self.text = "".join(pieces)
            # Providers are async generators; closing one closes its connection and stops the upstream's work.
            await cast(AsyncGenerator[Any], stream).aclose()

    def _due_ns(self, call: Call, limit_ns: int) -> int:
        """When the next item must be here, on the request's time line."""
        if self.first_chunk_ns is not None or call.first_token_timeout_s is None:
            return limit_ns
        return min(limit_ns, self.started_ns + round(call.first_token_timeout_s * 1e9))

    def _too_late(self, call: Call, limit_ns: int) -> ProviderTimeout:
        if self._due_ns(call, limit_ns) < limit_ns:
            return FirstTokenTimeout(f"{call.model} gave no first token within {call.first_token_timeout_s:.3g} s")
        return ProviderTimeout(f"{call.model} did not finish within {call.timeout_s:.3g} s")

    def fail(self, error: ProviderError) -> None:
        """The attempt failed; what it cost is in `bill`.

        The error is kept without its frames: they may still hold the raw bytes of an upstream that echoes a key.
        """
        self.outcome, self.error, self.error_type = "failed", error.with_traceback(None), error.code

    def stop(self, timeline: Timeline) -> None:
        """Note the end of the call, and compute its bill. Validators may still come."""
        self.ended_ns = timeline.elapsed_ns()
        if self.kind in ("tool", "cache"):
            self.cost, self.cost_source = 0, "observed"
        else:
            self.cost, self.cost_source = self._bill()

    def leave(self, allowed_s: float = 0.0) -> None:
        """Say at its deployment what became of the call, which had ``allowed_s`` seconds. The first word counts."""
        if self.berth is not None:
            self.berth.leave(
                self.error,
                complete=self.completion is not None,
                allowed_s=allowed_s,
                latency_ms=self.latency_ms,
                ttft_ms=self.ttft_ms,
            )

    def _bill(self) -> tuple[Nano | None, CostSource | None]:
        if self.completion is not None and self.completion.cost is not None:
            return self.completion.cost, "observed"
        if self.price is None:
            # Nothing is billed for what never began, whatever it would have cost.
            return (0, "estimated") if self.completion is None and self._free else (None, None)
        if isinstance(self.price, ComputePrice):
            return self.price.cost(Usage(), (self.latency_ms or 0.0) / 1e3), "observed"
        if self.completion is not None:
            cost = self.price.cost(self.completion.usage, None)
            return cost, None if cost is None else "observed"
        if self._free:
            return 0, "estimated"
        from router_core.signals.length import estimate_tokens

        return self.price.expected(self.input_estimate, estimate_tokens([self.text])), "estimated"

    @property
    def _free(self) -> bool:
        """Whether it failed before any token was made; a stream that broke off has been paid for."""
        return self.error_type in FREE_FAILURES and not self.text

    @property
    def latency_ms(self) -> float | None:
        """Start to end of the call."""
        return None if self.ended_ns is None else (self.ended_ns - self.started_ns) / 1e6

    @property
    def ttft_ms(self) -> float | None:
        """Start of the branch to its first text."""
        return None if self.first_chunk_ns is None else (self.first_chunk_ns - self.started_ns) / 1e6

    @property
    def usage(self) -> Usage:
        """Tokens as the provider counted them; tools take none."""
        if self.kind in ("tool", "cache"):
            return Usage(0, 0)
        if self.completion is None:
            return Usage(0, 0) if self._free else Usage()
        return self.completion.usage

    @property
    def calls(self) -> tuple[FunctionCall, ...]:
        """Functions that its answer calls."""
        return () if self.completion is None else self.completion.calls

    @property
    def written(self) -> str:
        """All that the model wrote: text, and calls."""
        return f"{self.text}{in_words(self.calls)}" if self.calls else self.text

    @property
    def passed(self) -> bool:
        """Complete, and nothing was found against it."""
        passed = all(score.passed for score in self.scores) if self.verdict is None else self.verdict.passed
        return self.completion is not None and passed

    @property
    def deciding(self) -> ScoreRecord | None:
        """The score that it passes or fails by: the combined one, or else the one furthest below its threshold."""
        return worst(self.scores) if self.verdict is None else self.verdict

    def record(self) -> BranchRecord:
        """What the decision keeps of this branch."""
        if self.last_record is not None:
            return self.last_record
        deciding, usage = self.deciding, self.usage
        return BranchRecord(
            index=self.index,
            kind=self.kind,
            model=self.model,
            tier=self.tier,
            outcome=self.outcome or "unscored",
            reason=self.reason,
            score=None if deciding is None else deciding.score,
            threshold=None if deciding is None else deciding.threshold,
            scores=self.scores,
            cost_usd=to_usd(self.cost),
            cost_source=self.cost_source,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            started_ms=self.started_ns / 1e6,
            latency_ms=self.latency_ms,
            deployment=None if self.berth is None else self.berth.deployment,
            location=self.location,
            ttft_ms=self.ttft_ms,
            finish_reason=None if self.completion is None else self.completion.finish_reason,
            response_model=None if self.completion is None else self.completion.response_model,
            error_type=self.error_type,
            error_message=None if self.error is None else str(self.error),
        )

    def attributes(self, *, content: bool) -> dict[str, Any]:
        """What the branch's span says when it closes, beside what all spans of the request say. None where unknown."""
        self.last_record = record = self.record()
        tool, cached = self.kind == "tool", self.kind == "cache"
        attributes: dict[str, Any] = {
            semconv.OPERATION_NAME: None if cached else "execute_tool" if tool else "chat",
            semconv.TOOL_NAME: self.model if tool else None,
            semconv.PROVIDER_NAME: self.provider_name,
            semconv.REQUEST_MODEL: None if tool or cached else self.model,
            semconv.RESPONSE_MODEL: record.response_model,
            semconv.RESPONSE_ID: None if self.completion is None else self.completion.response_id,
            semconv.FINISH_REASONS: None if record.finish_reason is None else [record.finish_reason],
            semconv.TIME_TO_FIRST_CHUNK: None if record.ttft_ms is None else record.ttft_ms / 1e3,
            semconv.INPUT_TOKENS: record.input_tokens,
            semconv.OUTPUT_TOKENS: record.output_tokens,
            semconv.CACHE_READ_TOKENS: record.cache_read_tokens,
            semconv.COST_NANO: self.cost,
            semconv.COST_AMOUNT: record.cost_usd,
            semconv.COST_CURRENCY: None if self.cost is None else "USD",
            semconv.COST_SOURCE: self.cost_source,
            semconv.ERROR_TYPE: self.error_type,
            semconv.ERROR_MESSAGE: record.error_message,
            semconv.BRANCH_INDEX: self.index,
            semconv.BRANCH_KIND: self.kind,
            semconv.BRANCH_TIER: self.tier,
            semconv.BRANCH_OUTCOME: record.outcome,
            semconv.BRANCH_REASON: self.reason,
            semconv.BRANCH_SCORE: record.score,
            semconv.BRANCH_THRESHOLD: record.threshold,
            semconv.BRANCH_SCORES: as_json(self.scores) if self.scores else None,
            semconv.BRANCH_DEPLOYMENT: record.deployment,
            semconv.BRANCH_LOCATION: record.location,
            semconv.BRANCH_LATENCY_MS: record.latency_ms,
            semconv.ANSWER_CHARACTERS: len(self.text) if self.text or not self.calls else None,
        }
        if content and (self.text or self.calls):
            attributes[semconv.OUTPUT_MESSAGES] = as_json([as_kept(Message("assistant", self.text, self.calls))])
        return attributes
