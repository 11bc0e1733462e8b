"""From a TOML file to a policy that is known to be sound: every fault at once, each with place and remedy."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from router_core.errors import Fault, PolicyError
from router_core.policy.schema import Policy, Strict

MAX_POLICY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A sound policy, and what names it."""

    policy: Policy
    version: str
    """First 12 hex digits of the SHA-256 of its content; comments and layout do not count."""
    text: str
    path: Path

    @property
    def folder(self) -> Path:
        """What relative paths in the policy are relative to."""
        return self.path.parent

    def place_of(self, *key: str | int) -> str:
        """``FILE:LINE`` of a key, or of what stands around it; the file alone when nothing of it is there."""
        return _place(self.path, _Lines(self.text).of(key))


def load_policy(path: Path) -> LoadedPolicy:
    """Read and check a policy file.

    Raises:
        PolicyError: with all faults, in file order.
    """
    try:
        if path.stat().st_size > MAX_POLICY_BYTES:
            raise _single(path, "file", "it is larger than 4 MiB", "a policy is a few kilobytes: name the right file")
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows begin files with a byte order mark
    except FileNotFoundError:
        raise _single(
            path, "file", "there is no such file", "give the path of a policy, as policies/local.toml"
        ) from None
    except UnicodeDecodeError as error:
        raise _single(path, f"byte {error.start}", "it is not UTF-8 text", "save the file as UTF-8") from None
    except OSError as error:
        raise _single(path, "file", f"it cannot be read ({error.strerror})", "check its permissions") from None
    return parse_policy(text, path)


def parse_policy(text: str, path: Path) -> LoadedPolicy:
    """Check a policy's text; ``path`` names it in faults and anchors relative paths.

    Raises:
        PolicyError: with all faults, in file order.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _single(path, "syntax", f"it is not valid TOML: {error}", "mend that line") from None
    except RecursionError:
        raise _single(path, "syntax", "it is nested too deeply", "a policy needs no more than five levels") from None
    from router_core.policy.crosscheck import crosscheck

    lines = _Lines(text)
    policy, faults = _validate(data, path, lines)
    faults += [
        Fault(_place(path, lines.of(key)), ".".join(map(str, key)), problem, remedy)
        for key, problem, remedy in crosscheck(data)
    ]
    if faults or policy is None:
        raise PolicyError(sorted(set(faults), key=lambda fault: (_line_number(fault.file), fault.key)))
    return LoadedPolicy(policy, content_version(data, path.parent), text, path)


def content_version(data: Mapping[str, Any], folder: Path | None = None) -> str:
    """The version of a parsed policy: the same for two files that say the same.

    The rubrics that it keeps in files, relative to ``folder``, count as if they stood in it.
    """
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    digest = hashlib.sha256(canonical.encode())
    for rubric in [] if folder is None else _rubrics(data, folder):
        digest.update(hashlib.sha256(rubric).digest())
    return digest.hexdigest()[:12]


def _rubrics(data: Mapping[str, Any], folder: Path) -> Iterator[bytes]:
    """The contents of rubric files, by the validators' names. Who makes the validators says which cannot be read."""
    for _, validator in sorted(data.get("validators", {}).items()):
        if (file := validator.get("rubric_file")) is not None:
            try:
                yield (folder / file).read_bytes()
            except OSError:
                yield b""


def _validate(data: dict[str, Any], path: Path, lines: _Lines) -> tuple[Policy | None, list[Fault]]:
    try:
        return Policy.model_validate(data), []
    except ValidationError as error:
        faults = []
        details = error.errors(include_url=False)
        for detail in details:
            below = [other for other in details if other["loc"][:-1][: len(detail["loc"])] == detail["loc"]]
            if detail["type"] == "too_short" and below:
                continue  # a list whose only entries are faulty counts as empty as well
            key = _toml_key(detail["loc"], data)
            problem, remedy = _in_words(detail)
            faults.append(Fault(_place(path, lines.of(key)), ".".join(map(str, key)) or "file", problem, remedy))
        return None, faults


