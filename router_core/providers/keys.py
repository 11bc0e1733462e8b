"""Provider keys: which environment variable holds one, and how none ever gets into a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

KEY_VARIABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "openai": ("OPENAI_API_KEY",),
        "anthropic": ("ANTHROPIC_API_KEY",),
        "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "mistral": ("MISTRAL_API_KEY",),
        "groq": ("GROQ_API_KEY",),
        "openrouter": ("OPENROUTER_API_KEY",),
        "deepseek": ("DEEPSEEK_API_KEY",),
        "xai": ("XAI_API_KEY",),
        "cohere": ("COHERE_API_KEY",),
        "together_ai": ("TOGETHERAI_API_KEY",),
        "perplexity": ("PERPLEXITYAI_API_KEY",),
        "ollama": (),
        "ollama_chat": (),
    }
)
"""litellm's name of a provider -> the variables that may hold its key, the usual one first; none needs no key."""

_KEY_LIKE = re.compile(
    r"""(?xi)
    \b(?:sk|pk|rk|gsk|xai|key)-[A-Za-z0-9_*.\-]{8,}      # OpenAI, Anthropic, OpenRouter, Groq, xAI; masked ones too
    | \bgsk_[A-Za-z0-9_*]{8,}
    | \bAIza[A-Za-z0-9_\-]{10,}                          # Google
    | (?<=bearer\s)[^\s"',;]{8,}
    | (?<=[?&]key=)[^\s"'&]{6,}
    """
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Key:
    """A provider's key, or why there is none. Never shown: ``repr`` leaves the value out."""

    value: str | None
    missing: str = ""
    """The sentence that says which variable is not set; empty when nothing is missing."""

    def __repr__(self) -> str:
        return f"Key({'set' if self.value else 'none'}, missing={self.missing!r})"


NO_KEY = Key(None)


def find_key(variables: tuple[str, ...], environ: Mapping[str, str]) -> Key:
    """The first of ``variables`` that is set and not blank. No variables: no key is needed."""
    for variable in variables:
        value = environ.get(variable, "").strip()
        if value:
            return Key(value)
    if not variables:
        return NO_KEY
    return Key(None, f"environment variable {' or '.join(variables)} is not set")


def redact(text: str, secrets: Iterable[str | None] = (), *, limit: int = 300) -> str:
    """One line of at most ``limit`` characters in which neither the secrets nor anything like a key is left."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[key]")
    line = " ".join(_CONTROL.sub(" ", _KEY_LIKE.sub("[key]", text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
