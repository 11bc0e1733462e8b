"""The exact cache: an accepted answer is given again when the very same request comes again.

"The same" is what a model would be sent, byte for byte, under the same policy, for the same tenant, route and data
class. Where a rule has personal data redacted, that is the redacted form, and so is what is kept: the answer's
placeholders get the originals of whoever asks. What is kept stays in the store of entries, sealed, for the time that
the policy gives it; it is neither a span nor a row.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from router_core import semconv
from router_core.branch import Branch
from router_core.conditions import reaches
from router_core.errors import StateUnavailable
from router_core.events import BranchEnded, BranchStarted, Event
from router_core.functions import FunctionCall, TheFunction
from router_core.pricing import Usage
from router_core.providers.base import Completion
from router_core.request import DATA_CLASSES
from router_core.result import Earlier
from router_core.sealing import SealedPlace
from router_core.sessions import OWN_PURPOSES
from router_core.state.entries import EntryStore, Space, decision_owner, tenant_owner

if TYPE_CHECKING:
    from router_core.policy.schema import CacheEntry
    from router_core.run import Run

log = logging.getLogger("routescope.router")

NAME: Final = "cache"
"""What stands in the place of a model's name on branches of the cache."""
UNSTATED_TEMPERATURE: Final = 1.0
"""What upstreams take where a request states none."""
COMPLETE: Final = frozenset({"stop", "tool_calls"})
"""Why an answer ended that is neither cut off nor stopped by a filter."""
PASSING: Final = frozenset({"ready", "breaker"})
"""Exclusions that only say that a model cannot be called just now: what it said before is as good as it was."""
_FORM: Final = "1"


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer, and where it came from."""

    text: str
    model: str
    decision_id: str
    made_ns: int
    """Wall clock, ns since the epoch."""
    completion: Completion
    """How it ended, and what it took then."""

    def to_bytes(self) -> bytes:
        """As it is kept."""
        usage, said = self.completion.usage, self.completion
        return orjson.dumps(
            {
                "text": self.text,
                "model": self.model,
                "decision_id": self.decision_id,
                "made_ns": self.made_ns,
                "finish_reason": said.finish_reason,
                "response_model": said.response_model,
                "tokens": [usage.input_tokens, usage.output_tokens],
                "calls": [[call.call_id, call.name, call.arguments] for call in said.calls],
            }
        )

    @classmethod
    def from_bytes(cls, value: bytes) -> CachedAnswer:
        """Back from `to_bytes`."""
        read = orjson.loads(value)
        completion = Completion(
            finish_reason=read["finish_reason"],
            usage=Usage(*read["tokens"]),
            response_model=read["response_model"],
            calls=tuple(FunctionCall(*call) for call in read["calls"]),
        )
        return cls(read["text"], read["model"], read["decision_id"], read["made_ns"], completion)


class ExactCache:
    """Looks answers up and keeps them. Holds nothing of a run itself."""

    def __init__(self, entries: EntryStore) -> None:
        self._entries = entries

    async def lookup(self, run: Run) -> AsyncGenerator[Event]:
        """Look for the answer to a request that its guard has let through; a hit is a branch, and the run's answer."""
        policy = run.target.route.cache
        if policy is None:
            return
        started = run.timeline.elapsed_ns()
        span = run.trace.child(semconv.SPAN_CACHE)
        why = bypass(run, policy)
        run.cache_key = None if why is not None else key_of(run, policy)
        found = await self._found(run, policy)
        if found is None:
            why = why or (None if run.request.cache_control.read else "the caller says no-cache")
            result = "miss" if why is None else "bypass"
            run.cache_words = "The cache holds no answer to it." if why is None else f"It passes the cache by: {why}."
            said = {semconv.ROUTE: run.target.name, semconv.CACHE_RESULT: result, semconv.CACHE_REASON: why}
            run.trace.end(span, said)
            return
        age_s = max(run.timeline.now_ns() - found.made_ns, 0) / 1e9
        reason = f"{found.model} gave this answer to the same request {_age(age_s)} ago (decision {found.decision_id})"
        branch = Branch(len(run.branches), "cache", NAME, None, reason, span, started, final=True, location="local")
        branch.text, branch.completion, branch.outcome = found.text, found.completion, "accepted"
        branch.earlier = Earlier(found.model, found.decision_id, age_s)
        run.branches.append(branch)
        run.chosen = branch
        if run.redaction is not None:
            # As before a model is asked: from here on nobody sees the originals, spans least of all.
            run.request = replace(run.request, messages=run.redaction.messages)
        yield BranchStarted(branch.index, "cache", NAME, reason, True, started / 1e6)
        branch.stop(run.timeline)
        run.close_branch(branch)
        yield BranchEnded(branch.record(), run.timeline.elapsed_ms())

    async def keep(self, run: Run) -> None:
        """Keep the answer of a request for the next one like it, if it may be kept."""
        policy, chosen, key = run.target.route.cache, run.chosen, run.cache_key
        if policy is None or key is None or chosen is None or not run.request.cache_control.store:
            return
        if chosen.kind != "model" or chosen.completion is None or not _is_good(run, chosen):
            return
        answer = CachedAnswer(
            chosen.text, chosen.model, run.decision_id, run.timeline.now_ns(), chosen.completion
        ).to_bytes()
        owners = (tenant_owner(run.request.context.tenant), decision_owner(run.decision_id))
        try:
            await self._entries.put(_space(run, policy), key.key, key.close(answer), policy.ttl_s, owners)
        except StateUnavailable as error:
            log.warning("an answer cannot be kept in the cache: %s", error)

    async def _found(self, run: Run, policy: CacheEntry) -> CachedAnswer | None:
        """What is kept, if this request may have it: its model must be one that could answer now."""
        wishes = run.request.cache_control
        if run.cache_key is None or not wishes.read:
            return None
        try:
            sealed = await self._entries.get(_space(run, policy), run.cache_key.key)
        except StateUnavailable as error:
            log.warning("the cache cannot be read, so that a model is asked: %s", error)
            return None
        value = None if sealed is None else run.cache_key.open(sealed)
        if value is None:
            return None
        found = CachedAnswer.from_bytes(value)
        if wishes.max_age_s is not None and run.timeline.now_ns() - found.made_ns > wishes.max_age_s * 1e9:
            return None
        return found if _may_answer(run, found.model) else None


