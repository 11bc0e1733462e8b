"""Who runs the jobs, how they went, and what happened to telemetry itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from app import plain, units
from app.dashboard import cards, components, plot
from app.dashboard.components import Cell, Tone
from telemetry.query.incidents import IncidentRow
from telemetry.query.pipeline import JobsState, JobState

SAID: Final = {
    "alerts": "evaluates the alert rules, and sends what fires",
    "evaluation": "judges a sample of the answers",
    "drift": "compares each model's weeks",
    "canaries": "sends the week's canary prompts",
    "retention": "removes what is older than the policy keeps",
    "inventory": "measures the tables",
}
KINDS: Final = (
    *("spool_in_use", "spool_empty", "not_durable", "rows_refused", "database_put_aside"),
    *("collector_away", "collector_back"),
    *("gateway_started", "gateway_stopped"),
)
"""Incidents of telemetry and of its processes; those of models stand on the page about reliability."""
_TONES: Final[dict[str, Tone]] = {"error": "bad", "warning": "warn", "info": "muted"}


def jobs_card(state: JobsState, now: datetime | None = None) -> None:
    """A card of the lease and the last runs."""
    now = now or datetime.now(UTC)
    with cards.card(
        "Jobs",
        "One worker runs them: the one that holds the lease",
        key="jobs",
        help="The worker that `routescope up` starts takes the lease in the database and renews it; when it dies, "
        "another takes over within a minute. Next: about one interval after the last run.",
    ):
        components.definition_list(holder_in_words(state, now))
        if not state.jobs:
            cards.empty("No job has run yet", "Start the worker with everything else: routescope up")
            return
        components.table(
            ("Job", "What it does", "Last run", "Took", "Outcome", "Last done", "Next"),
            [_row(job, state, now) for job in state.jobs],
            numbers=(3,),
            notes=["" if job.error is None else f"Failed: {job.error}" for job in state.jobs],
        )


def holder_in_words(state: JobsState, now: datetime) -> list[tuple[str, object]]:
    """Who holds the lease, and until when."""
    if state.holder is None:
        return [("Lease", Cell("nobody holds it: no jobs worker runs", "warn"))]
    if not state.held:
        since = units.when(state.expires)
        return [
            ("Lease", Cell(f"ran out {since} UTC: no jobs worker runs", "warn")),
            ("Last holder", plain.visible(state.holder, 60)),
        ]
    left = 0 if state.expires is None else max((state.expires - now).total_seconds(), 0)
    return [
        ("Lease", Cell("held", "ok")),
        ("Holder", plain.visible(state.holder, 60)),
        ("Renewed until", f"{units.when(state.expires)} UTC, {left:.0f} s from now"),
    ]


def incidents_card(rows: Sequence[IncidentRow]) -> None:
    """A card of what happened to telemetry, newest first."""
    with cards.card(
        "What happened",
        "Spools, collectors and gateways, the newest first",
        key="pipeline-incidents",
        help="Incidents as each process noted them. Those of models and of the policy are on the pages about "
        "reliability and the policy.",
    ):
        if not rows:
            cards.empty(
                "Nothing happened in this time", "Spools in use, collectors away and starts of gateways appear here."
            )
            return
        components.table(
            ("When (UTC)", "What", "Told", "Process"),
            [
                (
                    units.when(row.ts),
                    Cell(row.kind.replace("_", " "), _TONES.get(row.severity, "muted")),
                    plain.visible(row.detail, 300),
                    plain.visible(row.process, 48),
                )
                for row in rows
            ],
        )
        plot.save(
            lambda: plot.written(
                [
                    ("when", "kind", "severity", "detail", "process"),
                    *((row.ts, row.kind, row.severity, row.detail, row.process) for row in rows),
                ]
            ),
            key="pipeline-incidents",
            what="this table",
        )


def _row(job: JobState, state: JobsState, now: datetime) -> tuple[Cell | object, ...]:
    return (
        plain.visible(job.job, 40),
        SAID.get(job.job, ""),
        f"{units.when(job.started)} UTC",
        units.duration(job.seconds * 1000),
        Cell(job.outcome, "ok" if job.outcome == "done" else "bad"),
        "never" if job.last_done is None else f"{units.when(job.last_done)} UTC",
        _next(job, state, now),
    )


def _next(job: JobState, state: JobsState, now: datetime) -> Cell | str:
    if not state.held:
        return Cell("when a worker runs", "warn")
    every = intervals().get(job.job)
    if every is None:
        return units.UNKNOWN
    due = job.started + every
    return "now" if due <= now else f"about {units.when(due)[:16]} UTC"


def intervals() -> dict[str, timedelta]:
    """How often each job runs."""
    # The jobs' own modules say it; they are needed by few pages, and not quick to import.
    from app.jobs import alerting, canaries, evaluating, inventory, retention, weekly_drift

    return {
        "alerts": alerting.EVERY,
        "evaluation": evaluating.EVERY,
        "drift": weekly_drift.EVERY,
        "canaries": canaries.EVERY,
        "retention": retention.EVERY,
        "inventory": inventory.EVERY,
    }
