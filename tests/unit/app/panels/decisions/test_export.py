"""The command on the page is the one that exports what the page shows."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from app.cli import cli
from app.dashboard.view import View, own_range, period
from app.panels.decisions.export import command
from telemetry.query.filters import Filters

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def view(key: str, **more: object) -> View:
    chosen = period(key, NOW)
    return View(chosen, Filters(start=chosen.start, end=chosen.end, **more))  # type: ignore[arg-type]


def test_a_named_period_and_every_filter_are_said() -> None:
    shown = view(
        "7d",
        routes=("chat",),
        tenants=("acme", "o'neill"),
        models=("small",),
        intents=("code",),
        statuses=("failed",),
        risks=("high",),
        purposes=("user", "playground"),
        simulated=False,
        policy_version="abc",
    )
    assert shlex.split(command(shown, "branches", "jsonl"))[3:] == [
        *("--table", "branches", "--format", "jsonl", "--range", "7d", "--route", "chat"),
        *("--tenant", "acme", "--tenant", "o'neill", "--model", "small", "--intent", "code", "--risk", "high"),
        *("--status", "failed", "--purpose", "user", "--purpose", "playground", "--simulated", "real"),
        *("--policy-version", "abc", "--out", "branches.jsonl"),
    ]


def test_a_period_of_ones_own_is_said_by_its_ends() -> None:
    own = own_range(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
    words = shlex.split(command(view(own), "requests", "csv"))
    assert words[words.index("--since") + 1] == "2026-11-01T00:00"
    assert words[words.index("--until") + 1] == "2026-11-03T00:00"


def test_a_hostile_name_stays_one_word_of_the_shell() -> None:
    hostile = "x'; rm -rf ~ #$(id)`id`\n"
    words = shlex.split(command(view("all", tenants=(hostile,)), "requests", "csv"))
    assert words[words.index("--tenant") + 1] == hostile


def test_the_command_line_takes_every_word_of_it(tmp_path: Path) -> None:
    shown = view("8w", routes=("chat",), risks=("low",), simulated=True, policy_version="v1")
    words = shlex.split(command(shown, "requests", "csv"))[1:]
    words[-1] = str(tmp_path / "out.csv")
    done = CliRunner().invoke(cli, [*words, "--db", f"sqlite:///{tmp_path / 't.db'}"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.csv").read_text().startswith("span_id,")
