"""Writes what can be read off the types: docs/decision.schema.json, docs/openapi.json, the reference in docs/policy.md.

    python docs/generate.py [--check]

With ``--check`` nothing is written; stale files are named and the exit code is 1.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.gateway import description
from router_core import result
from router_core.policy import schema

DOCS = Path(__file__).resolve().parent
SCHEMA_FILE = DOCS / "decision.schema.json"
OPENAPI_FILE = DOCS / "openapi.json"
POLICY_FILE = DOCS / "policy.md"
MARK = "<!-- From here on written by docs/generate.py from router_core/policy/schema: do not edit. -->"

SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("Top level", schema.Policy),
    ("[models.NAME]", schema.Model),
    ("[[models.NAME.deployments]]", schema.Deployment),
    ('provider, kind = "local"', schema.LocalProvider),
    ('provider, kind = "openai"', schema.OpenAIProvider),
    ('provider, kind = "litellm"', schema.LiteLLMProvider),
    ('provider, kind = "scripted"', schema.ScriptedProvider),
    ('price, kind = "tokens"', schema.TokensPriceEntry),
    ('price, kind = "compute"', schema.ComputePriceEntry),
    ('price, kind = "catalog"', schema.CatalogPriceEntry),
    ("[intents.NAME]", schema.IntentEntry),
    ('[tools.NAME], kind = "calculator"', schema.CalculatorTool),
    ('[tools.NAME], kind = "search"', schema.SearchTool),
    ('[tools.NAME], kind = "rules"', schema.RulesTool),
    ("[[tools.NAME.answers]]", schema.AnswerRule),
    ('[tools.NAME], kind = "sql"', schema.SqlTool),
    ("[[tools.NAME.queries]]", schema.SqlQuery),
    ('[tools.NAME], kind = "custom"', schema.CustomTool),
    ('[validators.NAME], kind = "refusal"', schema.RefusalValidator),
    ('[validators.NAME], kind = "length"', schema.LengthValidator),
    ('[validators.NAME], kind = "truncation"', schema.TruncationValidator),
    ('[validators.NAME], kind = "schema"', schema.SchemaValidator),
    ('[validators.NAME], kind = "regex"', schema.RegexValidator),
    ('[validators.NAME], kind = "contains"', schema.ContainsValidator),
    ('[validators.NAME], kind = "language"', schema.LanguageValidator),
    ('[validators.NAME], kind = "logprob"', schema.LogprobValidator),
    ('[validators.NAME], kind = "agreement"', schema.AgreementValidator),
    ('[validators.NAME], kind = "self_consistency"', schema.SelfConsistencyValidator),
    ('[validators.NAME], kind = "judge"', schema.JudgeValidator),
    ('[validators.NAME], kind = "custom"', schema.CustomValidator),
    ("[[rules]]", schema.Rule),
    ("[[rules.any_of]], a condition", schema.Condition),
    ('then, kind = "deny"', schema.Deny),
    ('then, kind = "require"', schema.Require),
    ('then, kind = "exclude"', schema.Exclude),
    ('then, kind = "raise"', schema.Raise),
    ('then, kind = "redact"', schema.Redact),
    ('then, kind = "route_to"', schema.RouteTo),
    ("[routes.NAME]", schema.Route),
    ("[routes.NAME.sticky]", schema.StickyEntry),
    ("[routes.NAME.cache]", schema.CacheEntry),
    ('strategy, kind = "cascade"', schema.CascadeStrategy),
    ('strategy, kind = "intent"', schema.IntentStrategy),
    ('strategy, kind = "cost"', schema.CostStrategy),
    ('strategy, kind = "latency"', schema.LatencyStrategy),
    ('strategy, kind = "weighted"', schema.WeightedStrategy),
    ('strategy, kind = "custom"', schema.CustomStrategy),
    ('combine, kind = "all"', schema.AllCombination),
    ('combine, kind = "weighted"', schema.WeightedCombination),
    ("[routes.NAME.caps]", schema.Caps),
    ("[routes.NAME.intents.INTENT]", schema.IntentOverride),
    ("[[budgets]]", schema.Budget),
    ("[resilience]", schema.ResilienceEntry),
    ("[resilience.breaker]", schema.BreakerEntry),
    ("[resilience.retry]", schema.RetryEntry),
    ("[resilience.outlier]", schema.OutlierEntry),
    ("[state]", schema.StateEntry),
    ("[telemetry]", schema.TelemetryEntry),
    ("[telemetry.otlp]", schema.CollectorEntry),
    ("[evaluation]", schema.EvaluationEntry),
    ('[evaluation.evaluators.NAME], kind = "judge"', schema.JudgeEvaluator),
    ('[evaluation.evaluators.NAME], kind = "reference"', schema.ReferenceEvaluator),
    ('[evaluation.evaluators.NAME], kind = "rules"', schema.RulesEvaluator),
    ("[evaluation.routes.NAME]", schema.RouteEvaluation),
    ("[evaluation.routes.NAME.shadow]", schema.ShadowEntry),
    ("[[alerts]]", schema.AlertEntry),
    ("[alerting]", schema.AlertingEntry),
    ('[alerting.channels.NAME], kind = "webhook"', schema.WebhookChannel),
    ('[alerting.channels.NAME], kind = "email"', schema.EmailChannel),
)
"""Every class of the schema with its place in a policy file, in reading order."""


def gateway_description() -> str:
    """What the gateway answers at /openapi.json."""
    return json.dumps(description.document(), indent=2, ensure_ascii=False) + "\n"


def decision_schema() -> str:
    """The JSON schema of a decision, as text."""
    strict = ConfigDict(use_attribute_docstrings=True, extra="forbid", json_schema_serialization_defaults_required=True)
    for name in vars(result):
        kind = getattr(result, name)
        if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == result.__name__:
            kind.__pydantic_config__ = strict  # type: ignore[attr-defined]  # the only way in for a plain dataclass
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeAdapter(result.Decision).json_schema(mode="serialization"),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def policy_reference() -> str:
    """The reference part of docs/policy.md, from its mark to the end."""
    return "\n".join([MARK, "", "## Reference", "", *(line for section in SECTIONS for line in _section(*section))])


def policy_page() -> str:
    """docs/policy.md with its reference as it should be; what stands before the mark is written by hand."""
    by_hand, _, _ = POLICY_FILE.read_text(encoding="utf-8").partition(MARK)
    return by_hand + policy_reference()


def _section(title: str, entry: type[BaseModel]) -> Iterator[str]:
    yield f"### `{title}`"
    yield ""
    yield (entry.__doc__ or "").strip()
    yield ""
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    said = meanings(entry)
    for name, field in entry.model_fields.items():
        meaning = " ".join(said.get(name, "").split()).replace("|", "\\|")
        if name == "kind":
            meaning = "Says which entry this is."
        yield f"| `{name}` | {_type(_whole(field))} | {_default(field)} | {meaning} |"
    yield ""


def meanings(entry: type[BaseModel]) -> dict[str, str]:
    """What the text below each key of a class says, inherited keys included.

    pydantic could read it too (``use_attribute_docstrings``), but would parse the schema's source in every process that
    imports it: half of that import's time.
    """
    said: dict[str, str] = {}
    for kind in reversed(entry.__mro__):
        if not kind.__module__.startswith(schema.__name__):
            continue
        (definition,) = ast.parse(inspect.getsource(kind)).body
        assert isinstance(definition, ast.ClassDef)
        for key, text in pairwise(definition.body):
            match key, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                    said[name] = inspect.cleandoc(meaning)
    return said


def _whole(field: FieldInfo) -> Any:
    """A field's annotation together with its bounds, which pydantic keeps apart."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    assert default is not PydanticUndefined
    if default is None:
        return "none"
    if isinstance(default, BaseModel):
        return "its own defaults"
    if isinstance(default, frozenset | tuple):
        return "`[]`" if not default else f"`{json.dumps(list(default))}`"
    return f"`{json.dumps(float(default) if isinstance(default, Decimal) else default)}`"


