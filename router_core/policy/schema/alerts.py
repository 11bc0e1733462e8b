"""Alerts: rules over what is measured, and the channels that are told.

The router itself knows nothing of them; whoever keeps decisions evaluates the rules.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from router_core.policy.schema.values import Count, Strict

AlertMetric: TypeAlias = Literal[
    "failure_rate",
    "denied_rate",
    "escalation_rate",
    "fallback_rate",
    "deadline_miss_rate",
    "unknown_cost_rate",
    "error_budget_burn",
    "latency_p95",
    "ttft_p95",
    "spend",
    "cost_per_request",
    "saved_share",
    "requests",
    "branch_failure_rate",
    "branch_latency_p95",
    "refusal_rate",
    "feedback_bad_rate",
    "not_durable",
    "spool_waiting",
    "open_breakers",
    "failed_jobs",
    "drift",
    "budget_use",
    "budget_burn",
]
BuiltinAlert: TypeAlias = Literal[
    "requests fail",
    "error budget burns fast",
    "error budget burns",
    "deadlines are missed",
    "a model fails",
    "a breaker stays open",
    "fallbacks are frequent",
    "most answers escalate",
    "a model refuses",
    "answers are slow",
    "routing costs more than it saves",
    "costs are unknown",
    "a budget is nearly used",
    "a budget is used up",
    "a budget burns fast",
    "answers are disliked",
    "a model drifted",
    "decisions are lost",
    "decisions wait on a spool",
    "a job fails",
]
"""The names of the built-in rules."""
AlertSeverity: TypeAlias = Literal["error", "warning", "info"]
Variable: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Minutes: TypeAlias = Annotated[float, Field(gt=0, le=44_640)]

SHARES: Final = frozenset(
    {
        *("failure_rate", "denied_rate", "escalation_rate", "fallback_rate", "deadline_miss_rate"),
        *("unknown_cost_rate", "branch_failure_rate", "refusal_rate", "feedback_bad_rate"),
    }
)
"""Metrics from 0 to 1."""
STATES: Final = frozenset({"spool_waiting", "open_breakers", "failed_jobs", "drift", "budget_use"})
"""Metrics that are a state, not a count over a window."""
BURNS: Final = frozenset({"error_budget_burn", "budget_burn"})
"""Metrics over two windows."""
BUDGETS: Final = frozenset({"budget_use", "budget_burn"})
WHOLE: Final = frozenset({"not_durable", "spool_waiting", "failed_jobs", *BUDGETS})
"""Metrics that no model, route or tenant narrows."""
BY_MODEL: Final = frozenset({"open_breakers", "drift"})
"""Metrics that tell models apart by themselves, and that models alone narrow."""


class AlertEntry(Strict):
    """One alert rule. It fires when its metric has been beyond a threshold for long enough, on enough cases."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """How the alert is called. A rule with the name of a built-in one takes its place."""
    metric: AlertMetric
    """What is looked at; docs/alerts.md defines each."""
    above: Finite | None = None
    """Fire above this value: shares from 0 to 1, durations in ms, money in USD. This or `below`."""
    below: Finite | None = None
    """Fire below this value."""
    window_minutes: Minutes | None = None
    """Minutes that are counted, up to now; default: the metric's own. Up to 120 exactly, longer ones by full hours."""
    short_window_minutes: Minutes | None = None
    """Of burn rates: the second window that must exceed the threshold too. Default: a twelfth of the first."""
    for_minutes: Annotated[float, Field(ge=0, le=1440)] = 5
    """Minutes that the threshold must be breached before the alert fires. Time without enough data does not count."""
    min_n: Count | None = None
    """Cases below which there is not enough data to judge; default: the metric's own."""
    certain: bool = True
    """Whether the whole interval at 95 % must lie beyond the threshold, where the metric has one."""
    severity: AlertSeverity = "warning"
    """How grave it is; channels may take only the graver ones."""
    per: Literal["model", "route", "tenant"] | None = None
    """Look at each model, route or tenant by itself: an alert each."""
    models: tuple[str, ...] = ()
    """Only these: the model asked first where requests are counted, the one called where branches are."""
    routes: tuple[str, ...] = ()
    """Only requests to these routes."""
    tenants: tuple[str, ...] = ()
    """Only requests of these tenants."""
    objective: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    """Of `error_budget_burn`: the share of requests that must not fail, as 0.99."""
    budget: str | None = None
    """Of `budget_use` and `budget_burn`: the only budget; default: each."""
    channels: tuple[str, ...] | None = None
    """Who is told besides the page and the log; default: every channel of `[alerting.channels]`."""
    description: Annotated[str, Field(max_length=500)] = ""
    """What it means and what to do, for whoever is told."""

    @model_validator(mode="after")
    def _fits_its_metric(self) -> Self:
        for problem, remedy in (*self._threshold(), *self._scope(), *self._windows()):
            raise PydanticCustomError("at_odds", "{problem}; {remedy}", {"problem": problem, "remedy": remedy})
        return self

    def _threshold(self) -> list[tuple[str, str]]:
        given = [value for value in (self.above, self.below) if value is not None]
        if len(given) != 1:
            said = "no threshold" if not given else "two thresholds"
            return [(f"it has {said}", "give above = ... or below = ..., one of them")]
        if self.metric in SHARES and not 0 <= given[0] <= 1:
            return [
                (f"{self.metric} is a share, and {given[0]:g} is none", "give a number from 0 to 1, as 0.05 for 5 %")
            ]
        return []

    def _scope(self) -> list[tuple[str, str]]:
        narrowed = [name for name in ("models", "routes", "tenants") if getattr(self, name)]
        narrowed += ["per"] if self.per is not None else []
        allowed: set[str] = {"models", "routes", "tenants", "per"}
        if self.metric in WHOLE:
            allowed = set()
        elif self.metric in BY_MODEL:
            allowed = {"models"}
        elif self.metric == "denied_rate" and (self.models or self.per == "model"):
            return [("a denied request asked no model", "narrow it by routes or tenants")]
        found = [
            (f"{self.metric} cannot be narrowed by {name}", f"leave {name} out")
            for name in narrowed
            if name not in allowed
        ]
        if self.metric == "error_budget_burn" and self.objective is None:
            found.append(("a burn rate of errors needs an objective", "give objective = 0.99 or the like"))
        if self.metric != "error_budget_burn" and self.objective is not None:
            found.append((f"{self.metric} has no objective", "leave objective out"))
        if self.metric not in BUDGETS and self.budget is not None:
            found.append((f"{self.metric} looks at no budget", "leave budget out"))
        return found

    def _windows(self) -> list[tuple[str, str]]:
        if self.metric in STATES and self.window_minutes is not None:
            return [(f"{self.metric} is a state and has no window", "leave window_minutes out")]
        if self.metric not in BURNS and self.short_window_minutes is not None:
            return [(f"{self.metric} has one window", "leave short_window_minutes out")]
        long, short = self.window_minutes, self.short_window_minutes
        if long is not None and short is not None and short >= long:
            return [("the short window is not shorter than the window", "give short_window_minutes a twelfth of it")]
        return []


