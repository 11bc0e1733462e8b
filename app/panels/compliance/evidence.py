"""Evidence for an auditor, from the page: how it is made, what it proves, and the file itself while it is small."""

from __future__ import annotations

import getpass
import io
from datetime import UTC, datetime
from functools import partial
from typing import Final

import streamlit as st

from app import units
from app.dashboard import cache, cards, components
from app.dashboard.view import View
from telemetry.evidence.bundle import Period, write_bundle
from telemetry.evidence.key import SigningKey, known

MOST: Final = 25_000
"""Decisions of a file that the page makes; a larger one is made on the command line, which streams it to a disk."""


def draw(view: View, *, requests: int, real: int, simulated: int) -> None:
    """The card.

    Args:
        view: the page's; of its filters only the period counts.
        requests: those that the rest of the page counts.
        real: decisions of the period, every purpose.
        simulated: those that a demo made up.
    """
    with cards.card(
        "Evidence for an auditor",
        "Decisions, branches, policies and counts of the period in one ZIP, with a signed manifest of SHA-256 hashes",
        key="evidence",
        help="Signed with Ed25519 by a key of this installation. It proves that whoever held that key made the files, "
        "and that nothing was changed since; not that the database was right before. No prompt or answer is in it. "
        "Filters do not narrow it, only the period does.",
    ):
        key = known(cache.settings().home)
        with_demo = False
        if simulated:
            with_demo = st.toggle("Include simulated decisions", key="evidence-simulated", value=not real)
        decisions = real + (simulated if with_demo else 0)
        period = Period(view.period.start, min(view.period.end, datetime.now(UTC)), None if with_demo else False)
        with st.container(horizontal=True, vertical_alignment="center", key="evidence-actions"):
            if decisions <= MOST:
                st.download_button(
                    f"Evidence of {units.plural(decisions, 'decision')}",
                    data=partial(make, period),
                    file_name=f"routescope-evidence-{period.end:%Y-%m-%d}.zip",
                    mime="application/zip",
                    on_click="ignore",
                    type="primary",
                    icon=":material/verified_user:",
                    key="evidence-file",
                )
            else:
                components.untrusted(
                    f"{decisions:,} decisions are too many for a page; the command below writes them to a disk."
                )
        if why := others(decisions, requests):
            components.untrusted(why, muted=True)
        fingerprint = "made with the first file" if key is None else key.fingerprint
        components.table(
            ("", ""),
            [
                ("Fingerprint of the key", fingerprint),
                ("The same from a terminal", command(period)),
                ("Checked by", "routescope evidence verify FILE --fingerprint KEY"),
            ],
        )


def others(decisions: int, requests: int) -> str | None:
    """Why the file holds another number of decisions than the page counts; None when it does not."""
    if decisions == requests:
        return None
    return (
        f"{units.plural(decisions, 'decision')} beside the {units.plural(requests, 'request')} above: no filter "
        "narrows the file, and it holds every purpose, calls of the playground, of shadows and of judges too."
    )


def make(period: Period) -> bytes:
    """The file, in memory."""
    out = io.BytesIO()
    write_bundle(cache.reader(), period, out, SigningKey.of_home(cache.settings().home), by=_user())
    return out.getvalue()


def command(period: Period) -> str:
    """What makes the same file from a terminal."""
    since = "" if period.start is None else f" --since {period.start:%Y-%m-%dT%H:%M}"
    simulated = "" if period.simulated is False else " --simulated all"
    return f"routescope evidence export{since} --until {period.end:%Y-%m-%dT%H:%M}{simulated} --out evidence.zip"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
