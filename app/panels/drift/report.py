"""Evidently's own report of a square: offered when it is there, made by a process of its own when it is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import streamlit as st

from app.dashboard import cache, components
from app.dashboard.visitor import visitor
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, Settings
from telemetry.query.drift import Against, DriftCell, Purpose

_MADE: Final = "drift-report-made"
PATIENCE_S: Final = 180.0


def offer(chosen: DriftCell, purpose: Purpose, against: Against) -> None:
    """A button that saves the report, or one that has it made."""
    if against != "trailing":
        components.untrusted("Evidently's reports compare with the four weeks before.", muted=True)
        return
    path = _path(chosen, purpose, cache.settings())
    if path.is_file():
        size, made = path.stat().st_size, time.strftime("%Y-%m-%d %H:%M", time.gmtime(path.stat().st_mtime))
        st.download_button(
            "Evidently report",
            data=path.read_bytes,
            file_name=f"drift-{chosen.week_label}.html",
            mime="text/html",
            on_click="ignore",
            icon=":material/download:",
            help="One HTML file with every metric's own charts; it needs no network. Open it in a browser.",
        )
        components.untrusted(f"{size / 1e6:.1f} MB, made {made} UTC", muted=True)
        return
    running = st.session_state.get(_MADE)
    if running is not None and running[0] == str(path) and running[1].poll() is None:
        components.untrusted("The report is being made; this takes about 20 seconds. Reload the page then.", muted=True)
        return
    if running is not None and running[0] == str(path) and running[1].returncode:
        components.notice("The report could not be made: too few answers, or their rows have been pruned.")
        return
    if visitor().operates and st.button("Make Evidently's report", icon=":material/lab_profile:"):
        st.session_state[_MADE] = (str(path), _start(chosen, purpose, cache.settings()))
        st.rerun()


def _path(chosen: DriftCell, purpose: Purpose, settings: Settings) -> Path:
    # Numpy is all that this imports; evidently itself is only for the process that makes a report.
    from telemetry.drift.evidently import Subtitle
    from telemetry.drift.windows import Subject

    return Subtitle(chosen.week, Subject(chosen.model, chosen.simulated, purpose)).file_in(settings.home)


def _start(chosen: DriftCell, purpose: Purpose, settings: Settings) -> subprocess.Popen[bytes]:
    environment = {**os.environ, DATABASE_VARIABLE: settings.database_url, HOME_VARIABLE: str(settings.home)}
    command = [sys.executable, "-P", "-m", "app.cli", "drift", "report", "--week", chosen.week_label]
    command.append(f"--model={chosen.model}")
    command += [*(["--simulated"] if chosen.simulated else []), *(["--canaries"] if purpose == "canary" else [])]
    return subprocess.Popen(  # noqa: S603 (our own command)
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
