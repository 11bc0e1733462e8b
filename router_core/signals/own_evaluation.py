"""How often own intents are found, and how often wrongly: ``python -m router_core.signals.own_evaluation``.

Three made-up intents with five example sentences each (data/own_intents.tsv) are asked for sentences that were written
apart and never tuned on (data/own_intents_held_out.tsv), and for the built-in classifier's held-out prompts, all of
which are something else. Run from the project's root it puts the result into docs/intents.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router_core.policy.schema import IntentEntry
from router_core.signals.evaluation import wilson
from router_core.signals.examples import Example, read_examples
from router_core.signals.intent import classify_intent
from router_core.signals.own_intents import OwnIntents

KEYWORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "billing": ("invoice*", "bill*", "charge*", "refund*", "payment*", "receipt*"),
        "cancel": ("cancel*", "terminate", "unsubscribe", "close account", "renew*"),
        "shipping": ("deliver*", "parcel*", "package*", "ship*", "my order"),
    }
)
"""What somebody who wrote the examples would add."""
_BEGIN: Final = "<!-- written by python -m router_core.signals.own_evaluation -->"
_END: Final = "<!-- end of own intents -->"


@dataclass(frozen=True, slots=True)
class OwnEvaluation:
    """What own intents say of sentences of theirs and of others."""

    names: tuple[str, ...]
    confusion: NDArray[np.int64]
    """Row: own intents, then all built-in prompts together; column: the same; shape (intents + 1, intents + 1)."""

    @property
    def found(self) -> tuple[int, int]:
        """Sentences that got their own intent, and of how many."""
        own = self.confusion[:-1]
        return int(np.trace(own)), int(own.sum())

    @property
    def taken(self) -> tuple[int, int]:
        """Built-in prompts that got an own intent, and of how many."""
        others = self.confusion[-1]
        return int(others[:-1].sum()), int(others.sum())

    def markdown(self, title: str) -> str:
        """Shares with intervals, and the confusion matrix."""
        columns = (*self.names, "built-in")
        rows = [
            f"{title}: **{_share(*self.found)}** of their sentences are found;"
            f" **{_share(*self.taken)}** of the built-in intents' prompts are taken wrongly.",
            "",
            "| is \\ said | " + " | ".join(columns) + " |",
            "|---|" + "---:|" * len(columns),
        ]
        for name, counts in zip(columns, self.confusion, strict=True):
            rows.append(f"| {name} | " + " | ".join(str(count) if count else "" for count in counts) + " |")
        return "\n".join(rows)


def evaluate_own(own: OwnIntents, held_out: Sequence[Example], others: Sequence[Example]) -> OwnEvaluation:
    """Ask for sentences of the own intents and for prompts that are none of them."""
    places = {name: place for place, name in enumerate(own.names)}
    confusion = np.zeros((len(places) + 1, len(places) + 1), dtype=np.int64)
    for label, text in (*held_out, *others):
        said, _ = classify_intent(text, own)
        confusion[places.get(label, len(places)), places.get(said, len(places))] += 1
    return OwnEvaluation(own.names, confusion)


def example_intents(keywords: Mapping[str, tuple[str, ...]]) -> OwnIntents:
    """The three made-up intents."""
    examples: dict[str, list[str]] = {}
    for label, text in read_examples("own_intents.tsv"):
        examples.setdefault(label, []).append(text)
    return OwnIntents(
        {name: IntentEntry(examples=tuple(texts), keywords=keywords.get(name, ())) for name, texts in examples.items()}
    )


def report() -> str:
    """The figures as they stand in docs/intents.md."""
    held_out, others = read_examples("own_intents_held_out.tsv"), read_examples("intents_held_out.tsv")
    return "\n\n".join(
        evaluate_own(example_intents(keywords), held_out, others).markdown(title)
        for title, keywords in (("Five examples each", {}), ("Five examples and five or six keywords each", KEYWORDS))
    )


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits} of {of} = {hits / of:.1%} (95 % interval {low:.1%} to {high:.1%})"


def main() -> None:
    """Evaluate and document."""
    found = report()
    print(found)
    page = Path(__file__).parents[2] / "docs" / "intents.md"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        head, tail = text.split(_BEGIN)[0], text.split(_END)[1]
        page.write_text(f"{head}{_BEGIN}\n{found}\n{_END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
