"""A fresh process compares weeks and makes Evidently's report without asking any other machine for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from telemetry.drift.evidently import Subtitle, prune_reports, write_report
from telemetry.drift.weeks import WEEK, start_of
from telemetry.drift.windows import Subject
from telemetry.errors import NothingToReport
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import Attempt, Routed, emit

FIRST = date(2026, 3, 2)
HOSTILE = "</script><img src=x onerror=alert(1)>"
ALONE = """
import socket, sys

def refuse(self, address, *more):
    sys.exit(f"it tried to connect to {address!r}")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *asked, **more: sys.exit(f"it asked for the address of {asked!r}")
from app.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'routescope.db'}"
    rng = np.random.default_rng(3)
    with Telemetry.open(url, home=tmp_path, durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(140):
            week, latency = number % 2, float(rng.lognormal(6, 0.3)) * (1 + number % 2)
            attempt = Attempt(
                "small/odd",
                latency_ms=latency,
                answer="x" * int(rng.integers(5, 90)),
                extra={"gen_ai.response.model": HOSTILE},
            )
            at = start_of(FIRST) + WEEK * week + timedelta(hours=number)
            emit(tracer, Routed(f"d{number}", at=at, attempts=(attempt,)))
    return url


def alone(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ROUTESCOPE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", ALONE, "drift", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a_run_and_a_report_stay_on_this_machine_and_names_in_it_are_no_markup(url: str, tmp_path: Path):
    ran = alone(tmp_path, "run", "--all")
    assert ran.returncode == 0, ran.stderr
    assert "latency" in ran.stderr and "the model changed" in ran.stderr
    made = alone(tmp_path, "report", "--week", "2026-W11")
    assert made.returncode == 0, made.stderr
    (path,) = (tmp_path / "drift" / "2026-W11").iterdir()
    assert path == Subtitle(FIRST + WEEK, Subject("small/odd", False)).file_in(tmp_path)
    page = path.read_text(encoding="utf-8")
    assert "latency_ms" in page and "<img src=x" not in page
    assert 'src="http' not in page and '<link rel="stylesheet" href="http' not in page


def test_too_few_answers_make_no_report_and_leave_no_file(url: str, tmp_path: Path):
    with pytest.raises(NothingToReport, match="too few answers in 2026-W12"):
        write_report(open_reader(url), Subtitle(FIRST + WEEK * 2, Subject("small/odd", False)), tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


def test_reports_of_old_weeks_and_of_a_demo_that_is_gone_are_removed(tmp_path: Path):
    weeks = [FIRST + WEEK * number for number in range(3)]
    kept = [Subtitle(week, Subject("small", False)).file_in(tmp_path) for week in weeks]
    made_up = [Subtitle(week, Subject("small", True)).file_in(tmp_path) for week in weeks]
    for path in (*kept, *made_up):
        path.parent.mkdir(parents=True)
        path.write_text("report")
    assert Subtitle(FIRST, Subject("small", False)).is_fresh(tmp_path)
    assert prune_reports(tmp_path, FIRST + WEEK) == 2
    assert [path.exists() for path in (*kept, *made_up)] == [False, True, True] * 2
    assert prune_reports(tmp_path, FIRST + WEEK, simulated=False) == 2
    assert [path.exists() for path in (*kept, *made_up)] == [False, True, True, False, False, False]
    assert not Subtitle(FIRST, Subject("small", False)).is_fresh(tmp_path)
