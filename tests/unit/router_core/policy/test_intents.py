"""Own intents of a policy, and every place that names an intent."""

from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.policy.loading import parse_policy
from tests.routing import policy

BASE = policy().text
EXAMPLES = 'examples = ["a one", "a two", "a three", "a four", "a five"]'


def faults(text):
    with pytest.raises(PolicyError) as raised:
        parse_policy(BASE + text, Path("test.toml"))
    return [(fault.key, fault.problem, fault.remedy) for fault in raised.value.faults]


def test_an_own_intent_may_be_named_wherever_a_built_in_one_may():
    loaded = parse_policy(
        BASE
        + f"[intents.billing]\n{EXAMPLES}\n"
        + '[routes.chat.intents.billing]\nmax_output_tokens = 50\ncaps = { usd = "0.01" }\n'
        + '[[rules]]\nname = "r"\nany_of = [{ intents = ["billing", "chat"] }]\n'
        + 'then = { kind = "exclude", models = ["huge"] }\n'
        + '[tools.sums]\nkind = "calculator"\nintents = ["billing", "math"]\n',
        Path("test.toml"),
    )
    assert loaded.policy.intents["billing"].min_confidence == 0.5
    override = loaded.policy.routes["chat"].intents["billing"]
    assert override.caps is not None and str(override.caps.usd) == "0.01"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[routes.chat.intents.biling]\nmax_output_tokens = 50", "routes.chat.intents.biling"),
        (
            '[[rules]]\nname = "r"\nany_of = [{ intents = ["biling"] }]\nthen = { kind = "deny", message = "x" }',
            "rules.0.any_of.0.intents",
        ),
        ('[tools.sums]\nkind = "calculator"\nintents = ["biling"]', "tools.sums.intents"),
    ],
)
def test_an_intent_that_nobody_knows_is_a_fault_that_names_the_nearest(text, key):
    assert faults(f"[intents.billing]\n{EXAMPLES}\n{text}") == [
        (key, "there is no intent 'biling'", "did you mean 'billing'?")
    ]


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        (f"[intents.chat]\n{EXAMPLES}", "intents.chat", "the intent 'chat' is built in"),
        (f'[intents."Big Bills"]\n{EXAMPLES}', "intents.Big Bills", "'Big Bills' is no name for an intent"),
        ('[intents.a]\nexamples = ["x"]', "intents.a.examples", "it has too few entries"),
        (
            '[intents.a]\nexamples = ["a one", "A  ONE", "b", "c", "d"]',
            "intents.a.examples",
            "'A  ONE' is an example of 'a' already",
        ),
        (
            f'[intents.a]\n{EXAMPLES}\n[intents.b]\nexamples = ["a two", "x", "y", "z", "w"]',
            "intents.b.examples",
            "'a two' is an example of 'a' already",
        ),
        ('[intents.a]\nexamples = ["?", "b", "c", "d", "e"]', "intents.a.examples", "'?' holds no word"),
    ],
)
def test_an_own_intent_that_could_not_be_told_is_a_fault(text, key, problem):
    assert [(place, found) for place, found, _ in faults(text)] == [(key, problem)]
