"""Requests that RouteScope sends itself, as canaries, shadow calls and judges: they come like everybody's, and say so.

A shadow call and a judge see what somebody else asked. So they name that decision, get its tenant, and at least its
risk and data class; and a model that its rules kept the prompt from may not answer them either, by whatever route.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import sqlalchemy as sa
from starlette.requests import Request

from app.gateway.admission import known_caller
from app.gateway.bodies import CONTEXT_HEADER
from app.gateway.feedback import UnknownDecision
from app.gateway.messages import InvalidBody
from app.wiring import Service
from router_core.errors import RequestError
from router_core.request import DATA_CLASSES, RISKS, Context, DataClass, Purpose, Risk, RouteRequest
from telemetry.storage.engine import reading
from telemetry.storage.models import REQUEST
from telemetry.text import clean

PURPOSE_HEADER: Final = "x-routescope-purpose"
PARENT_HEADER: Final = "x-routescope-parent"
WITH_PARENT: Final = ("shadow", "judge")
KNOWN: Final = ("user", "playground", "canary", *WITH_PARENT)
_FORBIDDING: Final = ("rule:", "data_class")
"""How reasons begin that a model may not see a prompt; all others are about what it costs or can do."""
REDACTED: Final = "redacted"
GENERATIONS: Final = 4
"""A judge of a shadow call of a request has two before it; more there are not."""


class ErrandForbidden(RequestError):
    """It is not for this caller, or the parent's rules kept from a model what it would be shown by this detour."""

    code = "forbidden_by_parent"
    http_status = 403


class OperatorsOnly(RequestError):
    """Who says that a request is no user's takes it out of every business number."""

    code = "not_for_clients"
    http_status = 403


@dataclass(frozen=True, slots=True)
class Parent:
    """What of a decision binds the calls that repeat or judge it."""

    tenant: str
    risk: Risk
    data_class: DataClass
    seen: frozenset[str]
    """Models that its guard looked at."""
    forbidden: frozenset[str]
    """Those of them that a rule, or the data class, took out."""
    redacted: bool
    """Models saw its prompt redacted."""

    def with_elder(self, elder: Parent) -> Parent:
        """Both together: this one repeats or judges the elder, whose rules saw what was asked."""
        return replace(
            elder,
            risk=max(self.risk, elder.risk, key=RISKS.index),
            data_class=max(self.data_class, elder.data_class, key=DATA_CLASSES.index),
            forbidden=self.forbidden | elder.forbidden,
            redacted=self.redacted or elder.redacted,
        )

    def binds(self, context: Context) -> Context:
        """The context of such a call: nothing that the parent stated is lowered."""
        risk = max(self.risk, context.risk, key=RISKS.index)
        return replace(
            context,
            tenant=self.tenant,
            risk=risk,
            data_class=max(self.data_class, context.data_class, key=DATA_CLASSES.index),
        )


async def errand(request: Request, wanted: RouteRequest) -> RouteRequest:
    """The request with its purpose and what its parent binds it to; as it is when it says nothing of a purpose.

    Raises:
        OperatorsOnly: a client's key came with it.
        InvalidBody: the headers do not say what they may.
        UnknownDecision: the parent is not in the store.
        ErrandForbidden
    """
    purpose, parent_id = request.headers.get(PURPOSE_HEADER), request.headers.get(PARENT_HEADER)
    if purpose is None and parent_id is None:
        return wanted
    caller = known_caller(request)
    if caller.role != "operator":
        raise OperatorsOnly(f"{PURPOSE_HEADER} is for operators; the key {caller.name!r} is a client's")
    if purpose not in KNOWN:
        raise InvalidBody(f"{PURPOSE_HEADER} is {str(purpose)[:40]!r}; use one of {', '.join(KNOWN)}")
    if (purpose in WITH_PARENT) != (parent_id is not None):
        problem = "it is missing" if parent_id is None else f"a request for {purpose} has none"
        raise InvalidBody(f"{PARENT_HEADER}: {problem}; shadow calls and judges name their decision, others do not")
    wanted = replace(wanted, purpose=cast(Purpose, purpose))
    if parent_id is None:
        return wanted
    service: Service = request.app.state.service
    parent = await asyncio.to_thread(_read, service.telemetry.engine, parent_id)
    if parent is None:
        raise UnknownDecision(f"no decision has the id {parent_id[:60]!r}; {PARENT_HEADER} names one that is kept")
    # What nobody stated is the parent's; what is stated besides may only raise it.
    stated = wanted.context if CONTEXT_HEADER in request.headers else Context(risk="low", data_class="public")
    wanted = replace(wanted, context=parent.binds(stated), parent_decision_id=parent_id)
    await _check(service, wanted, parent)
    return wanted


async def _check(service: Service, wanted: RouteRequest, parent: Parent) -> None:
    """Whether anybody could answer who must not see the prompt (ErrandForbidden)."""
    if not parent.forbidden and not parent.redacted:
        return
    planned = await service.router.explain(wanted)
    if parent.redacted and not any(verdict.outcome == REDACTED for verdict in planned.verdicts):
        raise ErrandForbidden("the decision's rules had its prompt redacted, and would not here; it is left alone")
    for candidate in planned.candidates:
        if candidate.excluded_by is not None:
            continue
        if candidate.model in parent.forbidden:
            raise ErrandForbidden(
                f"the decision's rules kept its prompt from {candidate.model}, which would answer here"
            )
        if parent.forbidden and candidate.model not in parent.seen:
            words = (
                f"{candidate.model}, which would answer here, was not among the models that the decision's rules saw"
            )
            raise ErrandForbidden(words)


def _read(engine: sa.Engine, decision_id: str) -> Parent | None:
    """What a decision binds to, and those before it: who judges a shadow call is bound by what was asked at first."""
    columns = [REQUEST.c[name] for name in ("tenant", "risk", "data_class", "candidates", "verdicts")]
    found: Parent | None = None
    wanted: str | None = decision_id
    with reading(engine) as connection:
        for _ in range(GENERATIONS):
            row = connection.execute(
                sa.select(*columns, REQUEST.c.parent_decision_id).where(REQUEST.c.decision_id == clean(wanted or ""))
            ).one_or_none()
            if row is None:
                break
            known = parent_of(dict(row._mapping))
            found = known if found is None else found.with_elder(known)
            wanted = row.parent_decision_id
            if wanted is None:
                break
    return found


def parent_of(row: Mapping[str, Any]) -> Parent:
    """What a row of ``request`` binds to. What cannot be read binds to the most."""
    candidates, verdicts = list(_records(row["candidates"])), list(_records(row["verdicts"]))
    forbidden = (one for one in candidates if str(one.get("excluded_by") or "").startswith(_FORBIDDING))
    return Parent(
        tenant=row["tenant"],
        risk=row["risk"] if row["risk"] in RISKS else RISKS[-1],
        data_class=row["data_class"] if row["data_class"] in DATA_CLASSES else DATA_CLASSES[-1],
        seen=frozenset(str(one.get("model")) for one in candidates),
        forbidden=frozenset(str(one.get("model")) for one in forbidden),
        redacted=any(one.get("outcome") == REDACTED for one in verdicts),
    )


def _records(text: str) -> Iterable[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
