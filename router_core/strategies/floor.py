"""The quality floor: which models are good enough to be chosen by price or by speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from router_core.strategies.base import Prospect


@dataclass(frozen=True, slots=True)
class Floor:
    """Tiers that count, and the quality that a model must state. None asks for no figure."""

    tiers: frozenset[str]
    min_quality: float | None

    def split(self, prospects: Sequence[Prospect]) -> tuple[list[Prospect], dict[str, str]]:
        """The models on or above the floor, in their order, and why the others are not."""
        good, left_out = [], {}
        for one in prospects:
            reason = self._objection(one)
            if reason is None:
                good.append(one)
            else:
                left_out[one.model] = reason
        return good, left_out

    def _objection(self, one: Prospect) -> str | None:
        if one.tier not in self.tiers:
            return f"the route chooses among tier {' or '.join(sorted(self.tiers))}; this model is in {one.tier}"
        if self.min_quality is None:
            return None
        if one.quality is None:
            return f"its quality is not stated, and the route asks for {self.min_quality:.2f}"
        if one.quality < self.min_quality:
            return f"its stated quality is {one.quality:.2f}, the route asks for {self.min_quality:.2f}"
        return None
