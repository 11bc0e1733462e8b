"""What holds for every test."""

from __future__ import annotations

import functools
import gc
import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is no question of these tests: a shared machine may take seconds over any of them.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

LONGEST = tuple(
    f"test_{name}.py"
    for name in (
        *("workers", "storage", "rollup", "fault_matrix", "postgresql", "packaging", "many_processes", "export"),
        *("code_blocks", "fetch", "durability", "copying", "resilience", "cli", "drift_report", "description"),
        *("pages", "local_server", "policy_reload", "traces", "planted_drift", "pull_queue", "db_command", "demo"),
        *("tour", "hostile", "policy_banner", "login", "decisions", "navigation", "governance", "overview"),
    )
)
"""Files by what they take, the longest first."""


# What the modules of 7,000 tests make stays to the end: looking through it for garbage took a fifth of the collection.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest go first: begun last, one of them would keep its worker when the others are done."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(autouse=True)
def _own_main() -> Iterator[None]:
    """Give ``__main__`` back: Streamlit's AppTest leaves its script there, and a spawned process would run that."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True, scope="session")
def _one_reading_of_certificates() -> Iterator[None]:
    """Each client of httpx reads all authorities anew, 20 ms, though what tests talk to is on loopback, in clear."""
    transports = importlib.import_module("httpx._transports.default")
    read = transports.create_ssl_context

    @functools.cache
    def default() -> Any:
        return read()

    def create(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:
        return default() if verify is True and cert is None and trust_env else read(verify, cert, trust_env)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transports, "create_ssl_context", create)
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_look_at_installed_packages() -> Iterator[None]:
    """Each AppTest reads the metadata of all packages for components of theirs: half a second; none comes meanwhile."""
    if "streamlit.testing.v1" not in sys.modules:
        yield
        return
    scanner = importlib.import_module("streamlit.components.v2.manifest_scanner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "scan_component_manifests", functools.cache(scanner.scan_component_manifests))
        yield
