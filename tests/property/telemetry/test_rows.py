from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.query.decision import decision
from telemetry.query.decisions import page
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.rows import Bundle, bundle_of
from telemetry.spool import Spool
from telemetry.storage.engine import open_engine
from telemetry.storage.writer import Written, write_bundles
from tests.traces import Attempt, Routed, emit

NAMES = sorted(value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str))
# Every code point there is: surrogates and NUL too.
texts = st.text(st.characters(codec=None), max_size=20)
scalars = st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=8)
values = scalars | st.lists(scalars, max_size=3)
attributes = st.dictionaries(st.sampled_from(NAMES) | texts.filter(bool), values, max_size=12)


def bundle(root: dict[str, Any], branch: dict[str, Any], mode: Any) -> Bundle:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    emit(provider.get_tracer("test"), Routed("d1", extra=root, prompt="p", attempts=(Attempt(extra=branch),)))
    return bundle_of(exporter.get_finished_spans(), ContentPolicy(mode))


@settings(max_examples=30, deadline=None)
@given(root=attributes, branch=attributes, mode=st.sampled_from(["off", "hash", "full"]))
def test_whatever_spans_carry_the_database_takes_every_row_and_gives_it_back(root, branch, mode):
    made = bundle(root, branch, mode)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 't.db'}")
        with engine.begin() as connection:
            written = write_bundles(connection, [made])
        assert written == Written(1, 1, 3, len(made.contents))
        assert (len(made.contents) == 0) == (mode == "off")
        assert totals(engine, Filters(purposes=())).requests == 1
        (row,) = page(engine, Filters(purposes=())).rows
        found = decision(engine, row.decision_id)
        assert found is not None
        str(found).encode()  # no lone surrogate comes back
        engine.dispose()


@settings(max_examples=30, deadline=None)
@given(root=attributes, branch=attributes)
def test_whatever_spans_carry_the_spool_gives_back_the_very_rows(root, branch):
    made = bundle(root, branch, "full")
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder), reserved_bytes=0)
        spool.append([made])
        assert spool.read(2) == [made]
        spool.close()
