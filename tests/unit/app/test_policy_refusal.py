"""What is said of a policy that was refused: every fault with its place, and nothing that is secret."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.policy_refusal import FIXED_AT_START, MOST_FAULTS, Refusal, check_fixed
from app.settings import shipped
from router_core.errors import Fault, PolicyError, StateUnavailable
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.policy.schema import TelemetryEntry

FILE = Path("team.toml")
KEY = "sk-proj-" + "abcdefghijklmnop1234567890ABCDEFGHIJ"
SOUND = (shipped("policies") / "cloud.toml").read_text(encoding="utf-8")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def with_telemetry(**entries: str) -> LoadedPolicy:
    head, _, _ = SOUND.partition("[telemetry]")
    lines = "\n".join(f'{key} = "{value}"' for key, value in entries.items())
    return parse_policy(f"{head}\n[telemetry]\n{lines}\n", FILE)


def refused(error: Exception) -> Refusal:
    return Refusal.of(error, FILE, None, NOON)


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ("format = 1", f'format = "{KEY}"'),
        ("format = 1", f'format = 1\nkey = "{KEY}"'),
        ("format = 1", f"format = 1\nkey = {KEY}"),
        ("format = 1", f'format = 1\n"{KEY}" = 1'),
        ("format = 1", f'format = 1\napprovals = "postgresql://team:{KEY}@db/routescope"'),
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(sound: str, broken: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(SOUND.replace(sound, broken, 1), FILE)
    refusal = refused(caught.value)
    assert KEY not in repr(refusal)
    assert all(fault.file.startswith("team.toml") for fault in refusal.faults)


def test_other_faults_are_said_as_they_are() -> None:
    faults = (Fault("team.toml:12", "routes.chat.tools", "there is no tool 'clock'", "define [tools.clock]"),)
    assert refused(PolicyError(faults)).faults == faults


def test_an_error_that_is_not_the_files_names_the_file_and_a_way_on() -> None:
    (fault,) = refused(StateUnavailable("the budgets' file state.db cannot be used (locked)")).faults
    assert (fault.file, fault.problem) == ("team.toml", "the budgets' file state.db cannot be used (locked)")
    assert "SIGHUP" in fault.remedy


def test_of_very_many_faults_the_first_are_told_and_the_rest_counted() -> None:
    faults = tuple(Fault(f"team.toml:{line}", "x", "no such key", "remove it") for line in range(MOST_FAULTS + 7))
    refusal = refused(PolicyError(faults))
    told = refusal.document()
    assert (len(told["faults"]), told["more"], told["version"]) == (MOST_FAULTS, 7, None)
    assert told["at"] == "2026-11-23T12:00:00+00:00"
    assert str(refusal).endswith("\n  and 7 more")
    assert told["faults"][0] == {"file": "team.toml:0", "key": "x", "problem": "no such key", "remedy": "remove it"}


def test_terminal_codes_and_line_ends_of_a_file_do_not_reach_the_log() -> None:
    fault = Fault("team.toml:1", "a\x1b[31mb", "one\nERROR policy is fine", "two\u202e")
    (told,) = str(refused(PolicyError([fault]))).splitlines()
    assert told == "  team.toml:1: a\u241b[31mb: one ERROR policy is fine; two[U+202E]"


# --- what only a start changes --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "value"),
    [("content", "full"), ("durability", "async"), ("database_url", "sqlite:////srv/team:pa55word@here.db")],
)
def test_what_only_a_start_changes_is_named_with_its_line_and_without_its_value(key: str, value: str) -> None:
    with pytest.raises(PolicyError) as caught:
        check_fixed(TelemetryEntry(), new := with_telemetry(**{key: value}))
    (fault,) = caught.value.faults
    line = new.text.splitlines().index(f'{key} = "{value}"') + 1
    assert fault.file == f"team.toml:{line}"
    assert fault.key == f"telemetry.{key}"
    assert "restart the gateway" in fault.remedy
    assert value not in str(fault)


def test_taking_such_a_key_out_is_a_change_too() -> None:
    with pytest.raises(PolicyError, match=r"telemetry\.content: it has changed"):
        check_fixed(TelemetryEntry(content="full"), with_telemetry())


def test_the_audit_may_change_while_the_gateway_runs() -> None:
    check_fixed(TelemetryEntry(), with_telemetry(audit="strict"))


def test_every_key_of_telemetry_is_either_fixed_or_known_to_change() -> None:
    # The router reads the audit with each request; the job that prunes reads the policy each time.
    known_to_change = {"audit", "keep_days", "keep_content_days"}
    assert set(FIXED_AT_START) <= TelemetryEntry.model_fields.keys() <= {*FIXED_AT_START, *known_to_change}
