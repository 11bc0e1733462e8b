"""Every error of telemetry, as one tree; each message is one sentence that names the place and the remedy.

TelemetryError
├── StorageError              the database cannot be used as it stands
│   ├── UnsupportedDatabase   the URL names a database that telemetry does not speak
│   ├── FolderNotWritable     the database's folder or file cannot be written
│   ├── NotADatabase          the file is no SQLite database, or is damaged
│   ├── DatabaseUnreachable   the database server does not answer, or lets nobody in
│   ├── DatabaseBusy          another process holds it for too long
│   ├── RowsRefused           the database takes others, but not these rows
│   ├── CopyRefused           one database cannot be copied to the other as they stand
│   ├── NewerSchema           written by a newer RouteScope
│   └── OlderSchema           written by an older RouteScope, and only opened for reading
├── UnknownWeek               a week that cannot be read, or without any traffic
├── UnknownModel              a model without any traffic
├── DriftAtWork               another drift run has not ended yet
├── ExportFailed              a file of exported rows cannot be written
├── EvidenceError             evidence cannot be signed, or is none
├── AlertError                alerts
│   ├── Unmeasurable          what a rule looks at cannot be read
│   └── DeliveryFailed        a channel did not take a message
├── OtlpError                 what another system sent over OTLP
│   ├── InvalidOtlp           is no OTLP
│   └── OtlpTooLarge          holds more than one body may
└── RedactionMissing          content = "redacted" without a function that redacts
"""

from __future__ import annotations


class TelemetryError(Exception):
    """Base of all errors here."""


class StorageError(TelemetryError):
    """The database cannot be used as it stands."""


class UnsupportedDatabase(StorageError):
    """The URL names a database that telemetry does not speak."""


class FolderNotWritable(StorageError):
    """The database's folder or file cannot be written."""


class NotADatabase(StorageError):
    """The file is no SQLite database, or is damaged."""


class DatabaseUnreachable(StorageError):
    """The database server does not answer, or does not let us in."""


class RowsRefused(StorageError):
    """The database takes others, but not these rows, now or later."""


class CopyRefused(StorageError):
    """One database cannot be copied to the other as they stand, or the copy is not the same."""


class DatabaseBusy(StorageError):
    """Another process holds the database for longer than we wait."""


class NewerSchema(StorageError):
    """The database was written by a newer RouteScope."""

    def __init__(self, place: str, found: int, known: int) -> None:
        self.found = found
        self.known = known
        super().__init__(
            f"{place}: the database has schema version {found}, this RouteScope knows {known}; "
            f"upgrade RouteScope, or name another database with ROUTESCOPE_DATABASE_URL"
        )


class OlderSchema(StorageError):
    """The database was written by an older RouteScope and only opened for reading."""

    def __init__(self, place: str, found: int, known: int) -> None:
        self.found = found
        self.known = known
        super().__init__(
            f"{place}: the database has schema version {found}, this RouteScope reads {known}; "
            f"start the gateway, or run `routescope db migrate`, to bring it up to date"
        )


class UnknownWeek(TelemetryError):
    """A week that cannot be read, or one without any traffic."""


class UnknownModel(TelemetryError):
    """A model without any traffic."""


class DriftAtWork(TelemetryError):
    """Another drift run has not ended yet; what it finds will be there then."""


class NothingToReport(TelemetryError):
    """Too few values for a report of drift."""


class EvidenceError(TelemetryError):
    """Evidence cannot be signed, or a file is none."""


class ExportFailed(TelemetryError):
    """A file of exported rows cannot be written."""


class AlertError(TelemetryError):
    """Alerts cannot be judged or told."""


class Unmeasurable(AlertError):
    """What a rule looks at cannot be read now; the message says why, in a few words."""


class DeliveryFailed(AlertError):
    """A channel did not take a message; the sentence names neither its address nor its keys."""


class OtlpError(TelemetryError):
    """What another system sent over OTLP cannot be taken."""


class InvalidOtlp(OtlpError):
    """It is no OTLP."""


class OtlpTooLarge(OtlpError):
    """It holds more than one body may."""


class RedactionMissing(TelemetryError):
    """Content is to be redacted, but nobody said how."""
