"""Train the domain classifier: ``python -m router_core.signals.train_domain`` from the project's root.

Reads data/domains.tsv, and of data/intents.tsv what its intent tells the domain of; writes data/domains.npz, prints how
it does on data/domains_held_out.tsv and puts the same into docs/signals.md. Deterministic. Strength of the penalty
and temperature come from five-fold cross-validation; the held-out file is only ever evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from router_core.signals.domain import DIMENSIONS, DOMAINS, UNKNOWN, buckets_of, classify_domain, words_of
from router_core.signals.evaluation import wilson
from router_core.signals.examples import Example, read_examples
from router_core.signals.fitting import FOLDS, TrainingSet, fit_classifier
from router_core.signals.linear import LinearClassifier

PENALTIES: Final = (3e-6, 1e-5, 3e-5, 1e-4)
OF_INTENT: Final = {"code": "code", "chat": "general", "creative": "general"}
"""Domains of the intent classifier's sentences, where the intent says enough."""
_INTENT_WEIGHT: Final = 0.15
_WORD_WEIGHT: Final = 0.2
BEGIN: Final = "<!-- written by python -m router_core.signals.train_domain -->"
END: Final = "<!-- end of domains -->"


def training_examples() -> list[tuple[str, str, float]]:
    """Domain, text and weight of every example; a list of words counts as many examples of three words each."""
    own = []
    for label, text in read_examples("domains.tsv"):
        words = text.split()
        if _is_list(text):
            own += [(label, " ".join(words[at : at + 3]), _WORD_WEIGHT) for at in range(0, len(words), 3)]
        else:
            own.append((label, text, 1.0))
    lent = [
        (OF_INTENT[label], text, _INTENT_WEIGHT) for label, text in read_examples("intents.tsv") if label in OF_INTENT
    ]
    return own + lent


def _is_list(text: str) -> bool:
    return len(text.split()) >= 12 and not any(mark in text for mark in ".?!,:;")


def train(examples: Sequence[tuple[str, str, float]]) -> LinearClassifier:
    """Fit a classifier, its penalty and its temperature."""
    seen = np.zeros((len(examples), DIMENSIONS), dtype=np.float32)
    for row, (_, text, _) in enumerate(examples):
        for word in words_of(text):
            np.add.at(seen[row], buckets_of(word), 1.0)
    labels = np.array([DOMAINS.index(label) for label, _, _ in examples])
    weights = np.array([weight for _, _, weight in examples])
    data = TrainingSet(seen, seen, labels, weights, np.arange(len(examples)) % FOLDS, weights == 1.0)
    return fit_classifier(data, len(DOMAINS), PENALTIES, np.geomspace(0.1, 2.0, 30))


def report(examples: Sequence[Example]) -> str:
    """How often the domain is right, with a 95 % interval and what is taken for what, as Markdown."""
    confusion = np.zeros((len(DOMAINS), len(DOMAINS)), dtype=np.int64)
    for label, text in examples:
        confusion[DOMAINS.index(label), DOMAINS.index(classify_domain(text)[0])] += 1
    hits, unknown = int(np.trace(confusion)), DOMAINS.index(UNKNOWN)
    named = int(confusion.sum() - confusion[:, unknown].sum())
    right = hits - int(confusion[unknown, unknown])
    lines = [
        f"Right: **{_share(hits, len(examples))}**. When it names a domain other than `{UNKNOWN}`, it is right in"
        f" {_share(right, named)}.",
        "",
        "| is \\ said | " + " | ".join(DOMAINS) + " | right |",
        "|---|" + "---:|" * (len(DOMAINS) + 1),
    ]
    for place, (name, counts) in enumerate(zip(DOMAINS, confusion, strict=True)):
        share = counts[place] / max(counts.sum(), 1)
        lines.append(f"| {name} | " + " | ".join(str(c) if c else "" for c in counts) + f" | {share:.0%} |")
    return "\n".join(lines)


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits} of {of} = {hits / of:.1%} (95 % interval {low:.1%} to {high:.1%})"


def main() -> None:
    """Train, store, evaluate, document."""
    from router_core.signals.domain import domain_classifier

    here = Path(__file__).parent
    train(training_examples()).store(here / "data" / "domains.npz")
    domain_classifier.cache_clear()
    found = report(read_examples("domains_held_out.tsv"))
    print(found)
    page = here.parent.parent / "docs" / "signals.md"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        head, tail = text.split(BEGIN)[0], text.split(END)[1]
        page.write_text(f"{head}{BEGIN}\n{found}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
