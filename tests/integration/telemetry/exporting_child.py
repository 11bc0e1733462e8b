"""Exports a store in a process of its own, and says how much memory that took at most."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from telemetry.export import Format, export_file
from telemetry.query.filters import Filters
from telemetry.storage.engine import open_reader


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main(url: str, folder: Path, format: Format) -> None:
    reader = open_reader(url)
    # What few rows need anyway: libraries, and one batch.
    export_file(reader, Filters(tenants=("few",)), folder / "few", table="requests", format=format)
    before = peak_mib()
    done = export_file(reader, Filters(), folder / "all", table="requests", format=format)
    print(json.dumps({"rows": done.rows, "grown_mib": peak_mib() - before}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])  # type: ignore[arg-type]
