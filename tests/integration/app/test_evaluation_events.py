"""A verdict reaches a collector as OpenTelemetry's event, in the span of its decision, without anybody's words."""

from __future__ import annotations

import gzip
from pathlib import Path

import sqlalchemy as sa
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from app.jobs.evaluating import events_sent
from router_core.policy.loading import parse_policy
from telemetry.evaluation import Opinion, record
from telemetry.setup import Telemetry
from telemetry.storage.models import REQUEST
from tests.collector import ScriptedCollector
from tests.evaluations import judged
from tests.traces import Routed, emit
from tests.unit.router_core.policy.test_evaluation import POLICY


def test_each_verdict_is_sent_and_what_is_none_is_not(tmp_path: Path) -> None:
    with (
        ScriptedCollector() as collector,
        Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path, content="full") as telemetry,
    ):
        for name in ("a", "b"):
            emit(telemetry.tracer_provider.get_tracer("test"), Routed(name))
        assert telemetry.sink.force_flush(20_000)
        text = f'{POLICY}[telemetry.otlp]\nendpoint = "{collector.base_url}"\nsignals = ["logs"]\n'
        with events_sent(parse_policy(text, tmp_path / "p.toml")):
            record(telemetry.engine, telemetry.content, judged("a", True, words="quoted words"))
            record(telemetry.engine, telemetry.content, judged("b", None))
            telemetry.evaluate(Opinion("b", -1.0, "me", "quoted words"))
        record(telemetry.engine, telemetry.content, judged("b", True))
        with telemetry.engine.connect() as connection:
            a = connection.execute(sa.select(REQUEST).where(REQUEST.c.decision_id == "a")).one()
        assert [name for name, _ in collector.events] == ["gen_ai.evaluation.result"] * 2
        assert collector.events[0][1] == {
            "gen_ai.evaluation.name": "helpful",
            "gen_ai.evaluation.score.value": 0.9,
            "gen_ai.evaluation.score.label": "good",
            "router.decision_id": "a",
            "router.answer": "given",
            "router.method": "judge",
        }
        assert collector.events[1][1]["gen_ai.evaluation.score.label"] == "bad"
        bodies = b"".join(gzip.decompress(body) for _, _, body in collector.requests)
        sent = ExportLogsServiceRequest.FromString(gzip.decompress(collector.requests[0][2]))
        first = sent.resource_logs[0].scope_logs[0].log_records[0]
        assert (first.trace_id.hex(), first.span_id.hex()) == (a.trace_id, a.span_id)
    assert b"quoted words" not in bodies
