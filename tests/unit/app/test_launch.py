"""What children are given to start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.launch import PortBusy, check_port, child_environment
from app.settings import HOME_VARIABLE, POLICY_VARIABLE, Settings


def test_children_get_a_policys_own_path_and_not_what_its_links_lead_to_today(tmp_path: Path) -> None:
    (tmp_path / "monday").mkdir()
    (tmp_path / "monday" / "team.toml").write_text("")
    (tmp_path / "team.toml").symlink_to("monday/team.toml")
    settings = Settings.read(policy=tmp_path / "team.toml", environ={HOME_VARIABLE: str(tmp_path)})
    assert child_environment(settings, None)[POLICY_VARIABLE] == str(tmp_path / "team.toml")


def test_children_get_an_absolute_path(tmp_path: Path) -> None:
    settings = Settings.read(policy="team.toml", environ={HOME_VARIABLE: str(tmp_path)})
    assert child_environment(settings, None)[POLICY_VARIABLE] == str(Path.cwd() / "team.toml")


@pytest.mark.parametrize("host", ["not an address", "203.0.113.7"])
def test_an_address_that_is_not_this_machines_is_named_with_its_own_flag(host: str) -> None:
    with pytest.raises(PortBusy, match=rf"cannot listen on {host}: .*--host"):
        check_port(host, 0, "the gateway", "--port")
