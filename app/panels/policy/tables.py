"""What a policy names, as tables: models, rules, checks, tools and budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import units
from app.dashboard import cache, cards, components, plot, theme
from app.dashboard.components import Cell
from app.panels.policy import words
from app.panels.policy.rule_words import names
from router_core.policy.schema import Policy

NONE = "—"


def models(policy: Policy) -> None:
    """A card with a row a model."""
    with cards.card(
        "Models",
        f"{units.plural(len(policy.models), 'model')} in {units.plural(len(policy.tiers), 'tier')}, "
        f"from the weakest tier to the strongest: {', '.join(policy.tiers)}",
        key="policy-models",
        help="Data up to: the most protected data that a model accepts, by its own word or by where it runs. "
        "Prices are those of the policy, in US dollars.",
    ):
        headers = ("Model", "Tier", "Where", "Data up to", "Approved for", "Can", "Price", "Context", "Owner")
        colours = cache.colours(theme.mode())
        order = {tier: place for place, tier in enumerate(policy.tiers)}
        listed = sorted(policy.models.items(), key=lambda item: order.get(item[1].tier, len(order)))
        rows: list[tuple[object, ...]] = [
            (
                name,
                model.tier,
                words.place_in_words(model),
                model.accepts,
                _listed(model.approvals),
                _listed([*sorted(model.capabilities), *sorted(model.domains)]),
                words.price_in_words(model.price),
                f"{model.context_window:,}",
                model.owner or NONE,
            )
            for name, model in listed
        ]
        plot.save(lambda: plot.written([headers, *rows]), key="policy-models", what="this table")
        components.table(
            headers,
            [(Cell(row[0], swatch=colours.get(str(row[0]))), *row[1:]) for row in rows],
            numbers=(7,),
            notes=[words.calls_in_words(model) for _, model in listed],
        )


def checks(policy: Policy) -> None:
    """A card of the validators: what each looks at, what passes, who asks for it."""
    with cards.card(
        "Checks of answers",
        "A score below the threshold makes the request escalate",
        key="policy-checks",
        help="Scores are 0 to 1. Threshold: the lowest score that passes; a route, or an intent of a route, may ask "
        "for another one.",
    ):
        if not policy.validators:
            cards.empty("No answer is checked", "Add [validators] to the policy, and name them in a route.")
            return
        used = words.scored_in(policy)
        components.table(
            ("Validator", "What it looks at", "Threshold", "Asked for by", "Otherwise"),
            [
                (
                    name,
                    words.validator_in_words(entry),
                    units.score(entry.threshold),
                    _listed(used[name]) if used[name] else Cell("no route", "warn"),
                    _listed(words.thresholds_of(policy, name)),
                )
                for name, entry in policy.validators.items()
            ],
            numbers=(2,),
        )


def tools_and_budgets(policy: Policy) -> None:
    """A card of what is tried before any model, and one of what may be spent."""
    with cards.card("Tools and budgets", "What answers before any model, and what may be spent", key="policy-tools"):
        if policy.tools:
            by_route = {
                tool: [name for name, route in policy.routes.items() if tool in route.tools] for tool in policy.tools
            }
            components.table(
                ("Tool", "What it is", "Threshold", "Asked for by"),
                [
                    (
                        name,
                        words.tool_in_words(entry),
                        units.score(entry.threshold),
                        _listed(by_route[name]) if by_route[name] else Cell("no route", "warn"),
                    )
                    for name, entry in policy.tools.items()
                ],
                numbers=(2,),
            )
        if policy.budgets:
            components.table(
                ("Budget", "What may be spent", "Owner"),
                [(budget.name, words.budget_in_words(budget), budget.owner or NONE) for budget in policy.budgets],
            )
        missing = [name for name, there in (("tools", policy.tools), ("budgets", policy.budgets)) if not there]
        if missing:
            components.untrusted(f"This policy has no {' and no '.join(missing)}.", muted=True)


def _listed(values: Sequence[object] | frozenset[str] | Mapping[str, object]) -> str:
    return names(values, "and") if values else NONE