def _toml_key(location: Sequence[str | int], data: Any) -> tuple[str | int, ...]:
    """Pydantic's location without the tags of unions, which stand in no file."""
    key: list[str | int] = []
    here = data
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if isinstance(here, Mapping):
            if part in here:
                here = here[part]
            elif not last or part in _TAGS:
                continue
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif not last or part == "[key]":
            continue
        key.append(part)
    return tuple(key)


def _tags(entry: type[Strict] = Strict) -> set[str]:
    """The kinds of all entries: pydantic puts the kind it matched into a location."""
    own = entry.model_fields.get("kind")
    tags = set() if own is None else set(get_args(own.annotation))
    return tags.union(*(_tags(below) for below in entry.__subclasses__()))


_TAGS = {*_tags(), "[key]"}


def _in_words(detail: Any) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    given = _short(detail.get("input"))
    match kind:
        case "missing":
            return "it is missing", "add it"
        case "extra_forbidden":
            return "there is no such key", "remove it, or check its spelling against docs/policy.md"
        case "union_tag_invalid":
            return f"kind {context.get('tag')!r} is unknown", f"use one of {context.get('expected_tags')}"
        case "union_tag_not_found":
            return "it has no kind", "add kind = ..."
        case "literal_error":
            return f"{given} is not possible here", f"use {context.get('expected')}"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            word = {"greater_than_equal": "at least", "greater_than": "above"}
            word |= {"less_than_equal": "at most", "less_than": "below"}
            bound = next(iter(context.values()))
            return f"{given} is out of range", f"give a value {word[kind]} {bound}"
        case "at_odds":
            return context["problem"], context["remedy"]
        case "too_short" if (least := context.get("min_length", 1)) > 1:
            return "it has too few entries", f"give at least {least}"
        case "too_short":
            return "it is empty", "give at least one entry"
        case _:
            return f"{given} does not fit: {detail['msg'].lower()}", "correct the value"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _single(path: Path, key: str, problem: str, remedy: str) -> PolicyError:
    return PolicyError([Fault(str(path), key, problem, remedy)])


def _place(path: Path, line: int | None) -> str:
    return str(path) if line is None else f"{path}:{line}"


def _line_number(file: str) -> int:
    _, _, tail = file.rpartition(":")
    return int(tail) if tail.isdigit() else 0


class _Lines:
    """Finds the line of a key: the last table header that leads to it, then the key itself below that header.

    tomllib keeps no positions. For a key that no line shows (a missing one), its nearest parent is named.
    """

    _HEADER = re.compile(r"^\s*(\[\[?)\s*(?P<name>[^\]]+?)\s*\]\]?\s*(#.*)?$")
    _KEY = re.compile(r"^\s*(?P<name>[A-Za-z0-9_\-\"'.]+)\s*=")

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str | int, ...], int] = {}
        arrays: dict[str, int] = {}
        table: tuple[str | int, ...] = ()
        for number, line in enumerate(text.splitlines(), start=1):
            if header := self._HEADER.match(line):
                names = _split(header["name"])
                if header[1] == "[[":
                    arrays[header["name"]] = arrays.get(header["name"], -1) + 1
                table = self._indexed(names, arrays)
                self._found.setdefault(table, number)
            elif key := self._KEY.match(line):
                self._found.setdefault((*table, *_split(key["name"])), number)

    @staticmethod
    def _indexed(names: Sequence[str], arrays: Mapping[str, int]) -> tuple[str | int, ...]:
        path: list[str | int] = []
        for depth, name in enumerate(names, start=1):
            path.append(name)
            prefix = ".".join(names[:depth])
            if prefix in arrays:
                path.append(arrays[prefix])
        return tuple(path)

    def of(self, key: tuple[str | int, ...]) -> int | None:
        for length in range(len(key), 0, -1):
            if key[:length] in self._found:
                return self._found[key[:length]]
        return None


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', dotted))
