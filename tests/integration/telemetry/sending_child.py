"""Sends a decision's spans to a collector that is away, says when they wait on disk, and lives until it is killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider

from telemetry.collector import Collector, CollectorProcessor
from telemetry.collector_spool import CollectorSpool
from telemetry.content import ContentPolicy
from tests.traces import Routed, emit


def main(url: str, folder: Path) -> None:
    processor = CollectorProcessor(Collector(url), ContentPolicy("off"), spool=CollectorSpool(folder))
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    emit(provider.get_tracer("test"), Routed("d1"))
    assert processor.force_flush()
    print(processor.health().spooled, flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
