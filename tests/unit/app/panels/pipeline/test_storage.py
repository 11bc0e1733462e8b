"""Sizes in words."""

from __future__ import annotations

import pytest

from app.panels.pipeline.storage import written_bytes


@pytest.mark.parametrize(
    ("number", "said"),
    [(None, "unknown"), (0, "0 B"), (512, "512 B"), (1_500, "1.5 kB"), (139_800_000, "139.8 MB"), (2.1e9, "2.1 GB")],
)
def test_a_size_is_written_in_the_unit_that_it_deserves(number: float | None, said: str) -> None:
    assert written_bytes(number) == said
