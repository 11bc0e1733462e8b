"""``routescope alerts``, as somebody types it; and the job that does the same every minute."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from app.alerts_command import alerts
from app.jobs.alert_rules import rules_of
from app.jobs.alerting import EVERY, Alerting, outside
from app.jobs.scheduler import Worker
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, POLICY_VARIABLE
from router_core.clock import SystemClock
from router_core.policy.loading import load_policy
from router_core.policy.schema.alerts import BUDGETS, BURNS, BY_MODEL, SHARES, STATES, WHOLE, AlertMetric, BuiltinAlert
from router_core.state.purse import holders, period_of
from router_core.state.store import Account, Claim, Hold
from telemetry.alerts import metrics
from telemetry.alerts.builtin import BUILTIN
from telemetry.alerts.metrics import METRICS
from telemetry.query.alerts import alerts as read
from telemetry.query.alerts import deliveries, history
from telemetry.storage.engine import open_engine
from tests.alerting import add, mail_server, some, webhook
from tests.state import in_a_file
from tests.unit.router_core.policy.test_loading import SOUND

RULE = '[[alerts]]\nname = "failures"\nmetric = "failure_rate"\nabove = 0.05\nfor_minutes = 0\nwindow_minutes = 60\n'
HOOK = '[alerting.channels.team]\nkind = "webhook"\nurl_env = "TEAM_HOOK"\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(DATABASE_VARIABLE, f"sqlite:///{tmp_path / 't.db'}")
    monkeypatch.setenv(POLICY_VARIABLE, str(tmp_path / "policy.toml"))
    monkeypatch.delenv("TEAM_HOOK", raising=False)
    return tmp_path


def policy(home: Path, lines: str = "") -> Path:
    path = home / "policy.toml"
    path.write_text(f"{SOUND}\n{lines}", encoding="utf-8")
    return path


def called(*arguments: str) -> Result:
    return CliRunner().invoke(alerts, arguments)


def failing(home: Path) -> None:
    add(home, some(60, failed=40, at=datetime.now(UTC) - timedelta(minutes=5)))


def test_evaluating_now_fires_sends_and_lists(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy(home, RULE + HOOK)
    failing(home)
    assert "nothing was evaluated yet" in called("list").stderr
    with webhook() as hook:
        monkeypatch.setenv("TEAM_HOOK", hook.url)
        done = called("run", "--json")
        assert done.exit_code == 0 and json.loads(done.stdout)["fired"] == ["alert 'failures' fired"]
        assert [body["text"] for body in hook.bodies] == ["[FIRING] failures"]
    listed = called("list", "--json")
    (found,) = [one for one in json.loads(listed.stdout) if one["state"] == "firing"]
    assert (found["rule"], found["n"], found["silence"]) == ("failures", 60, None)
    assert "firing   warning  failures: 66.7 %, threshold above 5.0 %" in listed.stderr


def test_a_rule_is_silenced_and_told_of_again(home: Path) -> None:
    policy(home, RULE)
    failing(home)
    called("run")
    made = called("silence", "failures", "--for", "90m", "--why", "known", "--json")
    silence_id = json.loads(made.stdout)["silence_id"]
    (found, *_) = json.loads(called("list", "--json").stdout)
    assert found["silence"]["why"] == "known"
    assert called("unsilence", silence_id).exit_code == 0
    assert called("unsilence", silence_id).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("silence", "failure"), "no rule is called 'failure'"),
        (("silence", "failures", "--for", "soon"), "'soon' is no length of time; write 90m, 2h or 7d"),
        (("silence", "failures", "--for", "0h"), "'0h' is no length of time"),
        (("unsilence", "x"), "no silence 'x' is in force"),
        (("test", "nobody"), "the policy tells nobody: it has no channel; add one as [alerting.channels.NAME]"),
        (("test",), "the policy tells nobody: it has no channel; add one as [alerting.channels.NAME]"),
    ],
)
def test_bad_input_is_one_sentence(home: Path, arguments: tuple[str, ...], said: str) -> None:
    policy(home, RULE)
    found = called(*arguments)
    assert found.exit_code == 2 and said in found.stderr and "Traceback" not in found.output


def test_a_channel_is_tried(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy(home, HOOK)
    found = called("test", "team")
    assert found.exit_code == 1 and "team: the environment variable TEAM_HOOK is not set" in found.stderr
    with webhook() as hook:
        monkeypatch.setenv("TEAM_HOOK", hook.url)
        assert called("test").exit_code == 0
        assert hook.bodies[0]["text"] == "[TEST] a test of this channel"


def test_a_mail_channel_is_tried(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = '[alerting.channels.mail]\nkind = "email"\nserver_env = "S"\nfrom_env = "F"\nto_env = "T"\n'
    policy(home, lines)
    with mail_server() as post:
        monkeypatch.setenv("S", f"smtp://127.0.0.1:{post.port}")
        monkeypatch.setenv("F", "alerts@example.com")
        monkeypatch.setenv("T", "a@example.com, b@example.com,")
        assert called("test", "mail").exit_code == 0
        assert post.recipients == ["a@example.com", "b@example.com"]


def test_the_worker_evaluates_as_the_policy_file_says_it_at_that_time(home: Path) -> None:
    path = policy(home)
    failing(home)
    engine = open_engine(f"sqlite:///{home / 't.db'}")
    begun = datetime.now(UTC)
    moments = iter(begun + timedelta(minutes=number) for number in range(100))
    alerting = Alerting(engine, path, home, environ={}, now=lambda: next(moments))
    worker = Worker(engine, {"alerts": (alerting.job, EVERY)})
    worker.tend()
    assert {one.rule.name for one in read(engine)} <= {rule.name for rule in BUILTIN}
    policy(home, f"{RULE}[alerting]\nbuiltin = false\n")
    worker.run("alerts")
    assert [(one.rule.name, one.state) for one in read(engine)] == [("failures", "firing")]
    policy(home, "[alerting]\nbuiltin = false\n")
    worker.run("alerts")
    assert read(engine) == [] and [one.kind for one in history(engine).rows] == ["withdrawn", "fired"]
    worker.stop()


def test_a_policy_file_that_is_broken_meanwhile_does_not_end_the_watch(home: Path) -> None:
    path = policy(home, RULE)
    engine = open_engine(f"sqlite:///{home / 't.db'}")
    begun = datetime.now(UTC)
    moments = iter(begun + timedelta(minutes=number) for number in range(100))
    alerting = Alerting(engine, path, home, environ={}, now=lambda: next(moments))
    alerting.run()
    policy(home, RULE.replace("above", "abve"))
    failing(home)
    assert alerting.run().fired == ["alert 'failures' fired"]
    policy(home, RULE.replace('"failures"', '"other"'))
    assert [one.kind for one in history(engine).rows] == ["fired"]
    alerting.run()
    # Of one moment, in no order.
    assert {("withdrawn", "failures"), ("fired", "other")} <= {(one.kind, one.rule) for one in history(engine).rows}


def test_a_message_without_a_reachable_channel_says_why_and_holds_nothing_up(home: Path) -> None:
    path = policy(home, RULE + HOOK)
    failing(home)
    engine = open_engine(f"sqlite:///{home / 't.db'}")
    Alerting(engine, path, home, environ={}, wait_s=60).run()
    (found,) = deliveries(engine)
    assert found.last_error == "the environment variable TEAM_HOOK is not set, or is empty"


def test_budgets_are_read_from_the_gateways_accounts(home: Path) -> None:
    lines = '[[budgets]]\nname = "team"\nusd = "10"\nperiod = "month"\nper = "tenant"\n'
    loaded = load_policy(policy(home, lines)).policy
    url = f"sqlite:///{home / 't.db'}"
    assert outside(loaded, url, home).why == "no gateway has opened the accounts of budgets yet"
    store = in_a_file(home / "state.db", SystemClock())
    budget = loaded.budgets[0]
    account = Account(holders(budget) + "acme", period_of("month", datetime.now(UTC)))
    hold = store.hold([Claim(account, 10**10)], 9 * 10**9, time.time_ns() + 600 * 10**9)
    assert isinstance(asyncio.run(hold), Hold)
    store.close()
    (use,) = outside(loaded, url, home).budgets or ()
    assert (use.subject, use.used_nano, use.limit_nano, use.per) == ("team: acme", 9 * 10**9, 10**10, "tenant")


def test_the_policy_and_the_rules_mean_the_same_metrics() -> None:
    assert get_args(BuiltinAlert) == tuple(rule.name for rule in BUILTIN)
    assert set(get_args(AlertMetric)) == set(METRICS)
    assert {name for name, one in METRICS.items() if one.unit == "share"} - {"saved_share", "budget_use"} == SHARES
    assert {name for name, one in METRICS.items() if one.window is None} == STATES
    assert metrics.BURNS == BURNS
    assert {name for name, one in METRICS.items() if not one.narrowed_by} == WHOLE
    assert {name for name, one in METRICS.items() if one.narrowed_by == ("model",)} == BY_MODEL
    assert {name for name, one in METRICS.items() if one.source == "budgets"} == BUDGETS


def test_own_rules_come_first_and_take_the_place_of_built_in_ones(home: Path) -> None:
    same = RULE.replace('"failures"', '"requests fail"')
    off = '[alerting]\noff = ["a model drifted", "answers are slow"]\n'
    found = rules_of(load_policy(policy(home, same + off)).policy)
    names = [rule.name for rule in found]
    assert names[0] == "requests fail" and not found[0].builtin and len(set(names)) == len(names)
    assert not {"answers are slow", "a model drifted"} & set(names)
    assert not {"a budget is used up"} & set(names), "there is no budget"
    assert next(rule for rule in found if rule.metric == "refusal_rate").validators == ("polite",)
