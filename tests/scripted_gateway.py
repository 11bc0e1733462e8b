"""A real HTTP server on loopback that speaks the gateway's words from a script.

    with ScriptedGateway() as gateway:
        gateway.plays(*events)            # router_core events, or seconds to wait, or raw bytes
        Gateway(gateway.base_url).events(...)
        assert gateway.seen[0]["messages"]

Each request for events plays the whole list anew.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from typing import Any

from router_core import events
from router_core.events import (
    Answered,
    BranchEnded,
    BranchStarted,
    Escalated,
    Event,
    Planned,
    Scored,
    Settled,
    SignalsRead,
    Token,
    VerdictsGiven,
)
from router_core.result import BranchRecord, CandidateRecord, Decision, ScoreRecord, Signals, Verdict
from tests.loopback import LoopbackServer, QuietHandler

DECISION_ID = "0193b6c0-7b4e-7d3e-9c0a-5f4e3d2c1b0a"


class ScriptedGateway(LoopbackServer):
    """The server, in threads of its own."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        """Bodies of the requests for events and explanations."""
        self.headers: list[dict[str, str]] = []
        self.hung_up = threading.Event()
        """Set when a client left while events were still to come."""
        self.models: Any = {"object": "list", "data": listing()}
        self.budgets: Any = {"object": "list", "data": []}
        self.refusal: tuple[int, bytes] | None = None
        """Status and body that answer every POST instead."""
        self.content_type = "text/event-stream"
        self._script: tuple[Event | float | bytes, ...] = ()
        super().__init__(_handler(self))

    def plays(self, *script: Event | float | bytes) -> None:
        self._script = script

    @property
    def script(self) -> tuple[Event | float | bytes, ...]:
        return self._script


def frame(event: Event) -> bytes:
    """One event as the gateway writes it."""
    return f"event: {event.type}\ndata: {events.to_json(event)}\n\n".encode()


def _handler(gateway: ScriptedGateway) -> type[QuietHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self.answer_json(200, {"status": "ok"})
            elif self.path == "/v1/models":
                self.answer_json(200, gateway.models)
            elif self.path == "/v1/budgets":
                self.answer_json(200, gateway.budgets)
            else:
                self.answer_json(404, {"error": {"message": "no such path", "type": "x", "code": "http_error"}})

        def do_POST(self) -> None:
            body = json.loads(self.body())
            gateway.seen.append(body)
            gateway.headers.append(dict(self.headers.items()))
            if gateway.refusal is not None:
                status, raw = gateway.refusal
                self.answer(status, raw, "application/json")
            elif self.path == "/v1/route/explain":
                self.answer_json(200, asdict(decision(status="planned")))
            elif self.path == "/v1/feedback":
                self.answer_json(200, {"decision_id": body["decision_id"], "comment": None})
            else:
                self._events()

        def _events(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", gateway.content_type)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                for step in gateway.script:
                    if isinstance(step, float):
                        self._wait(step)
                        continue
                    raw = step if isinstance(step, bytes) else frame(step)
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                gateway.hung_up.set()
                self.close_connection = True

        def _wait(self, seconds: float) -> None:
            """Comments keep a silent stream alive, and show at once when the client is gone."""
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self.wfile.write(b"3\r\n:\n\n\r\n")
                time.sleep(min(0.02, seconds))

    return Handler


def listing() -> list[dict[str, Any]]:
    """Two routes, a model that is ready and one that is being fetched."""

    def entry(name: str, **known: Any) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": 0, "owned_by": "routescope", "routescope": known}

    return [
        entry("route/chat", kind="route", description="Anything.", default=True),
        entry("route/quick", kind="route", description="The small model for everything.", default=False),
        entry("tiny", kind="model", tier="small", location="local", ready=True, reason="", progress=None),
        entry("big", kind="model", tier="large", location="local", ready=False, reason="pulling", progress=0.43),
    ]


def signals() -> Signals:
    return Signals("summarise", 0.91, "en", 120, 20, 31, code=False, numbers=2, pii=("email",))


def score(validator: str, value: float, threshold: float = 0.5, reason: str = "measured") -> ScoreRecord:
    return ScoreRecord(validator, value, threshold, value >= threshold, reason)


def branch(index: int, model: str, outcome: Any, **more: Any) -> BranchRecord:
    fields: dict[str, Any] = {
        "tier": "small" if index == 0 else "large",
        "reason": "first of its tier",
        "cost_usd": 0.000004,
        "cost_source": "estimated",
        "input_tokens": 31,
        "output_tokens": 8,
        "started_ms": 2.0 + 120 * index,
        "latency_ms": 110.0,
        "ttft_ms": 30.0,
        **more,
    }
    return BranchRecord(index, fields.pop("kind", "model"), model, outcome=outcome, **fields)


def decision(**more: Any) -> Decision:
    fields: dict[str, Any] = {
        "decision_id": DECISION_ID,
        "trace_id": "0" * 31 + "1",
        "created_at": "2026-11-23T09:30:00+00:00",
        "policy_name": "local",
        "policy_version": "abc123",
        "purpose": "playground",
        "simulated": False,
        "route": "chat",
        "strategy": "cascade",
        "tenant": "default",
        "risk": "low",
        "data_class": "internal",
        "status": "ok",
        "signals": signals(),
        "verdicts": verdicts(),
        "candidates": candidates(),
        "branches": (
            branch(0, "tiny", "rejected", scores=(score("no-refusal", 0.2),)),
            branch(1, "big", "accepted", scores=(score("no-refusal", 1.0),)),
        ),
        "chosen": "big",
        "chosen_kind": "model",
        "reason": "big answered after tiny scored low on no-refusal.",
        "cost_usd": 0.000008,
        "baseline_model": "big",
        "baseline_cost_usd": 0.00002,
        "baseline_source": "estimated",
        "savings_usd": 0.000012,
        "escalated": True,
        "fell_back": False,
        "input_tokens": 62,
        "output_tokens": 16,
        "latency_ms": 240.0,
        "ttft_ms": 152.0,
        "overhead_ms": 0.8,
        **more,
    }
    return Decision(**fields)


def verdicts() -> tuple[Verdict, ...]:
    return (
        Verdict("cloud-needs-consent", "excluded", "internal data stays on this machine", "privacy", ("far",)),
        Verdict("no-secrets", "passed", "no secret found"),
    )


def candidates() -> tuple[CandidateRecord, ...]:
    return (
        CandidateRecord("tiny", "small", 1.0, 1.0, expected_cost_usd=0.000003),
        CandidateRecord("big", "large", 0.5, 0.0, expected_cost_usd=0.00002),
        CandidateRecord("far", "frontier", None, None, "rule:cloud-needs-consent", "internal data stays here"),
    )


def escalating_run(answer: str = "Six times seven is 42.", draft: str = "I cannot help.") -> tuple[Event, ...]:
    """A run in which a draft is rejected and the next model's answer is given."""
    first = branch(0, "tiny", "unscored")
    second = branch(1, "big", "unscored")
    return (
        SignalsRead(DECISION_ID, "chat", signals()),
        VerdictsGiven(verdicts()),
        Planned("cascade", candidates(), "small tier first"),
        BranchStarted(0, "model", "tiny", "first of its tier", False, 2.0),
        *(Token(0, piece, False) for piece in _pieces(draft)),
        BranchEnded(first, 112.0),
        Scored(0, score("no-refusal", 0.2, reason="it refuses")),
        Escalated("escalation", "tiny", "big", "tiny scored low on no-refusal: it refuses"),
        BranchStarted(1, "model", "big", "tiny scored low", True, 122.0),
        *(Token(1, piece, True) for piece in _pieces(answer)),
        BranchEnded(second, 232.0),
        Scored(1, score("no-refusal", 1.0)),
        Answered(answer, "big", "model", "stop", True),
        Settled(decision(), "committed"),
    )


def _pieces(text: str) -> list[str]:
    return [text[at : at + 5] for at in range(0, len(text), 5)]
