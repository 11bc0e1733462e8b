"""What would happen to a prompt: asked of the router before anything is sent to a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import units
from app.dashboard import cards, components
from app.dashboard.components import OUTCOME_TONE, Cell


def draw(planned: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    """A decision that was only explained, as `Gateway.explain` gives it."""
    candidates = planned["candidates"]
    wanted = [each for each in candidates if each["excluded_by"] is None]
    with cards.grid("preview", narrowest="half"):
        with cards.card(
            "What would happen",
            "Nothing was sent to a model",
            key="preview",
            help="The expected cost is that of the first model's answer alone: the prompt's tokens as counted here, "
            "and as long an answer as that model's price entry expects. Escalations come on top.",
        ):
            components.paragraphs([planned["reason"]])
            components.chips(_figures(planned, wanted))
        with cards.card("Who would be asked", f"Strategy {planned['strategy']}", key="preview-candidates"):
            components.table(
                ("", "Model", "Tier", "Expected cost"),
                [_row(place, each, colours) for place, each in enumerate(wanted, 1)]
                + [_excluded(each) for each in candidates if each["excluded_by"] is not None],
                numbers=(3,),
            )
    said = [one for one in planned["verdicts"] if one["outcome"] not in ("passed", "allowed")]
    if said:
        with cards.card("Guard", "Rules that have something to say about it", key="preview-guard"):
            components.table(
                ("Rule", "Verdict", "Why"),
                [
                    (one["rule"], Cell(one["outcome"], OUTCOME_TONE.get(one["outcome"])), Cell(one["reason"], "muted"))
                    for one in said
                ],
            )


def _figures(planned: Mapping[str, Any], wanted: list[dict[str, Any]]) -> dict[str, object]:
    signals = planned["signals"] or {}
    return {
        "expected cost": units.usd(wanted[0]["expected_cost_usd"] if wanted else planned["cost_usd"]),
        "intent": signals.get("intent", units.UNKNOWN),
        "tokens": f"about {units.count(signals.get('input_tokens'))}",
    }


def _row(place: int, each: Mapping[str, Any], colours: Mapping[str, str]) -> tuple[object, ...]:
    name = Cell(each["model"], swatch=colours.get(each["model"]))
    return Cell(place, "muted"), name, each["tier"], units.usd(each["expected_cost_usd"])


def _excluded(each: Mapping[str, Any]) -> tuple[object, ...]:
    why = each["excluded_reason"] or each["excluded_by"]
    return Cell("", "muted"), Cell(f"{each['model']}: {why}", "muted"), Cell(each["tier"], "muted"), ""
