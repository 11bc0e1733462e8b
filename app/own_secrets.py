"""What may never be kept: anything that looks like a key, and the keys of this very process, however they look."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from router_core.redaction import redact_secrets

SHORTEST: Final = 8
LONGEST_WORD: Final = 19
"""Characters. What is shorter, or a plain word, would be found inside ordinary sentences."""
PLACE: Final = "[key]"
_NAMES: Final = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)S?$", re.IGNORECASE)


def key_redactor(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A function that takes keys, tokens and passwords out of a text.

    An upstream that echoes the key it was sent need not send one that looks like a key: values of environment variables
    named as keys are known by their letters.
    """
    named = (value.strip() for name, value in environ.items() if _NAMES.search(name))
    # The longest first: one key may be the beginning of another.
    own = sorted({value for value in named if _unlike_a_word(value)}, key=len, reverse=True)

    def redact(text: str) -> str:
        for value in own:
            if value in text:
                text = text.replace(value, PLACE)
        return redact_secrets(text)

    return redact


def _unlike_a_word(value: str) -> bool:
    """Whether it can be taken out wherever it stands: a password ``postgres`` cannot."""
    return len(value) > LONGEST_WORD or (len(value) >= SHORTEST and not value.isalpha())
