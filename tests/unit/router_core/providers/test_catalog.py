"""The catalogue of local models is whole and can be asked by name."""

from __future__ import annotations

import re

import pytest

from router_core.errors import ModelFileError
from router_core.providers.catalog import CATALOG, HubFile, Wheels, find


def test_every_file_has_a_hash_a_licence_a_hub_and_a_mirror() -> None:
    for entry in CATALOG:
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert entry.licence == "Apache-2.0"
        assert [type(source) for source in entry.sources] == [HubFile, Wheels]
        assert entry.memory_bytes > entry.bytes


def test_the_files_stand_from_the_smallest_to_the_largest() -> None:
    assert [entry.bytes for entry in CATALOG] == sorted(entry.bytes for entry in CATALOG)


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelFileError, match=r"no local model 'smollm-135m'; did you mean 'smollm2-135m'\?"):
        find("smollm-135m")


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(ModelFileError, match=r"known are smollm2-135m, qwen2\.5-coder-1\.5b"):
        find("zzz")
