"""``routescope alerts``: what fires, evaluate now, try a channel, silence."""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from app import plain
from app.options import database_option, json_option, settings_and_policy
from app.settings import Settings
from telemetry.alerts.message import written
from telemetry.alerts.outbox import Event
from telemetry.query.alerts import AlertView
from telemetry.query.alerts import alerts as read_alerts
from telemetry.query.alerts import rules as read_rules
from telemetry.storage.engine import open_engine, open_reader

if TYPE_CHECKING:
    from router_core.policy.schema import Policy

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_LENGTH: Final = re.compile(r"(\d{1,5})([mhd])")
WAIT_S: Final = 30.0


class Length(click.ParamType[timedelta]):
    """A length of time, as 90m, 2h or 7d."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it."""
        if isinstance(value, timedelta):
            return value
        found = _LENGTH.fullmatch(str(value).strip())
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no length of time; write 90m, 2h or 7d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.group(epilog="Example: routescope alerts list")
def alerts() -> None:
    """See what fires, evaluate the rules now, try a channel, or silence a rule."""


@alerts.command("list", epilog="Example: routescope alerts list --all --json")
@click.option("--all", "everything", is_flag=True, help="What is ok too.")
@database_option
@json_option
def list_alerts(everything: bool, database_url: str | None, as_json: bool) -> None:
    """What fires or is pending, as the last evaluation left it."""
    settings, _ = settings_and_policy(database_url)
    reader = open_reader(settings.database_url)
    found = read_alerts(reader)
    shown = [one for one in found if everything or one.state in ("firing", "pending")]
    known = read_rules(reader)
    if as_json:
        click.echo(json.dumps([_document(one) for one in shown], default=_plain))
    for one in shown:
        click.echo(_line(one), err=True)
    for rule in known:
        if rule.fault is not None:
            click.echo(f"{plain.visible(rule.name)}: not measured, {plain.visible(rule.fault)}", err=True)
    if not known:
        click.echo(
            "nothing was evaluated yet; `routescope up` does it every minute, `routescope alerts run` now", err=True
        )
        return
    firing = sum(one.state == "firing" for one in found)
    when = max(rule.evaluated for rule in known)
    click.echo(f"{firing} firing of {len(found)} watched; evaluated {when:%Y-%m-%d %H:%M:%S} UTC", err=True)


@alerts.command("run", epilog="Example: routescope alerts run")
@database_option
@json_option
def run_alerts(database_url: str | None, as_json: bool) -> None:
    """Evaluate all rules once and send what is due: for cron, where no worker runs."""
    from app.jobs.alerting import Alerting

    # What it says is said below; without a handler Python would say it a second time.
    logging.getLogger("routescope.alert").addHandler(logging.NullHandler())
    settings, _ = settings_and_policy(database_url)
    alerting = Alerting(open_engine(settings.database_url), settings.policy, settings.home, wait_s=WAIT_S)
    done = alerting.run()
    if as_json:
        click.echo(json.dumps(asdict(done)))
    for line in (*done.fired, *done.resolved):
        click.echo(plain.visible(line), err=True)
    for name, why in done.faults.items():
        click.echo(f"{plain.visible(name)}: not measured, {plain.visible(why)}", err=True)
    click.echo(f"{done.alerts} evaluated, {len(done.fired)} fired, {len(done.resolved)} resolved", err=True)


@alerts.command("test", epilog="Example: routescope alerts test team")
@click.argument("channel", required=False)
def test_channel(channel: str | None) -> None:
    """Send a test message to CHANNEL, or to all channels, and say what came of it."""
    from app.jobs.alert_rules import senders_of
    from telemetry.alerts.sending import attempt

    senders = senders_of(_policy().alerting, os.environ)
    if not senders:
        raise click.UsageError(
            "the policy tells nobody: it has no channel; add one as [alerting.channels.NAME], see docs/alerts.md"
        )
    if channel is not None and channel not in senders:
        raise click.UsageError(f"the policy has no channel {channel!r}; it has {', '.join(sorted(senders))}")
    failed = 0
    for name in [channel] if channel is not None else senders:
        error = attempt(senders[name], [_test_event(datetime.now(UTC))])
        failed += error is not None
        click.echo(f"{name}: {'sent' if error is None else error}", err=True)
    sys.exit(1 if failed else 0)


