"""What children are given to start with."""

from __future__ import annotations

from pathlib import Path

from app.launch import child_environment
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
