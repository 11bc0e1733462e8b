"""``routescope route``: one prompt, in this process, with no server."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from app.options import database_option, json_option, policy_option, settings_of
from app.settings import Settings


@click.command(epilog='Example: routescope route "What is 12 * 7?" --json')
@click.argument("prompt")
@click.option("--route", "route_name", help="Route or model; default: the policy's default route.")
@click.option("--context", "pairs", multiple=True, metavar="K=V", help="As risk=high or data_class=sensitive.")
@click.option("--explain", is_flag=True, help="Give the decision without calling a model.")
@click.option("--wait", default=30.0, show_default=True, help="Seconds to wait for a local model to load.")
@database_option
@policy_option
@json_option
def route(
    prompt: str,
    route_name: str | None,
    pairs: tuple[str, ...],
    explain: bool,
    wait: float,
    database_url: str | None,
    policy: Path | None,
    as_json: bool,
) -> None:
    """Route one PROMPT (- reads it from stdin) and print the answer, or with --json the decision."""
    from router_core.request import Context, RouteRequest

    text = sys.stdin.read() if prompt == "-" else prompt
    context = Context.from_mapping(dict(_pair(pair) for pair in pairs))
    request = RouteRequest.from_prompt(text, route=route_name, context=context)
    request.check()
    asyncio.run(_route(request, settings_of(policy, database_url), explain=explain, wait_s=wait, as_json=as_json))


async def _route(request: Any, settings: Settings, *, explain: bool, wait_s: float, as_json: bool) -> None:
    from app.wiring import Service

    service = Service.open(settings)
    try:
        decision = await service.router.explain(request)
        if not explain and decision.chosen_kind not in ("tool", "cache"):
            await service.wait_for_models(wait_s)
        if explain:
            click.echo(json.dumps(asdict(decision), ensure_ascii=False) if as_json else decision.reason)
            return
        result = await service.router.aroute(request)
    finally:
        await service.aclose()
    if as_json:
        document = {**asdict(result.decision), "answer": result.text, "commit": result.commit}
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        click.echo(_printable(result.text))
        click.echo(f"— {result.decision.reason} (decision {result.decision.decision_id})", err=True)


def _printable(text: str) -> str:
    """A model's text without what a terminal would obey: control characters but line ends and tabs."""
    return "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 127 <= ord(c) < 160))


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--context")
    return name.strip(), value.strip()
