"""Incidents as rows: the events that log records carry, kept beside the decisions of their time.

An incident is told once, as a log record with a name and fields (`telemetry.log.event`). One handler writes the lines
of a process, another sends them to a collector, and this one keeps them in the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from telemetry.journal import Journal, Row
from telemetry.log import EVENT_FIELDS, EVENT_NAME
from telemetry.storage.operation import INCIDENT, row_id
from telemetry.text import clean, to_json

Redact: TypeAlias = Callable[[str], str]

KINDS: Final = frozenset(
    {
        *("breaker_opened", "breaker_half_open", "breaker_closed", "deployment_ejected", "deployment_readmitted"),
        *("spool_in_use", "spool_empty", "not_durable", "rows_refused", "database_put_aside"),
        *("policy_reloaded", "policy_refused", "policy_mended", "collector_away", "collector_back"),
        *("gateway_started", "gateway_stopped"),
    }
)
"""Events that are kept; of all others there are rows elsewhere, or none are needed."""
LONGEST: Final = 2_000
"""Characters of a sentence that are kept."""

_SEVERITIES: Final = ((logging.ERROR, "error"), (logging.WARNING, "warning"))
_COLUMNS: Final = frozenset({"model", "deployment", "policy_version", "since"})


def incident_row(
    kind: str,
    sentence: str,
    *,
    at: datetime,
    process: str,
    level: int = logging.WARNING,
    fields: Mapping[str, Any] | None = None,
    simulated: bool = False,
) -> Row:
    """The row of an incident. The same incident of the same process and moment is the same row."""
    fields = fields or {}
    model, deployment = fields.get("model"), fields.get("deployment")
    return {
        "incident_id": row_id(process, kind, at, model, deployment),
        "ts": at,
        "kind": kind,
        "severity": next((name for least, name in _SEVERITIES if level >= least), "info"),
        "process": clean(process),
        "simulated": simulated,
        "model": model,
        "deployment": deployment,
        "policy_version": fields.get("policy_version"),
        "detail": clean(sentence)[:LONGEST],
        "fields": to_json({name: value for name, value in fields.items() if name not in _COLUMNS}),
    }


class IncidentKeeper(logging.Handler):
    """Keeps the incidents among a process's log records, between `attach` and `close`."""

    LOGGERS: Final = ("routescope", "telemetry")
    """Where incidents are told; the second holds the telemetry's own, as those of a collector."""

    def __init__(self, journal: Journal, process: str, redact_keys: Redact | None = None) -> None:
        super().__init__(logging.INFO)
        self._journal = journal
        self._process = process
        self._redact = redact_keys

    def attach(self) -> None:
        """From now on keep what is told."""
        for name in self.LOGGERS:
            logging.getLogger(name).addHandler(self)
        # Not all incidents are a warning; whoever writes lines has a level of his own.
        logging.getLogger("routescope.incident").setLevel(logging.INFO)

    def close(self) -> None:
        """Keep no more."""
        for name in self.LOGGERS:
            logging.getLogger(name).removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, if it is an incident. Never raises."""
        kind = getattr(record, EVENT_NAME, None)
        if kind not in KINDS:
            return
        try:
            fields: Mapping[str, Any] = getattr(record, EVENT_FIELDS, {})
            at = _moment(fields.get("since")) or datetime.fromtimestamp(record.created, tz=UTC)
            self.note(kind, record.getMessage(), at=at, level=record.levelno, fields=fields)
        except Exception:  # noqa: BLE001 - the edge: a line of a log must not fail whoever writes it
            self.handleError(record)

    def note(
        self,
        kind: str,
        sentence: str,
        *,
        at: datetime | None = None,
        level: int = logging.INFO,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep an incident that has no line in the log."""
        shown = {name: self._harmless(value) for name, value in (fields or {}).items()}
        row = incident_row(
            kind,
            self._harmless(sentence),
            at=at or datetime.now(UTC),
            process=self._process,
            level=level,
            fields=shown,
        )
        self._journal.add(INCIDENT, row)

    def _harmless(self, value: Any) -> Any:
        """Without keys: an error of an upstream may repeat one."""
        if self._redact is None:
            return value
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, Mapping):
            return {name: self._harmless(inner) for name, inner in value.items()}
        return [self._harmless(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def keep(journal: Journal, rows: Iterable[Row]) -> None:
    """Keep rows of incidents that were told nowhere, as those of a simulated history."""
    for row in rows:
        journal.add(INCIDENT, row)


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
