"""The words of the banner over a refused policy, from whatever a gateway says of its health."""

from __future__ import annotations

from typing import Any

import pytest

from app.dashboard.policy_banner import refused_policy


def fault(file: str = "/etc/team.toml:12", **more: str) -> dict[str, str]:
    told = {"key": "routes.chat.tools", "problem": "there is no tool 'clock'", "remedy": "define [tools.clock]"}
    return {"file": file, **told, **more}


def health(*faults: Any, **more: Any) -> dict[str, Any]:
    refused = {"at": "2026-11-23T13:20:05.123+00:00", "version": None, "faults": list(faults), "more": 0, **more}
    return {
        "status": "ok",
        "policy_version": "b2bd242ae542",
        "policy_file": "/etc/team.toml",
        "policy_refused": refused,
    }


def test_it_says_when_which_file_and_what_decides() -> None:
    refused = refused_policy(health(fault()))
    assert refused is not None
    assert refused.sentence == (
        "The policy was changed and is refused since 2026-11-23 13:20:05: /etc/team.toml. "
        "Version b2bd242ae542 still decides; the file is read again as soon as it changes."
    )


def test_a_fault_of_the_file_is_told_by_its_line_and_one_of_another_file_by_its_path() -> None:
    refused = refused_policy(health(fault(), fault("/srv/manual")))
    assert refused is not None
    assert refused.lines == (
        "team.toml:12: routes.chat.tools: there is no tool 'clock'; define [tools.clock]",
        "/srv/manual: routes.chat.tools: there is no tool 'clock'; define [tools.clock]",
    )


def test_of_many_faults_the_first_three_are_told_and_all_others_counted() -> None:
    refused = refused_policy(health(*(fault(f"/etc/team.toml:{line}") for line in range(1, 51)), more=7))
    assert refused is not None
    assert [line.partition(": ")[0] for line in refused.lines[:3]] == ["team.toml:1", "team.toml:2", "team.toml:3"]
    assert refused.lines[3:] == ("and 54 more faults; `routescope policy check` lists all",)


def test_a_very_long_fault_is_cut() -> None:
    refused = refused_policy(health(fault(problem="x" * 5000)))
    assert refused is not None
    assert len(refused.lines[0]) == 300
    assert refused.lines[0].endswith("…")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"policy_refused": None},
        {"policy_refused": "yes"},
        {"policy_refused": {"at": "noon"}},
        {"policy_refused": {"faults": 3}},
    ],
)
def test_a_gateway_that_refused_nothing_or_speaks_otherwise_gives_no_banner(told: dict[str, Any]) -> None:
    assert refused_policy({"status": "ok", **told}) is None


def test_what_cannot_be_understood_of_a_refusal_is_left_out() -> None:
    refused = refused_policy(health("a sentence", fault(), None, at="noon", more="many"))
    assert refused is not None
    assert "refused since unknown" in refused.sentence
    assert len(refused.lines) == 1
