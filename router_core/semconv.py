"""Every span and attribute name, in one place, under a schema version.

Names that the OpenTelemetry GenAI conventions have (status Development, 2026-11) are theirs; ``gen_ai.usage.cost.*``
is an open proposal there; ``router.*`` is ours for what no convention covers. Structured values (lists of records)
are JSON text, because an attribute can hold only scalars and flat lists.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = "1"
INSTRUMENTATION_NAME: Final = "routescope"

# --- span names -------------------------------------------------------------------------------------------
SPAN_ROUTE: Final = "route"  # root: "route {route}"
SPAN_SIGNALS: Final = "signals"
SPAN_GUARD: Final = "guard"
SPAN_TOOL: Final = "tool"  # "tool {name}"
SPAN_CACHE: Final = "cache"  # a look into the exact cache; a branch when it holds the answer
SPAN_PLAN: Final = "plan"
SPAN_BRANCH: Final = "branch"  # "branch {model}"
SPAN_VALIDATE: Final = "validate"  # "validate {name}"
SPAN_AGGREGATE: Final = "aggregate"

# --- OpenTelemetry GenAI ----------------------------------------------------------------------------------
OPERATION_NAME: Final = "gen_ai.operation.name"  # "chat" on model branches, "execute_tool" on tools
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"  # list of str
TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"  # seconds, from the start of the span
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
COST_AMOUNT: Final = "gen_ai.usage.cost.amount"  # USD
COST_CURRENCY: Final = "gen_ai.usage.cost.currency"  # "USD"
COST_SOURCE: Final = "gen_ai.usage.cost.source"  # "observed" | "estimated"
TOOL_NAME: Final = "gen_ai.tool.name"
ERROR_TYPE: Final = "error.type"
INPUT_MESSAGES: Final = "gen_ai.input.messages"  # opt-in content, JSON: [{"role", "content"}]
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"  # opt-in content, JSON: [{"role", "content"}]
EVALUATION_EVENT: Final = "gen_ai.evaluation.result"  # a log record, in the span of the decision
EVALUATION_NAME: Final = "gen_ai.evaluation.name"
EVALUATION_SCORE: Final = "gen_ai.evaluation.score.value"
EVALUATION_LABEL: Final = "gen_ai.evaluation.score.label"  # "good" | "bad"
INPUT_SHA256: Final = "router.input.sha256"  # to collectors, in the place of content of which only a hash is kept
OUTPUT_SHA256: Final = "router.output.sha256"

# --- router.*: on the root span and on every branch (so that a branch row stands alone) --------------------
DECISION_ID: Final = "router.decision.id"
ROUTE: Final = "router.route"
TENANT: Final = "router.tenant"
PURPOSE: Final = "router.purpose"
SIMULATED: Final = "router.simulated"
INTENT: Final = "router.intent"
POLICY_VERSION: Final = "router.policy.version"
COST_NANO: Final = "router.cost.nano_usd"  # int; absent when unknown
ERROR_MESSAGE: Final = "router.error.message"

# --- router.*: on the root span ---------------------------------------------------------------------------
SCHEMA: Final = "router.schema_version"
SOURCE: Final = "router.source"  # "router" | "otlp"
PARENT_DECISION_ID: Final = "router.parent_decision.id"
POLICY_NAME: Final = "router.policy.name"
STRATEGY: Final = "router.strategy"
RISK: Final = "router.risk"
DATA_CLASS: Final = "router.data_class"
LANGUAGE: Final = "router.language"
INTENT_CONFIDENCE: Final = "router.intent.confidence"
PROMPT_WORDS: Final = "router.prompt.words"
PROMPT_CHARACTERS: Final = "router.prompt.characters"
STATUS: Final = "router.status"  # ok | denied | failed | cancelled
CHOSEN: Final = "router.chosen.name"
CHOSEN_KIND: Final = "router.chosen.kind"
FIRST_MODEL: Final = "router.first.name"  # the model or tool of the first branch
REASON: Final = "router.reason"
BRANCHES: Final = "router.branches"  # int
ESCALATED: Final = "router.escalated"
FELL_BACK: Final = "router.fell_back"
FINAL_SCORE: Final = "router.score.value"
DISCARDED_COST_NANO: Final = "router.cost.discarded_nano_usd"  # rejected, failed, compared branches; absent if unknown
BASELINE_MODEL: Final = "router.baseline.model"
BASELINE_COST_NANO: Final = "router.baseline.cost_nano_usd"
BASELINE_SOURCE: Final = "router.baseline.source"
TTFT_MS: Final = "router.time_to_first_token_ms"
OVERHEAD_MS: Final = "router.overhead_ms"
TAGS: Final = "router.tags"  # list of str
SIGNALS: Final = "router.signals"  # JSON object, as Decision.signals
VERDICTS: Final = "router.verdicts"  # JSON list, as Decision.verdicts
CANDIDATES: Final = "router.candidates"  # JSON list, as Decision.candidates
SESSION_OUTCOME: Final = "router.session.outcome"  # begun | stayed | left; absent where the route is not sticky
SESSION_MODEL: Final = "router.session.previous_model"  # who answered the conversation last
SESSION_COLD_CACHE_NANO: Final = "router.session.cold_cache_nano_usd"  # int; absent when unknown, and unless left

# --- router.*: on spans of the cache ----------------------------------------------------------------------
CACHE_RESULT: Final = "router.cache.result"  # miss | bypass; a hit is a branch, and "hit" in metrics
CACHE_REASON: Final = "router.cache.reason"  # why the cache had nothing to do with the request

# --- router.*: on tool and branch spans (both become branch rows) -----------------------------------------
BRANCH_INDEX: Final = "router.branch.index"  # 0, 1, ... in the order of starting
BRANCH_KIND: Final = "router.branch.kind"  # tool | cache | model | probe | judge
BRANCH_TIER: Final = "router.branch.tier"
BRANCH_DEPLOYMENT: Final = "router.branch.deployment"  # absent where the model runs in one place
BRANCH_LOCATION: Final = "router.branch.location"  # local | cloud: where the prompt went
BRANCH_OUTCOME: Final = "router.branch.outcome"  # accepted | rejected | failed | compared | cancelled
BRANCH_REASON: Final = "router.branch.reason"
BRANCH_SCORE: Final = "router.branch.score"
BRANCH_THRESHOLD: Final = "router.branch.threshold"
BRANCH_SCORES: Final = "router.branch.scores"  # JSON list, as BranchRecord.scores
BRANCH_LATENCY_MS: Final = "router.branch.latency_ms"  # of the call alone; the span also holds the scoring
ANSWER_CHARACTERS: Final = "router.answer.characters"

# --- router.*: on validate spans --------------------------------------------------------------------------
GUARD_ELIGIBLE: Final = "router.guard.eligible"  # list of str, on the guard span
PLAN_MODELS: Final = "router.plan.models"  # list of str, on the plan span
AGGREGATOR: Final = "router.aggregator"  # on the aggregate span
VALIDATED_BRANCH: Final = "router.validator.branch_index"
VALIDATOR: Final = "router.validator.name"
SCORE: Final = "router.validator.score"
THRESHOLD: Final = "router.validator.threshold"
PASSED: Final = "router.validator.passed"
WEIGHT: Final = "router.validator.weight"  # absent where every validator must pass by itself

# --- metrics ----------------------------------------------------------------------------------------------
METRIC_OPERATION_DURATION: Final = "gen_ai.client.operation.duration"  # s, a call of a model
METRIC_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"  # s
METRIC_TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105 ({token})
METRIC_TOOL_DURATION: Final = "gen_ai.execute_tool.duration"  # s
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 ("input" | "output")
METRIC_REQUESTS: Final = "router.requests"
METRIC_REQUEST_DURATION: Final = "router.request.duration"  # s, request in to decision settled
METRIC_OVERHEAD: Final = "router.request.overhead"  # s, of that what the router itself took
METRIC_COST: Final = "router.cost.usd"
METRIC_COST_UNKNOWN: Final = "router.cost.unknown"  # branches whose price nobody knows: not in the cost
METRIC_ESCALATIONS: Final = "router.escalations"  # requests
METRIC_FALLBACKS: Final = "router.fallbacks"  # requests
METRIC_DENIALS: Final = "router.denials"  # requests
METRIC_EXCLUSIONS: Final = "router.guard.exclusions"  # models taken out of a request
METRIC_RETRIES: Final = "router.retries"  # branches that ask a model once more
METRIC_CACHE_LOOKUPS: Final = "router.cache.lookups"  # requests of routes with a cache, by router.cache.result
METRIC_QUEUED: Final = "router.telemetry.queued"
METRIC_SPOOLED: Final = "router.telemetry.spooled"
METRIC_LAG: Final = "router.telemetry.lag"  # s
METRIC_TRACES: Final = "router.telemetry.traces"
METRIC_DROPPED: Final = "router.telemetry.dropped"
METRIC_COLLECTOR_SPANS: Final = "router.collector.spans"
METRIC_COLLECTOR_QUEUED: Final = "router.collector.queued"
METRIC_DEPLOYMENT: Final = "router.deployment.state"  # 1 for the state that it is in, 0 for the others
METRIC_DEPLOYMENT_CALLS: Final = "router.deployment.calls"  # within the outlier window
METRIC_DEPLOYMENT_FAILED: Final = "router.deployment.failed"
METRIC_POLICY_REFUSED: Final = "router.policy.refused"  # 1 while the policy's file says what cannot be used
STATE: Final = "router.state"
CAUSE: Final = "router.cause"

CONTENT_KEYS: Final = frozenset({INPUT_MESSAGES, OUTPUT_MESSAGES})
"""Attributes that hold what people wrote. The sink decides whether they are kept: off, hash, redacted, full."""
