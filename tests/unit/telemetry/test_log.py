from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from router_core import semconv
from telemetry.log import DECISION, EVENT_FIELDS, EVENT_NAME, event, log_decision
from telemetry.setup import Telemetry
from tests.traces import Attempt, Routed, emit


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, content="full") as opened:
        opened.sink.listen(log_decision)
        yield opened


def logged(telemetry: Telemetry, caplog: pytest.LogCaptureFixture, routed: Routed) -> list[logging.LogRecord]:
    with caplog.at_level(logging.INFO, "routescope.decision"):
        emit(telemetry.tracer_provider.get_tracer("test"), routed)
        # Closing waits for the writer thread, and so for what it tells.
        assert telemetry.sink.close(60)
    return [record for record in caplog.records if getattr(record, EVENT_NAME, None) == DECISION]


def test_a_decision_is_one_record_with_its_ids_its_cost_and_where_it_is_kept(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
):
    (record,) = logged(telemetry, caplog, Routed("d1", attempts=[Attempt(cost_nano=2_000)]))
    fields = getattr(record, EVENT_FIELDS)
    assert (fields["decision_id"], fields["route"], fields["status"]) == ("d1", "chat", "ok")
    assert (fields["cost_usd"], fields["baseline_cost_usd"], fields["commit"]) == (2e-6, 5e-6, "committed")
    assert len(fields["trace_id"]) == 32
    assert fields["started_at"] == "2026-03-02T09:30:00.000+00:00"


def test_an_unknown_cost_is_unknown_in_the_record_too(telemetry: Telemetry, caplog: pytest.LogCaptureFixture):
    (record,) = logged(telemetry, caplog, Routed("d1", attempts=[Attempt(cost_nano=None)]))
    assert getattr(record, EVENT_FIELDS)["cost_usd"] is None


def test_nothing_that_people_wrote_is_in_a_record(telemetry: Telemetry, caplog: pytest.LogCaptureFixture):
    routed = Routed("d1", prompt="the swordfish is ill", attempts=[Attempt(answer="poor swordfish")])
    (record,) = logged(telemetry, caplog, routed)
    assert "swordfish" not in str(vars(record))


def test_traces_of_other_systems_are_no_decisions_of_ours(telemetry: Telemetry, caplog: pytest.LogCaptureFixture):
    assert logged(telemetry, caplog, Routed("d1", extra={semconv.SOURCE: "otlp"})) == []


def test_an_event_is_a_name_and_fields_beside_the_sentence(caplog: pytest.LogCaptureFixture):
    logging.getLogger("routescope.test").warning("it rains", extra=event("rain", millimetres=3))
    (record,) = caplog.records
    assert (record.getMessage(), getattr(record, EVENT_NAME)) == ("it rains", "rain")
    assert getattr(record, EVENT_FIELDS) == {"millimetres": 3}