def bypass(run: Run, policy: CacheEntry) -> str | None:
    """Why the cache has nothing to do with a request, in words; None when it has."""
    request, signals = run.request, run.signals
    assert signals is not None
    if request.purpose not in OWN_PURPOSES:
        return f"requests for {request.purpose} are answered anew"
    if (UNSTATED_TEMPERATURE if request.temperature is None else request.temperature) > policy.max_temperature:
        return f"its temperature is above {policy.max_temperature:g}"
    data_class = request.context.data_class
    if data_class != policy.max_data_class and reaches(data_class, policy.max_data_class, DATA_CLASSES):
        return f"its data are {data_class}"
    if signals.images:
        return "it holds images, whose addresses may come to show something else"
    personal = signals.pii or signals.secrets or signals.unread_characters
    if personal and run.redaction is None and not policy.personal_data:
        return "it holds personal data or secrets, or is too long to be searched for them"
    return None


def key_of(run: Run, policy: CacheEntry) -> SealedPlace | None:
    """Where the answer lies, by all that decides what it is; None when the request cannot be written down.

    Who asks in which stream, for how long, and by which tags is not in it.
    """
    request = run.request
    context, choice = request.context, request.function_choice
    messages = request.messages if run.redaction is None else run.redaction.messages
    parts: list[Any] = [
        [_FORM, run.loaded.version, run.target.name, context.data_class],
        [context.tenant, context.key if policy.scope == "key" else None],
        messages,
        run.max_output_tokens,
        _number(request.temperature),
        request.seed,
        sorted(set(request.stop)),
        request.response_schema,
        request.functions,
        choice.name if isinstance(choice, TheFunction) else None,
        None if choice == "auto" or isinstance(choice, TheFunction) else choice,
        request.parallel_calls,
        _number(request.top_p),
        _number(request.presence_penalty) or None,
        _number(request.frequency_penalty) or None,
    ]
    try:
        return SealedPlace.of(orjson.dumps(parts, default=dict))
    except TypeError:
        # Half a character in a function's description, say: the upstream will tell.
        return None


def _number(value: float | None) -> float | None:
    """1 and 1.0 are the same."""
    return None if value is None else float(value)


def _space(run: Run, policy: CacheEntry) -> Space:
    return Space(f"cache/{run.target.name}", policy.max_entries, policy.max_bytes)


def _may_answer(run: Run, model: str) -> bool:
    """Whether the guard would let a model answer this request. What it costs does not count, for it costs nothing."""
    assert run.eligibility is not None
    if model not in run.target.models or model in run.target.only_asked:
        return False
    out = run.eligibility.exclusions.get(model)
    return out is None or out.excluded_by in PASSING or out.excluded_by.startswith("budget:")


def _is_good(run: Run, chosen: Branch) -> bool:
    """Whether an answer is worth keeping: it passed, came to its end, and is no refusal."""
    assert chosen.completion is not None
    if not chosen.passed or chosen.completion.finish_reason not in COMPLETE or not (chosen.text or chosen.calls):
        return False
    if chosen.calls:
        return True
    from router_core.validators.base import CompleteAnswer
    from router_core.validators.refusal import Refusal

    answer = CompleteAnswer(chosen.text, chosen.completion.finish_reason, chosen.model)
    score = Refusal("cache", 1.0).score(answer, (), run.request).value
    return score is None or score >= 1.0


def _age(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
