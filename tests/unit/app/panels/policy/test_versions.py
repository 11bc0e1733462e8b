"""Which version is shown, which one is in force, and what it is compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.panels.policy import text as policy_text
from app.panels.policy.versions import choose, in_force
from telemetry.query.policies import PolicyText
from telemetry.query.policy_use import PolicyUse

FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def version(number: int, *, name: str = "p", by: str = "ada") -> PolicyText:
    return PolicyText(f"v{number}", name, FIRST + timedelta(days=number), by, f'name = "{name}"')


def used(name: str, last: int) -> PolicyUse:
    return PolicyUse(name, 10, date(2026, 11, 1), date(2026, 11, last))


KNOWN = [version(1), version(2), version(3)]


def test_the_gateways_word_counts_if_the_store_knows_that_version() -> None:
    assert in_force(KNOWN, [used("v3", 9)], "v2").version == "v2"
    assert in_force(KNOWN, [used("v3", 9)], "v2").said_by_gateway
    assert in_force(KNOWN, [used("v2", 9)], "elsewhere").version == "v2"


def test_without_a_gateway_it_is_the_version_of_the_last_request_and_that_is_said() -> None:
    deciding = in_force(KNOWN, [used("v1", 9), used("v2", 20), used("", 21)], None)
    assert (deciding.version, deciding.said_by_gateway) == ("v2", False)
    assert "the gateway does not say" in deciding.words


def test_of_two_versions_of_the_last_day_it_is_the_newer_one() -> None:
    assert in_force(KNOWN, [used("v1", 9), used("v2", 9)], None).version == "v2"


def test_before_any_request_it_is_the_newest() -> None:
    assert in_force(KNOWN, [], None).version == "v3"


def test_a_version_is_compared_with_the_one_before_it() -> None:
    choice = choose(KNOWN, "v3", None, None)
    assert choice.against is not None
    assert (choice.shown.version, choice.against.version) == ("v3", "v2")
    assert choose(KNOWN, "v3", "v1", None).against is None


def test_the_address_may_ask_for_any_two() -> None:
    choice = choose(KNOWN, "v3", "v1", "v3")
    assert choice.against is not None
    assert (choice.shown.version, choice.against.version, choice.unknown) == ("v1", "v3", ())


def test_a_version_that_nobody_knows_is_said_and_the_one_in_force_is_shown() -> None:
    choice = choose(KNOWN, "v2", "nonsense", "x")
    assert (choice.shown.version, choice.unknown) == ("v2", ("nonsense", "x"))


def test_another_policy_and_a_demos_are_no_predecessors() -> None:
    known = [version(1, name="other"), version(2, by="demo (simulated)"), version(3)]
    assert choose(known, "v3", None, None).against is None


def test_a_text_that_is_not_understood_is_shown_as_text_with_the_reason() -> None:
    read = policy_text.read('format = 1\nname = "x"\nfuture = "y"\nowner = "me"\n')
    assert read.policy is None
    assert read.owner == "me"
    assert "written for another RouteScope" in (read.problem or "")
    assert policy_text.read("=").problem == "The stored text is no TOML: it can be shown as text alone."
