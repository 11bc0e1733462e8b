"""A file of canary prompts: TOML with its settings, or JSONL with nothing but prompts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app import plain
from app.settings import Settings, shipped
from router_core.errors import RouteScopeError

NAME: Final = "canary.toml"
"""In the home folder; once it is there, the jobs worker sends it every week."""
MAX_BYTES: Final = 1_000_000
MIN_CALLS: Final = 50
"""Of a model in a week; with fewer, no drift can be told from chance."""


class CanaryError(RouteScopeError):
    """The file cannot be read, or does not say what it may."""

    code = "canary_file"


class _Prompt(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=64)]
    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    system: str | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    repeats: Annotated[int, Field(ge=1, le=50)] = 3
    models: tuple[str, ...] = ()
    max_output_tokens: Annotated[int, Field(ge=1, le=100_000)] = 200
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    prompts: Annotated[tuple[_Prompt, ...], Field(min_length=1, max_length=1_000)]


@dataclass(frozen=True, slots=True)
class CanaryPrompt:
    """One prompt."""

    name: str
    text: str
    system: str | None = None


@dataclass(frozen=True, slots=True)
class CanarySet:
    """What is sent to each model in a week."""

    prompts: tuple[CanaryPrompt, ...]
    repeats: int = 3
    """How often each prompt is sent."""
    models: tuple[str, ...] = ()
    """The only models; empty for all that the gateway has."""
    max_output_tokens: int = 200
    temperature: float | None = None

    def calls(self) -> list[CanaryPrompt]:
        """A model's week, in the order in which it is sent: all prompts once, then again."""
        return [prompt for _ in range(self.repeats) for prompt in self.prompts]

    @property
    def enough(self) -> bool:
        """Whether a week has enough calls for any test."""
        return len(self.prompts) * self.repeats >= MIN_CALLS


def file_of(settings: Settings) -> Path:
    """Where the jobs worker looks."""
    return settings.home / NAME


def example() -> Path:
    """The file that comes with the product."""
    return shipped("policies") / "canary" / "prompts.toml"


def read_set(path: Path) -> CanarySet:
    """Read a file.

    Raises:
        CanaryError: with the place of the fault, in one sentence.
    """
    where = plain.visible(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CanaryError(f"{where}: it cannot be read ({(error.strerror or 'refused').lower()})") from None
    if len(raw) > MAX_BYTES:
        raise CanaryError(f"{where}: it has {len(raw):,} bytes; at most {MAX_BYTES:,} are taken")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CanaryError(f"{where}: byte {error.start} is no UTF-8") from None
    values = _jsonl(where, text) if path.suffix.lower() == ".jsonl" else _toml(where, text)
    try:
        read = _File.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CanaryError(f"{where}: {place[:200] or 'the file'}: {first['msg'].lower()}") from None
    twice = _twice(prompt.name for prompt in read.prompts)
    if twice is not None:
        raise CanaryError(f"{where}: two prompts have the name {plain.visible(twice, 64)!r}; names tell them apart")
    prompts = tuple(CanaryPrompt(prompt.name, prompt.text, prompt.system) for prompt in read.prompts)
    return CanarySet(prompts, read.repeats, read.models, read.max_output_tokens, read.temperature)


def _toml(where: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CanaryError(f"{where}: no TOML ({str(error)[:200]})") from None


def _jsonl(where: str, text: str) -> dict[str, Any]:
    prompts = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            prompts.append(json.loads(line))
        except (ValueError, RecursionError):
            raise CanaryError(
                f'{where}: line {number} is no JSON; write it as {{"name": "a", "text": "..."}}'
            ) from None
    return {"prompts": prompts}


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
