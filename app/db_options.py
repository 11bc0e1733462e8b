"""What the commands of ``routescope db`` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.settings import Settings

if TYPE_CHECKING:
    from router_core.policy.schema import TelemetryEntry

database_option = click.option("--db", "database_url", help="Database, as sqlite:///FILE or postgresql://HOST/NAME.")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
_NAMES = {
    "request": "decisions",
    "branch": "branches",
    "span": "spans",
    "content": "prompts and answers",
    "drift_run": "drift runs",
    "rollups": "rows of rollups",
    "spooled": "traces on spools",
}


def settings_and_policy(database_url: str | None) -> tuple[Settings, TelemetryEntry]:
    """Settings of this call, and what the policy says of telemetry; its own database counts below flag and environment.

    Raises:
        PolicyError: the policy cannot be read.
    """
    from router_core.policy.loading import load_policy

    kept = load_policy(Settings.read().policy).policy.telemetry
    return Settings.read(database_url=database_url, policy_database_url=kept.database_url), kept


def told_counts(removed: dict[str, int]) -> str:
    """Rows by table in words; tables without any are left out."""
    return ", ".join(f"{number:,} {_NAMES.get(name, name)}" for name, number in removed.items() if number)
