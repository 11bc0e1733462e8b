"""What a policy may say of alerts, and what is at odds."""

from __future__ import annotations

import pytest

from tests.unit.router_core.policy.test_loading import SOUND, faults_of, line_of, loaded, only_fault

BUDGET = '[[budgets]]\nname = "team"\nusd = "10"\nperiod = "month"\n'
CHANNEL = '[alerting.channels.team]\nkind = "webhook"\nurl_env = "HOOK"\n'


def alert(lines: str, name: str = "mine") -> str:
    return f'{SOUND}\n[[alerts]]\nname = "{name}"\n{lines}\n'


def test_a_policy_without_a_word_about_alerts_has_the_built_in_ones_and_no_channel() -> None:
    policy = loaded(SOUND).policy
    assert policy.alerts == () and policy.alerting.builtin and policy.alerting.channels == {}


def test_a_rule_says_its_metric_its_threshold_and_whom_it_is_about() -> None:
    text = (
        alert('metric = "failure_rate"\nabove = 0.1\nroutes = ["chat"]\nper = "tenant"\nchannels = ["team"]') + CHANNEL
    )
    (rule,) = loaded(text).policy.alerts
    assert (rule.metric, rule.above, rule.below, rule.for_minutes) == ("failure_rate", 0.1, None, 5)
    assert (rule.per, rule.channels) == ("tenant", ("team",))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('metric = "failure_rate"', "it has no threshold"),
        ('metric = "failure_rate"\nabove = 0.1\nbelow = 0.2', "it has two thresholds"),
        ('metric = "failure_rate"\nabove = 5', "failure_rate is a share, and 5 is none"),
        ('metric = "denied_rate"\nabove = 0.1\nper = "model"', "a denied request asked no model"),
        ('metric = "spool_waiting"\nabove = 1\nroutes = ["chat"]', "spool_waiting cannot be narrowed by routes"),
        ('metric = "drift"\nabove = 1\nper = "model"', "drift cannot be narrowed by per"),
        ('metric = "error_budget_burn"\nabove = 6', "a burn rate of errors needs an objective"),
        ('metric = "failure_rate"\nabove = 0.1\nobjective = 0.9', "failure_rate has no objective"),
        ('metric = "failure_rate"\nabove = 0.1\nbudget = "team"', "failure_rate looks at no budget"),
        ('metric = "drift"\nabove = 1\nwindow_minutes = 5', "drift is a state and has no window"),
        ('metric = "failure_rate"\nabove = 0.1\nshort_window_minutes = 5', "failure_rate has one window"),
        (
            'metric = "error_budget_burn"\nabove = 6\nobjective = 0.99\nwindow_minutes = 5\nshort_window_minutes = 5',
            "the short window is not shorter than the window",
        ),
    ],
)
def test_what_does_not_fit_its_metric_is_one_fault_at_the_rule(lines: str, problem: str) -> None:
    text = alert(lines)
    fault = only_fault(text)
    assert (fault.key, fault.problem) == ("alerts.0", problem)
    assert fault.file == f"policy.toml:{line_of(text, '[[alerts]]')}"
    assert fault.remedy


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('metric = "failures"\nabove = 1', "alerts.0.metric"),
        ('metric = "spend"\nabove = nan', "alerts.0.above"),
        ('metric = "spend"\nabove = "much"', "alerts.0.above"),
        ('metric = "spend"\nabove = 1\nseverity = "fatal"', "alerts.0.severity"),
        ('metric = "spend"\nabove = 1\nwindow_minutes = 0', "alerts.0.window_minutes"),
        ('metric = "spend"\nabove = 1\nfor_minutes = -1', "alerts.0.for_minutes"),
        ('metric = "spend"\nabove = 1\nmin_n = 0', "alerts.0.min_n"),
        ('metric = "spend"\nabove = 1\nwindow = 5', "alerts.0.window"),
        ('metric = "spend"\nabove = 1\nmodels = ["tinny"]', "alerts.0.models"),
        ('metric = "spend"\nabove = 1\nroutes = ["chats"]', "alerts.0.routes"),
        ('metric = "spend"\nabove = 1\nchannels = ["team"]', "alerts.0.channels"),
        ('metric = "budget_use"\nabove = 0.5', "alerts.0.metric"),
        ('metric = "budget_use"\nabove = 0.5\nbudget = "team"', "alerts.0.budget"),
    ],
)
def test_a_faulty_key_is_named_with_its_line(lines: str, key: str) -> None:
    text = alert(lines)
    fault = only_fault(text)
    assert fault.key == key
    assert fault.file == f"policy.toml:{line_of(text, key.rpartition('.')[2] + ' =')}"


def test_two_rules_of_one_name_are_a_fault() -> None:
    text = alert('metric = "spend"\nabove = 1') + '\n[[alerts]]\nname = "mine"\nmetric = "spend"\nabove = 2\n'
    assert only_fault(text).problem == "alert 'mine' stands twice"


def test_refusals_need_a_validator_that_looks_for_them() -> None:
    text = alert('metric = "refusal_rate"\nabove = 0.1')
    assert loaded(text).policy.alerts
    without = text.replace('kind = "refusal"', 'kind = "truncation"')
    assert only_fault(without).problem == "the policy has no validator that looks for refusals"


def test_what_keys_spend_in_a_window_cannot_be_asked() -> None:
    per_key = BUDGET + 'per = "key"\n'
    lines = 'metric = "{}"\nabove = 0.5\nbudget = "team"'
    assert only_fault(alert(lines.format("budget_burn")) + per_key).key == "alerts.0.budget"
    assert loaded(alert(lines.format("budget_use")) + per_key).policy.alerts


def test_channels_name_variables_and_never_addresses() -> None:
    url = CHANNEL.replace('"HOOK"', '"https://hooks.example.com/T0/secret"')
    (fault,) = faults_of(f"{SOUND}\n{url}")
    assert fault.key == "alerting.channels.team.url_env"
    kind = CHANNEL.replace('"webhook"', '"pager"')
    assert only_fault(f"{SOUND}\n{kind}").problem == "kind 'pager' is unknown"
