"""What would happen to a prompt: asked of the router before anything is sent to a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app import units
from app.dashboard import cards, components
from app.dashboard.components import OUTCOME_TONE, Cell

AT_MOST: Final = "At most about"
"""Of a call's cost: the prompt's tokens are estimated here, and the answer is taken as long as it may be."""
_HELP: Final = (
    "The prompt's tokens as estimated here and the longest answer that is allowed, at the model's prices. Most answers "
    "are shorter and cost less. A judge's calls come on top."
)


def together(costs: Sequence[float | None]) -> float | None:
    """USD of all of them; None while one of them is unknown."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def draw_each(planned: Mapping[str, Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    """What models that are asked side by side would cost, each and together.

    Args:
        planned: for each model the decision that asking it directly would be, as `Gateway.explain` gives it.
        colours: of the models.
    """
    standing = {model: _own(model, one) for model, one in planned.items()}
    asked = [own["expected_cost_usd"] for own in standing.values() if own is not None and own["excluded_by"] is None]
    with cards.card(
        "What it would cost",
        f"At most about {units.usd(together(asked))} for {units.plural(len(asked), 'answer')}; nothing was sent to a "
        "model"
        if asked
        else "None of them would be asked; nothing was sent to a model",
        key="preview",
        help=_HELP,
    ):
        components.table(
            ("Model", "Tier", AT_MOST),
            [
                _row("", own, colours)[1:]
                if own is not None and own["excluded_by"] is None
                else _unasked(model, own, one)
                for (model, own), one in zip(standing.items(), planned.values(), strict=True)
            ]
            + ([("All together", "", units.usd(together(asked)))] if len(asked) > 1 else []),
            numbers=(2,),
        )


def draw(planned: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    """A decision that was only explained, as `Gateway.explain` gives it."""
    candidates = planned["candidates"]
    wanted = [each for each in candidates if each["excluded_by"] is None]
    with cards.grid("preview", narrowest="half"):
        with cards.card(
            "What would happen",
            "Nothing was sent to a model",
            key="preview",
            help=_HELP,
        ):
            components.paragraphs([planned["reason"]])
            components.chips(_figures(planned, wanted))
        with cards.card("Who would be asked", f"Strategy {planned['strategy']}", key="preview-candidates"):
            components.table(
                ("", "Model", "Tier", AT_MOST),
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
    costs = [each["expected_cost_usd"] for each in wanted]
    all_asked = {"if every one is asked": f"at most about {units.usd(together(costs))}"}
    return {
        "first answer": f"at most about {units.usd(costs[0])}" if costs else units.usd(planned["cost_usd"]),
        **(all_asked if len(costs) > 1 else {}),
        "intent": signals.get("intent", units.UNKNOWN),
        "tokens": f"about {units.count(signals.get('input_tokens'))}",
    }


def _own(model: str, planned: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """How the model that was asked for stands; None where nothing got as far as to ask."""
    found: Mapping[str, Any] | None = next((each for each in planned["candidates"] if each["model"] == model), None)
    return found


def _unasked(model: str, own: Mapping[str, Any] | None, planned: Mapping[str, Any]) -> tuple[object, ...]:
    if own is not None:
        return _excluded(own)[1:]
    return Cell(f"{model}: {planned['reason']}", "muted"), "", ""


def _row(place: int | str, each: Mapping[str, Any], colours: Mapping[str, str]) -> tuple[object, ...]:
    name = Cell(each["model"], swatch=colours.get(each["model"]))
    return Cell(place, "muted"), name, each["tier"], units.usd(each["expected_cost_usd"])


def _excluded(each: Mapping[str, Any]) -> tuple[object, ...]:
    why = each["excluded_reason"] or each["excluded_by"]
    return Cell("", "muted"), Cell(f"{each['model']}: {why}", "muted"), Cell(each["tier"], "muted"), ""
