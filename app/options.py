"""Options that commands share, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.settings import Settings

if TYPE_CHECKING:
    from router_core.policy.schema import TelemetryEntry

policy_option = click.option(
    "--policy", type=click.Path(path_type=Path), help="Policy file; default: policies/local.toml."
)
database_option = click.option("--db", "database_url", help="Database, as sqlite:///FILE or postgresql://HOST/NAME.")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


def settings_of(policy: Path | None, database_url: str | None) -> Settings:
    """Settings of this call; the policy's own database counts below flag and environment.

    Raises:
        PolicyError: the policy cannot be read.
    """
    from router_core.policy.loading import load_policy

    settings = Settings.read(policy=policy, database_url=database_url)
    own = load_policy(settings.policy).policy.telemetry.database_url
    return Settings.read(policy=policy, database_url=database_url, policy_database_url=own)


def settings_and_policy(database_url: str | None) -> tuple[Settings, TelemetryEntry]:
    """Settings of this call, and what the policy says of telemetry; its own database counts below flag and environment.

    Raises:
        PolicyError: the policy cannot be read.
    """
    from router_core.policy.loading import load_policy

    kept = load_policy(Settings.read().policy).policy.telemetry
    return Settings.read(database_url=database_url, policy_database_url=kept.database_url), kept