def _type(annotation: Any, bounds: tuple[Any, ...] = ()) -> str:
    """A type in a policy writer's words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0], tuple(_flat(arguments[1:])))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type(part) for part in arguments if part is not NoneType))
    if origin is Literal:
        return ", ".join(f"`{json.dumps(value)}`" for value in arguments)
    if origin in (tuple, frozenset):
        least = next((bound.min_length for bound in bounds if isinstance(bound, MinLen)), 0)
        return f"list of {_type(arguments[0])}" + (f", at least {least}" if least else "")
    if origin is dict:
        return f"table of {_type(arguments[1])} by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        title = next(title for title, entry in SECTIONS if entry is annotation)
        return f"`{title.partition(',')[0]}`"
    names = {str: "text", bool: "`true` or `false`", int: "whole number", float: "number", Decimal: "amount"}
    return names.get(annotation, "any value") + _range(bounds)


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """Bounds that stand by themselves, and those inside a ``Field(...)``."""
    for item in metadata:
        yield from item.metadata if isinstance(item, FieldInfo) else (item,)


def _range(bounds: tuple[Any, ...]) -> str:
    words = []
    for bound in bounds:
        match bound:
            case Ge(ge=least):
                words.append(f"from {least:,}")
            case Gt(gt=least):
                words.append(f"above {least:,}")
            case Le(le=most):
                words.append(f"to {most:,}")
    return "".join(f" {word}" for word in words)


def main() -> int:
    """Write or check the files; the exit code."""
    wanted = {SCHEMA_FILE: decision_schema(), OPENAPI_FILE: gateway_description(), POLICY_FILE: policy_page()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is stale; run python docs/generate.py", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
        print(f"wrote {path.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
