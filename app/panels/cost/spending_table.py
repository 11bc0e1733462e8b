"""Every value of a dimension with what it has cost, as a table; a click on one opens its decisions."""

from __future__ import annotations

from collections.abc import Sequence

from app import units
from app.dashboard import cache, cards, navigation, plot, rows, theme
from app.dashboard.rows import Column
from app.dashboard.view import View
from app.panels.cost.spending import DEFINITION, FILTER, MOST, NAMELESS, Choice, dollars, each, nothing, per_1k, rows_of
from telemetry.query.spending import Spending


def draw(view: View, choice: Choice) -> None:
    """A card of all values with their figures; a click on one opens its decisions."""
    with cards.card(
        f"Every {choice.by}",
        f"n counts {choice.counted}. Click a row to see {_behind(choice)}",
        key="spend-table",
        help=DEFINITION[choice.by],
    ):
        found = rows_of(view, choice)
        if not found:
            nothing(choice)
            return
        picked = _table(found, choice)
        plot.save(lambda: plot.written(_lines(found, choice)), key=f"spend-of-{choice.by}", what="this table")
        if picked:
            navigation.open_decisions(**{FILTER[choice.by]: picked})


def _behind(choice: Choice) -> str:
    return "the decisions that it answered" if choice.by in ("model", "tool") else "its decisions"


def share(row: Spending, rows: Sequence[Spending]) -> float | None:
    """Of all that is known to be spent; None when nothing is."""
    whole = sum(one.cost_nano or 0 for one in rows)
    return None if row.cost_nano is None or not whole else row.cost_nano / whole


def unused_share(row: Spending) -> float | None:
    """Of its spend, what went to answers that were not used; None where unknown costs make it more than all."""
    if not row.cost_nano or row.discarded_nano is None or row.discarded_nano > row.cost_nano:
        return None
    return row.discarded_nano / row.cost_nano


def told(part: float | None, whole: int | None, row: Spending) -> str:
    """A share of ``whole`` nano-USD in words. Of nothing that was spent there is none, which is no gap in knowledge."""
    free = part is None and whole == 0 and row.cost_nano == 0 and not row.cost_unknown
    return "none" if free else units.share(part)


def _table(found: Sequence[Spending], choice: Choice) -> str | None:
    one = choice.each
    parts, unused = [share(row, found) for row in found], [unused_share(row) for row in found]
    colours = cache.colours(theme.mode()) if choice.by in ("model", "tool") else {}
    columns = [
        Column(
            choice.by.title(),
            [row.value or NAMELESS for row in found],
            swatches=[colours.get(row.value or "") for row in found] if colours else None,
        ),
        _nano("Spend", [row.cost_nano for row in found], "Of those whose cost is known."),
        Column(
            "Share",
            [told(part, sum(one.cost_nano or 0 for one in found), row) for part, row in zip(parts, found, strict=True)],
            number=True,
            sort=parts,
            shares=parts,
            help="Of all known spend; none where nothing was spent.",
        ),
        _counts("n", [row.n for row in found], f"{choice.counted.title()} of the period."),
        _dollars(f"Per {one}", [each(row) for row in found], f"Spend by {choice.counted} of known cost."),
        _dollars("Per 1k", [per_1k(row) for row in found], f"The same for 1,000 {choice.counted}."),
        Column(
            "Not used",
            [told(part, row.cost_nano, row) for part, row in zip(unused, found, strict=True)],
            number=True,
            sort=unused,
            help="Share of the spend that went to rejected, failed and compared answers, probes and judges; none where "
            "nothing was spent.",
        ),
        _counts(
            "Unknown cost",
            [row.cost_unknown for row in found],
            f"{choice.counted.title()} whose cost is not known.",
        ),
    ]
    if choice.by != "model":
        saved = _nano("Saved", [row.savings_nano for row in found], "Baseline minus spend, where both are known.")
        columns.insert(3, saved)
    return rows.draw(
        columns,
        key=f"spend-{choice.by}",
        names=[row.value or "" for row in found],
        links=[navigation.decisions_url(**({FILTER[choice.by]: row.value} if row.value else {})) for row in found],
        tall=None if len(found) <= MOST else 420,
    )


def _nano(title: str, amounts: Sequence[int | None], help: str) -> Column:
    return Column(title, [units.nano_usd(one) for one in amounts], number=True, sort=amounts, help=help)


def _dollars(title: str, amounts: Sequence[float | None], help: str) -> Column:
    return Column(title, [units.usd(one) for one in amounts], number=True, sort=amounts, help=help)


def _counts(title: str, numbers: Sequence[int], help: str) -> Column:
    return Column(title, [units.count(one) for one in numbers], number=True, sort=numbers, help=help)


def _lines(rows: Sequence[Spending], choice: Choice) -> list[Sequence[object]]:
    head = (choice.by, choice.counted, "usd", "usd_not_used", "cost_unknown", "usd_saved", "n_saved")
    return [
        head,
        *(
            (
                row.value,
                row.n,
                dollars(row.cost_nano),
                dollars(row.discarded_nano),
                row.cost_unknown,
                dollars(row.savings_nano),
                row.savings_n,
            )
            for row in rows
        ),
    ]
