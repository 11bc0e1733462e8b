"""Files for other programs: every row of a filter, every digit, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from router_core import semconv
from telemetry.errors import ExportFailed
from telemetry.export import (
    FORMATS,
    TABLES,
    Exported,
    Format,
    TableName,
    columns_of,
    export_file,
    export_to,
    in_usd,
    neutral,
)
from telemetry.query.decisions import page
from telemetry.query.filters import Filters
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from telemetry.storage.models import BRANCH, REQUEST
from tests.traces import START, Attempt, Routed, emit

EVERYTHING = Filters(purposes=())
UNKNOWN = Attempt(cost_nano=None, input_tokens=None, output_tokens=None, ttft_ms=None)
STORED = (
    Routed("a", attempts=(Attempt(cost_nano=1), Attempt("large", outcome="rejected", cost_nano=2_500_000_001))),
    Routed("b", at=START + timedelta(microseconds=1), attempts=(UNKNOWN,), baseline_nano=None, tenant="acme"),
    Routed("c", at=START + timedelta(days=1), route="code", intent="code", status="failed", attempts=()),
    Routed("d", at=START + timedelta(days=2), purpose="canary", simulated=True, baseline_nano=0),
    Routed("e", at=START + timedelta(days=3), extra={semconv.REASON: '=1+cmd|"/c calc"!A0', semconv.TAGS: ["+a", "b"]}),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    folder = tmp_path_factory.mktemp("store")
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for routed in reversed(STORED):
            emit(tracer, routed)
    return open_reader(url)


def exported(engine: sa.Engine, format: Format, table: TableName = "requests", filters: Filters = EVERYTHING) -> bytes:
    out = io.BytesIO()
    done = export_to(engine, filters, out, table=table, format=format)
    assert done.bytes == len(out.getvalue())
    return out.getvalue()


def as_csv(engine: sa.Engine, **more: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(engine, "csv", **more).decode(), newline="")))


def as_json(engine: sa.Engine, **more: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(engine, "jsonl", **more).splitlines()]


def as_parquet(engine: sa.Engine, **more: Any) -> pa.Table:
    return pq.read_table(io.BytesIO(exported(engine, "parquet", **more)))


def test_rows_come_oldest_first_with_every_column_of_the_table(engine: sa.Engine) -> None:
    rows = as_csv(engine)
    assert [row["decision_id"] for row in rows] == ["a", "b", "c", "d", "e"]
    assert set(REQUEST.columns.keys()) <= rows[0].keys()
    assert set(BRANCH.columns.keys()) <= as_csv(engine, table="branches")[0].keys()


@pytest.mark.parametrize("table", ["requests", "branches"])
def test_only_the_decisions_that_are_named_are_written_and_only_those_of_the_filter(
    engine: sa.Engine, table: TableName
) -> None:
    def written(filters: Filters) -> set[str]:
        out = io.BytesIO()
        export_to(engine, filters, out, table=table, format="csv", decisions=["d", "b", "nobody"])
        return {row["decision_id"] for row in csv.DictReader(io.StringIO(out.getvalue().decode(), newline=""))}

    of_all = {row["decision_id"] for row in as_csv(engine, table=table)}
    assert written(EVERYTHING) == {"b", "d"} & of_all
    assert written(Filters(purposes=("nobody's",))) == set()


def test_every_amount_stands_there_in_nano_and_in_dollars_exactly(engine: sa.Engine) -> None:
    first, large = (row for row in as_csv(engine, table="branches") if row["decision_id"] == "a")
    assert (first["cost_nano"], first["cost_usd"]) == ("1", "0.000000001")
    assert (large["cost_nano"], large["cost_usd"]) == ("2500000001", "2.500000001")
    assert [row["cost_usd"] for row in as_json(engine, table="branches") if row["model"] == "large"] == ["2.500000001"]
    table = as_parquet(engine, table="branches")
    assert table.schema.field("cost_usd").type == pa.decimal128(18, 9)
    assert {Decimal("0.000000001"), Decimal("2.500000001"), None} <= set(table["cost_usd"].to_pylist())
    for name in TABLES:
        columns = [column.name for column in columns_of(name)]
        for nano in (column for column in columns if column.endswith("_nano")):
            assert columns[columns.index(nano) + 1] == nano.removesuffix("_nano") + "_usd"


def test_a_loss_is_negative_in_both(engine: sa.Engine) -> None:
    row = as_csv(engine)[0]
    assert (row["savings_nano"], row["savings_usd"]) == ("-2499995002", "-2.499995002")


@given(st.integers(-(10**15), 10**15))
def test_dollars_hold_every_digit(nano: int) -> None:
    assert in_usd(nano) * 1_000_000_000 == nano


def test_what_is_unknown_is_empty_or_null_and_zero_is_zero(engine: sa.Engine) -> None:
    assert [(row["cost_nano"], row["cost_usd"]) for row in as_csv(engine)][1:3] == [("", ""), ("0", "0.000000000")]
    told = as_json(engine)
    assert (told[1]["cost_nano"], told[1]["cost_usd"], told[1]["ttft_ms"]) == (None, None, None)
    assert (told[3]["baseline_nano"], told[3]["baseline_usd"]) == (0, "0.000000000")
    assert as_parquet(engine)["cost_usd"].to_pylist()[1] is None


def test_times_are_in_utc(engine: sa.Engine) -> None:
    assert as_csv(engine)[1]["ts"] == as_json(engine)[1]["ts"] == "2026-03-02T09:30:00.000001Z"
    table = as_parquet(engine)
    assert table.schema.field("ts").type == pa.timestamp("us", tz="UTC")
    assert table["ts"].to_pylist()[0] == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_structures_are_values_in_json_and_json_text_elsewhere(engine: sa.Engine) -> None:
    assert as_json(engine)[0]["signals"] == {"intent": "chat", "words": 5}
    assert json.loads(as_csv(engine)[0]["signals"]) == {"intent": "chat", "words": 5}
    assert json.loads(as_parquet(engine)["signals"].to_pylist()[0]) == {"intent": "chat", "words": 5}
    assert as_csv(engine)[3]["simulated"] == "true"
    assert as_json(engine)[3]["simulated"] is True


def test_a_formula_is_text_in_csv_and_untouched_elsewhere(engine: sa.Engine) -> None:
    said = '=1+cmd|"/c calc"!A0'
    assert as_csv(engine)[4]["reason"] == f"'{said}"
    assert as_json(engine)[4]["reason"] == said
    assert as_parquet(engine)["reason"].to_pylist()[4] == said


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "\uff20"])
def test_no_cell_begins_as_a_formula_does(start: str) -> None:
    assert neutral(f"{start}SUM(1)") == f"'{start}SUM(1)"


@pytest.mark.parametrize("text", ["", "a=b", "1+1", "chat", "[{}]", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_quotes_commas_and_line_ends_stay_inside_their_cell(tmp_path: Path) -> None:
    said = 'a "quoted", and\nbroken \u2028 line;\x1b[31m \u00fcber'
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("a", extra={semconv.REASON: said}))
        assert telemetry.sink.force_flush(60_000)
        assert as_csv(telemetry.engine)[0]["reason"] == said
        assert as_json(telemetry.engine)[0]["reason"] == said


def test_json_that_is_broken_in_the_store_is_exported_as_the_text_it_is(tmp_path: Path) -> None:
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("a", extra={semconv.SIGNALS: '{"half": '}))
        assert telemetry.sink.force_flush(60_000)
        assert as_json(telemetry.engine)[0]["signals"] == '{"half": '


@pytest.mark.parametrize(
    "filters",
    [
        EVERYTHING,
        Filters(),
        replace(EVERYTHING, tenants=("acme",)),
        replace(EVERYTHING, routes=("code",)),
        replace(EVERYTHING, intents=("chat", "code")),
        replace(EVERYTHING, statuses=("failed",)),
        replace(EVERYTHING, models=("small",)),
        replace(EVERYTHING, simulated=True),
        replace(EVERYTHING, policy_version="none"),
        replace(EVERYTHING, start=START + timedelta(microseconds=1), end=START + timedelta(days=2)),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_the_same_filters_give_the_same_decisions_as_the_pages_show(
    engine: sa.Engine, filters: Filters, format: Format
) -> None:
    shown = sorted(row.decision_id for row in page(engine, filters).rows)
    read = {"csv": as_csv, "jsonl": as_json, "parquet": lambda *a, **k: as_parquet(*a, **k).to_pylist()}[format]
    assert sorted(row["decision_id"] for row in read(engine, filters=filters)) == shown


def test_a_filter_that_nothing_passes_gives_a_file_with_names_alone(engine: sa.Engine) -> None:
    nothing = replace(EVERYTHING, tenants=("nobody",))
    assert len(exported(engine, "csv", filters=nothing).splitlines()) == 1
    assert exported(engine, "jsonl", filters=nothing) == b""
    assert as_parquet(engine, filters=nothing).num_rows == 0
    assert "cost_usd" in as_parquet(engine, filters=nothing).column_names


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("table", get_args(TableName))
def test_a_file_holds_what_the_stream_would(
    engine: sa.Engine, tmp_path: Path, format: Format, table: TableName
) -> None:
    path = tmp_path / f"out.{format}"
    done = export_file(engine, EVERYTHING, path, table=table, format=format)
    assert path.read_bytes() == exported(engine, format, table)
    assert done == Exported(rows=5, bytes=path.stat().st_size)
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


class Stopped(BaseException):
    """As an interrupt: no ordinary error."""


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_that_is_stopped_leaves_the_old_file_and_no_other(
    engine: sa.Engine, tmp_path: Path, format: Format
) -> None:
    path = tmp_path / "out"
    path.write_text("what was there before")

    def stop(*_: object) -> None:
        raise Stopped

    with engine.connect() as probe:
        assert probe is not None
    sa.event.listen(engine, "after_cursor_execute", stop)
    try:
        with pytest.raises(Stopped):
            export_file(engine, EVERYTHING, path, table="requests", format=format)
    finally:
        sa.event.remove(engine, "after_cursor_execute", stop)
    assert path.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_one_sentence(engine: sa.Engine, tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match=r"out.csv: the export cannot be written \(No such file or directory\)"):
        export_file(engine, EVERYTHING, tmp_path / "none" / "out.csv", table="requests", format="csv")
