"""Wires the parts of telemetry together: spans in, rows out, one object to close."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa
from opentelemetry.sdk.resources import Resource

from telemetry.content import ContentMode, ContentPolicy, Redact
from telemetry.evaluation import Kept, Opinion, keep
from telemetry.health import Health
from telemetry.journal import Journal
from telemetry.masking import mask_lines
from telemetry.processor import DecisionProcessor, Durability
from telemetry.recorder import Recorder
from telemetry.storage.engine import open_engine
from telemetry.storage.models import POLICY_VERSION
from telemetry.tracer import DecisionTracerProvider

SERVICE_NAME = "routescope"


class Telemetry:
    """A process's telemetry. Its tracer provider is its own, not the global one."""

    def __init__(
        self,
        engine: sa.Engine,
        processor: DecisionProcessor,
        *,
        content: ContentPolicy,
        redact_keys: Redact | None = None,
    ) -> None:
        self.engine = engine
        """For those who write besides the processor: jobs and commands."""
        self.sink = processor
        """What the router awaits."""
        self.journal = Journal(engine.url.render_as_string(hide_password=False))
        """For rows about RouteScope itself; nobody waits for them."""
        self.process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        """The name of this process in such rows."""
        self.content = content
        """What becomes of what people write."""
        self.redact_keys = redact_keys
        self.tracer_provider = DecisionTracerProvider(Resource({"service.name": SERVICE_NAME}))
        self.tracer_provider.add_span_processor(processor)

    @classmethod
    def open(
        cls,
        database_url: str,
        *,
        home: Path,
        content: ContentMode = "off",
        durability: Durability = "commit",
        redact: Redact | None = None,
        redact_keys: Redact | None = None,
    ) -> Telemetry:
        """Open, and if need be make or migrate, the database, and start to keep spans.

        Args:
            database_url: as `telemetry.storage.engine.open_engine` takes it.
            home: the folder that gets a ``spool`` folder.
            content: whether prompts and answers are kept, and how.
            durability: ``commit`` lets the router wait for the database, ``async`` does not.
            redact: needed when content is ``redacted``.
            redact_keys: takes keys and passwords out of everything else that is kept (`telemetry.masking`).

        Raises:
            StorageError: the database cannot be used; one of its subclasses says why and what to do.
            RedactionMissing
        """
        policy = ContentPolicy(content, redact)
        engine = open_engine(database_url)
        recorder = Recorder(database_url, home)
        processor = DecisionProcessor(recorder, policy, durability=durability, redact_keys=redact_keys)
        return cls(engine, processor, content=policy, redact_keys=redact_keys)

    def __enter__(self) -> Telemetry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def health(self) -> Health:
        """How well decisions are kept."""
        return self.sink.health()

    def record_policy_version(
        self, version: str, name: str, toml_text: str, by: str, *, at: datetime | None = None
    ) -> bool:
        """Keep the text of a policy that decisions will name; True when this version was not known before.

        Without passwords that it may hold, as in the address of a database.
        """
        if self.redact_keys is not None:
            toml_text = mask_lines(toml_text, self.redact_keys)
        row = {
            "version": version,
            "name": name,
            "toml": toml_text,
            "first_seen": at or datetime.now(UTC),
            "recorded_by": by,
        }
        with self.engine.begin() as connection:
            known = connection.scalar(sa.select(POLICY_VERSION.c.version).where(POLICY_VERSION.c.version == version))
            if known is None:
                connection.execute(sa.insert(POLICY_VERSION), [row])
            return known is None

    def evaluate(self, opinion: Opinion, *, tenant: str | None = None) -> Kept | None:
        """Keep what is said of a decision; see `telemetry.evaluation.keep`."""
        return keep(self.engine, self.content, opinion, tenant=tenant)

    def close(self, timeout_s: float = 30.0) -> bool:
        """Write what is queued, then let go of everything.

        Returns:
            True when every decision is in the database or on the spool.
        """
        kept = self.sink.close(timeout_s)
        self.journal.close()
        self.tracer_provider.shutdown()
        self.engine.dispose()
        return kept