@alerts.command(
    "silence", epilog='Example: routescope alerts silence "a model fails" --subject large --for 2h --why known'
)
@click.argument("rule")
@click.option("--subject", help="The only model, route or tenant; default: all of the rule.")
@click.option("--for", "lasting", type=Length(), default="2h", show_default=True, help="As 90m, 2h or 7d; 30d at most.")
@click.option("--why", default="", help="In a few words, for the others.")
@database_option
@json_option
def silence_rule(
    rule: str, subject: str | None, lasting: timedelta, why: str, database_url: str | None, as_json: bool
) -> None:
    """Tell nobody of RULE for a while. What it sees is evaluated and shown as before."""
    from telemetry.alerts.silences import silence

    settings, _ = settings_and_policy(database_url)
    engine = open_engine(settings.database_url)
    now = datetime.now(UTC)
    made = silence(engine, rule, subject, until=now + lasting, author=_user(), why=why, now=now)
    if made is None:
        names = [one.name for one in read_rules(engine)]
        raise click.UsageError(f"no rule is called {rule!r}; {_known(names)}")
    if as_json:
        click.echo(json.dumps(asdict(made), default=_plain))
    click.echo(
        f"silenced until {made.until:%Y-%m-%d %H:%M} UTC; `routescope alerts unsilence {made.silence_id}`", err=True
    )


@alerts.command("unsilence", epilog="Example: routescope alerts unsilence 3f0c0e1b6a7d8e9f0a1b2c3d4e5f6071")
@click.argument("silence_id")
@database_option
def unsilence_rule(silence_id: str, database_url: str | None) -> None:
    """Take a silence back before its time."""
    from telemetry.alerts.silences import unsilence

    settings, _ = settings_and_policy(database_url)
    if not unsilence(open_engine(settings.database_url), silence_id, author=_user(), now=datetime.now(UTC)):
        raise click.UsageError(
            f"no silence {silence_id[:60]!r} is in force; `routescope alerts list --json` has their ids"
        )
    click.echo("it is told of again", err=True)


def _policy() -> Policy:
    from router_core.policy.loading import load_policy

    return load_policy(Settings.read().policy).policy


def _line(one: AlertView) -> str:
    about = f" of {plain.visible(one.subject, 60)}" if one.subject else ""
    made_up = " (simulated)" if one.simulated else ""
    quiet = f", silenced until {one.silence.until:%Y-%m-%d %H:%M} UTC" if one.silence is not None else ""
    dark = ", not enough data now" if one.evidence == "dark" else ""
    value = f"{written(one.value, one.rule.unit)}, threshold {one.rule.comparison} "
    value += written(one.rule.threshold, one.rule.unit)
    name = plain.visible(one.rule.name, 80)
    stands = f"{value}, since {one.since:%Y-%m-%d %H:%M} UTC{quiet}{dark}"
    return f"{one.state:8} {one.rule.severity:8} {name}{about}{made_up}: {stands}"


def _document(one: AlertView) -> dict[str, Any]:
    return {
        "rule": one.rule.name,
        "subject": one.subject or None,
        "per": one.rule.per,
        "simulated": one.simulated,
        "state": one.state,
        "severity": one.rule.severity,
        "metric": one.rule.metric,
        "comparison": one.rule.comparison,
        "threshold": one.rule.threshold,
        "unit": one.rule.unit,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "evidence": one.evidence,
        "since": one.since,
        "dark_since": one.dark_since,
        "note": one.note,
        "silence": None if one.silence is None else asdict(one.silence),
    }


def _test_event(now: datetime) -> Event:
    return Event(
        event_id=f"test-{int(now.timestamp())}",
        rule="a test of this channel",
        subject="",
        per=None,
        kind="test",
        ts=now,
        severity="info",
        metric="requests",
        comparison="above",
        threshold=0.0,
        unit="count",
        value=None,
        low=None,
        high=None,
        n=None,
        window_s=0.0,
        started=None,
        note="Nothing is wrong: somebody ran `routescope alerts test`.",
    )


def _known(names: list[str]) -> str:
    return f"known: {', '.join(names)}" if names else "none is known yet: run `routescope alerts run` first"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
