"""Validators made from a policy's entries. Each kind is imported with the first entry that names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from router_core.errors import Fault, PolicyError
from router_core.policy import schema
from router_core.policy.entry_points import VALIDATORS, UnusableEntryPoint, load

if TYPE_CHECKING:
    from router_core.validators.base import Validator


def build_validators(entries: Mapping[str, schema.ValidatorEntry], base: Path) -> dict[str, Validator]:
    """The validators by their names in the policy.

    Args:
        entries: the policy's ``validators``.
        base: the folder of the policy file, from which rubric files are read.

    Raises:
        PolicyError: with the faults of all validators that cannot be made.
    """
    validators: dict[str, Validator] = {}
    faults: list[Fault] = []
    for name, entry in entries.items():
        try:
            validators[name] = _build(name, entry, base)
        except PolicyError as error:
            faults.extend(error.faults)
    if faults:
        raise PolicyError(faults)
    return validators


def _build(name: str, entry: schema.ValidatorEntry, base: Path) -> Validator:
    match entry:
        case schema.RefusalValidator():
            from router_core.validators.refusal import Refusal

            return Refusal(name, entry.threshold)
        case schema.LengthValidator():
            from router_core.validators.length import Length

            return Length(
                name,
                entry.threshold,
                min_words=entry.min_words,
                max_words=entry.max_words,
                max_ratio=entry.max_ratio,
            )
        case schema.TruncationValidator():
            from router_core.validators.truncation import Truncation

            return Truncation(name, entry.threshold)
        case schema.SchemaValidator():
            from router_core.validators.schema import Schema

            return Schema(name, entry.threshold, entry.json_schema)
        case schema.RegexValidator(must_match=wanted, must_not_match=unwanted, ignore_case=fold):
            from router_core.validators.pattern import Regex

            return Regex(name, entry.threshold, must_match=wanted, must_not_match=unwanted, ignore_case=fold)
        case schema.ContainsValidator(must_contain=wanted, must_not_contain=unwanted, ignore_case=fold):
            from router_core.validators.pattern import Contains

            return Contains(name, entry.threshold, must_contain=wanted, must_not_contain=unwanted, ignore_case=fold)
        case schema.LanguageValidator():
            from router_core.validators.language import Language

            return Language(name, entry.threshold, entry.language)
        case schema.LogprobValidator():
            from router_core.validators.logprob import Logprob

            return Logprob(name, entry.threshold, passes_unknown=entry.on_unknown == "pass")
        case schema.AgreementValidator():
            from router_core.validators.agreement import Agreement

            return Agreement(name, entry.threshold, entry.probes, entry.extract)
        case schema.SelfConsistencyValidator():
            from router_core.validators.self_consistency import SelfConsistency

            return SelfConsistency(name, entry.threshold, entry.samples, entry.temperature, entry.extract)
        case schema.JudgeValidator():
            return _judge(name, entry, base)
        case schema.CustomValidator():
            return _custom(name, entry)


def _judge(name: str, entry: schema.JudgeValidator, base: Path) -> Validator:
    from router_core.validators.judge import Judge

    rubric = entry.rubric or ""
    if entry.rubric_file is not None:
        path = base / entry.rubric_file
        try:
            rubric = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            remedy = "correct the path (it is relative to the policy file)"
            raise _fault(str(path), f"{name}.rubric_file", f"it cannot be read ({why})", remedy) from None
    if not rubric.strip():
        raise _fault("policy", f"{name}.rubric", "it is empty", "say in plain words what makes an answer good")
    return Judge(
        name,
        entry.threshold,
        entry.model,
        rubric,
        passes_unknown=entry.on_error == "pass",
        max_output_tokens=entry.max_output_tokens,
    )


def _custom(name: str, entry: schema.CustomValidator) -> Validator:
    from router_core.validators.custom import Custom

    try:
        function = load(VALIDATORS, entry.name)
    except UnusableEntryPoint as error:
        raise _fault("policy", f"{name}.name", str(error), error.remedy) from error
    return Custom(name, entry.threshold, function, entry.settings, entry.timeout_s)


def _fault(file: str, key: str, problem: str, remedy: str) -> PolicyError:
    return PolicyError([Fault(file, f"validators.{key}", problem, remedy)])
