"""Expected answers: a JSONL file of prompts, or hashes of prompts, each with what a right answer says."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from router_core.errors import Fault, PolicyError
from router_core.validators.extract import Wanted, extract

MAX_BYTES: Final = 64 * 1024 * 1024
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FORM: Final = 'write {"prompt": "...", "expected": "..."} on each line'


@dataclass(frozen=True, slots=True)
class References:
    """What is expected, by the hash of the prompt."""

    by_prompt: Mapping[str, tuple[str, ...]]
    version: str
    """First 12 hex digits of the hash of the file."""

    def expected(self, prompt_sha256: str) -> tuple[str, ...] | None:
        """The answers of which one is enough; None for a prompt that is not known."""
        return self.by_prompt.get(prompt_sha256)


def read_references(path: Path, key: str, wanted: Wanted) -> References:
    """The references in a file.

    Args:
        key: where the policy names the file, for the fault.
        wanted: what is compared; an expected answer has to hold it.

    Raises:
        PolicyError: the file cannot be read, or a line is no reference; the fault names the first such line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _fault(path, key, "it is larger than 64 MiB", "keep the references that are asked for")
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _fault(path, key, "it is not UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        remedy = "correct the path (it is relative to the policy file)"
        raise _fault(path, key, f"it cannot be read ({error.strerror})", remedy) from None
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            prompt, expected = _reference(line, f"{path}:{number}", key, wanted)
            found[prompt] = (*found.get(prompt, ()), *expected)
    if not found:
        raise _fault(path, key, "it holds no reference", _FORM)
    return References(found, hashlib.sha256(raw).hexdigest()[:12])


def _reference(line: str, place: str, key: str, wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise _fault(place, key, "the line is not JSON", _FORM) from None
    if not isinstance(value, dict):
        raise _fault(place, key, "the line is not an object", _FORM)
    expected = _texts(value.get("expected"))
    if not expected:
        raise _fault(place, key, "expected is missing, or is neither text nor a list of texts", _FORM)
    for one in expected:
        if extract(one, wanted) is None:
            raise _fault(place, key, f"the expected answer holds no {wanted}", "correct it, or the evaluator's extract")
    return _hash(value, place, key), expected


def _hash(value: Mapping[str, Any], place: str, key: str) -> str:
    prompt, known = value.get("prompt"), value.get("prompt_sha256")
    if isinstance(prompt, str) and known is None:
        return hashlib.sha256(prompt.strip().encode("utf-8", "replace")).hexdigest()
    if isinstance(known, str) and prompt is None and _HASH.fullmatch(known.lower()):
        return known.lower()
    raise _fault(place, key, "it needs either a prompt, or a prompt_sha256 of 64 hex digits", _FORM)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ()
    if isinstance(value, str | int | float):
        return (str(value),)
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return tuple(value)
    return ()


def _fault(place: Path | str, key: str, problem: str, remedy: str) -> PolicyError:
    return PolicyError([Fault(str(place), key, problem, remedy)])
