"""Validators come from a policy's entries."""

from router_core.policy.schema import AgreementValidator, LengthValidator, RefusalValidator, SchemaValidator
from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.build import build_validators

ENTRIES = {
    "no_refusal": RefusalValidator(kind="refusal", threshold=0.4),
    "short": LengthValidator(kind="length", max_words=2),
    "json": SchemaValidator(kind="schema", json_schema={"type": "integer"}),
    "agree": AgreementValidator(kind="agreement", probes=("tiny",), extract="number"),
}


def test_each_entry_becomes_a_validator_with_its_name_threshold_and_probes():
    built = build_validators(ENTRIES)
    assert [(v.name, v.threshold, v.probes) for v in built.values()] == [
        ("no_refusal", 0.4, ()),
        ("short", 0.5, ()),
        ("json", 1.0, ()),
        ("agree", 0.5, ("tiny",)),
    ]


def test_their_settings_take_effect():
    built, request = build_validators(ENTRIES), RouteRequest.from_prompt("How many?")
    answer, sibling = CompleteAnswer("1 2 3", "stop", "small"), CompleteAnswer("3", "stop", "tiny")
    assert built["short"].score(answer, (), request).value < 1
    assert built["json"].score(CompleteAnswer('"x"', "stop", "small"), (), request).value == 0
    assert built["agree"].score(answer, (sibling,), request).value == 1
