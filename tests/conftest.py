"""What holds for every test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _own_main() -> Iterator[None]:
    """Give ``__main__`` back: Streamlit's AppTest leaves its script there, and a spawned process would run that."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
