"""The policy's alerts in telemetry's words: rules, channels and how they are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from router_core.policy.schema import AlertEntry, AlertingEntry, ChannelEntry, Policy
from router_core.policy.schema.validators import RefusalValidator
from telemetry.alerts.builtin import BUILTIN
from telemetry.alerts.mail import Mailbox
from telemetry.alerts.round import Channel
from telemetry.alerts.rule import Rule, Scope
from telemetry.alerts.sending import Sender, Unsendable
from telemetry.alerts.webhook import Webhook
from telemetry.errors import DeliveryFailed


def rules_of(policy: Policy) -> list[Rule]:
    """The policy's own rules in its order, then the built-in ones that it neither replaces nor switches off.

    Built-in rules that could never be measured under this policy are left out: of budgets where there is none, of
    refusals where no validator looks for them.
    """
    refusals = tuple(name for name, one in policy.validators.items() if isinstance(one, RefusalValidator))
    everyone = tuple(policy.alerting.channels)
    own = [_rule(entry, refusals, everyone) for entry in policy.alerts]
    if not policy.alerting.builtin:
        return own
    taken = {rule.name for rule in own} | set(policy.alerting.off)
    builtin = [
        replace(rule, channels=everyone, validators=refusals if rule.metric == "refusal_rate" else ())
        for rule in BUILTIN
        if rule.name not in taken and _possible(rule, policy, refusals)
    ]
    return [*own, *builtin]


def channels_of(alerting: AlertingEntry) -> list[Channel]:
    """Every channel, and how grave an alert must be for it."""
    return [Channel(name, entry.least_severity) for name, entry in alerting.channels.items()]


def senders_of(alerting: AlertingEntry, environ: Mapping[str, str]) -> dict[str, Sender]:
    """How every channel is reached. One whose variables are missing fails with the name of the first that is."""
    return {name: _sender(name, entry, alerting.dashboard_url, environ) for name, entry in alerting.channels.items()}


def _rule(entry: AlertEntry, refusals: Sequence[str], everyone: Sequence[str]) -> Rule:
    threshold = entry.above if entry.above is not None else entry.below
    assert threshold is not None
    return Rule(
        name=entry.name,
        metric=entry.metric,
        comparison="above" if entry.above is not None else "below",
        threshold=threshold,
        window=_minutes(entry.window_minutes),
        short_window=_minutes(entry.short_window_minutes),
        lasting=timedelta(minutes=entry.for_minutes),
        min_n=entry.min_n,
        certain=entry.certain,
        severity=entry.severity,
        per=entry.per,
        scope=Scope(entry.models, entry.routes, entry.tenants),
        objective=entry.objective,
        budget=entry.budget,
        validators=tuple(refusals) if entry.metric == "refusal_rate" else (),
        channels=tuple(everyone) if entry.channels is None else entry.channels,
        description=entry.description,
    )


def _minutes(minutes: float | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)


def _possible(rule: Rule, policy: Policy, refusals: Sequence[str]) -> bool:
    if rule.metric == "refusal_rate":
        return bool(refusals)
    return bool(policy.budgets) if rule.of.source == "budgets" else True


def _sender(name: str, entry: ChannelEntry, dashboard: str | None, environ: Mapping[str, str]) -> Sender:
    named = [value for key, value in entry if key.endswith("_env") and isinstance(value, str)]
    missing = next((variable for variable in named if not environ.get(variable, "").strip()), None)
    if missing is not None:
        return Unsendable(name, DeliveryFailed(f"the environment variable {missing} is not set, or is empty"))
    if entry.kind == "webhook":
        return Webhook(name, environ[entry.url_env], entry.format, dashboard)
    recipients = tuple(one.strip() for one in environ[entry.to_env].split(",") if one.strip())
    return Mailbox(name, environ[entry.server_env], environ[entry.from_env], recipients, dashboard)