class WebhookChannel(Strict):
    """A webhook. https, or http on this machine; redirects are not followed."""

    kind: Literal["webhook"]
    url_env: Variable
    """Environment variable that holds the URL. Whoever knows the URL can post, so it never stands in the policy."""
    format: Literal["slack", "json"] = "slack"
    """`slack` is understood by Slack, Mattermost and many others; `json` has every field for programs."""
    least_severity: AlertSeverity = "info"
    """The lightest severity that it is told of."""


class EmailChannel(Strict):
    """E-mail by SMTP, with STARTTLS or TLS but on this machine."""

    kind: Literal["email"]
    server_env: Variable
    """Environment variable that holds the server, as `smtp://user:password@host:587` or `smtps://...:465`."""
    from_env: Variable
    """Environment variable that holds the sender's address."""
    to_env: Variable
    """Environment variable that holds the recipients' addresses, parted by commas."""
    least_severity: AlertSeverity = "info"
    """The lightest severity that it is told of."""


ChannelEntry: TypeAlias = Annotated[WebhookChannel | EmailChannel, Field(discriminator="kind")]


class AlertingEntry(Strict):
    """Who is told of alerts, and which built-in rules there are."""

    builtin: bool = True
    """Whether the built-in rules are evaluated too; docs/alerts.md lists them."""
    off: tuple[BuiltinAlert, ...] = ()
    """Built-in rules that are not."""
    channels: dict[str, ChannelEntry] = {}
    """Channels, by name. The page Alerts and the log need none."""
    dashboard_url: Annotated[str, Field(pattern=r"^https?://[^\s?#@]+$", max_length=500)] | None = None
    """Where the dashboard is, for the link in messages."""
