"""The console command ``routescope``. Human text goes to stderr, data to stdout; exit 0, 1 (failed), 2 (bad input)."""

from __future__ import annotations

import importlib
import os
import sys

import click

from router_core.errors import PolicyError, ReplayError, RequestError, RouteScopeError
from telemetry.errors import TelemetryError, UnknownModel, UnknownWeek


class LazyGroup(click.Group):
    """A group whose heavier commands are imported only when they are called."""

    lazy = {
        "up": "app.start_command:up",
        "serve": "app.start_command:serve",
        "dashboard": "app.start_command:dashboard",
        "route": "app.route_command:route",
        "policy": "app.policy_command:policy",
        "alerts": "app.alerts_command:alerts",
        "db": "app.db_command:db",
        "models": "app.models_command:models",
        "doctor": "app.doctor.command:doctor",
        "demo": "app.demo_command:demo",
        "drift": "app.drift_command:drift",
        "evaluate": "app.evaluate_command:evaluate",
        "evidence": "app.evidence_command:evidence",
        "keys": "app.keys.command:keys",
        "replay": "app.replay.command:replay",
        "report": "app.report.command:report",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted([*super().list_commands(ctx), *self.lazy])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command when it is asked for."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.lazy[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, epilog="Example: routescope up")
@click.version_option(package_name="routescope", prog_name="routescope")
def cli() -> None:
    """Route every prompt to the right model, and see why, what it cost, and whether it was right."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; our own errors become one sentence and an exit code."""
    try:
        cli.main(args=arguments, prog_name="routescope")
    except (RequestError, PolicyError, ReplayError, UnknownWeek, UnknownModel) as error:
        click.echo(f"routescope: {error}", err=True)
        sys.exit(2)
    except (RouteScopeError, TelemetryError) as error:
        click.echo(f"routescope: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
