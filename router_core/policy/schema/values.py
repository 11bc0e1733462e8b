"""What all parts of a policy are made of: the strict base, and values with their bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Amount: TypeAlias = Annotated[Decimal, Field(ge=0, le=1_000_000)]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=3600)]
Location: TypeAlias = Literal["local", "cloud"]
Capability: TypeAlias = Literal["json", "images", "tools"]
BuiltinIntent: TypeAlias = Literal[
    "summarise", "extract", "classify", "translate", "code", "reason", "math", "chat", "creative", "search"
]

Domain: TypeAlias = Literal["general", "code", "finance", "legal", "medical", "science"]
"""What a prompt is about, as far as the domain signal tells."""


class Strict(BaseModel):
    """Base: unknown keys are faults, values do not change after loading."""

    # Built with the first policy that is read, not when this is imported: half of the work is never needed then.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
