"""Rules answer what they recognise, in the prompt's language, and show nothing of it as markup."""

from router_core.policy.schema import RulesTool
from router_core.request import RouteRequest
from router_core.signals.read import read_signals
from router_core.tools.rules import Rules


def rules(*answers, **fields):
    return Rules("faq", RulesTool.model_validate({"kind": "rules", "answers": answers, **fields}))


async def ask(tool, prompt):
    request = RouteRequest.from_prompt(prompt)
    return await tool.resolve(request, read_signals(request))


HOURS = {
    "name": "hours",
    "keywords": ["opening hours", "when open", "öffnungszeiten", "wann geöffnet"],
    "answer": "We are open from 9 to 5.",
    "translations": {"de": "Wir haben von 9 bis 17 Uhr geöffnet."},
    "source": "https://example.com/hours",
}
TRACKING = {"name": "tracking", "pattern": r"parcel (?P<number>\S+)", "answer": "Parcel {number} is on its way."}


async def test_a_canned_answer_comes_with_its_source():
    found = await ask(rules(HOURS), "What are your opening hours?")
    assert found is not None
    assert found.text == "We are open from 9 to 5.\n\nSource: https://example.com/hours"
    assert found.citations == ("https://example.com/hours",)
    assert found.confidence == 1.0


async def test_a_german_question_has_a_german_answer():
    found = await ask(rules(HOURS), "Wann haben Sie denn geöffnet, und wie lange?")
    assert found is not None
    assert found.text.startswith("Wir haben von 9 bis 17 Uhr geöffnet.")


async def test_what_the_pattern_found_stands_in_the_answer_as_plain_text():
    found = await ask(rules(TRACKING), "Where is parcel <b>X_1</b>?")
    assert found is not None
    assert found.text == "Parcel &lt;b&gt;X\\_1&lt;/b&gt;? is on its way."


async def test_a_plain_answer_is_not_escaped():
    found = await ask(rules(TRACKING, format="plain"), "Where is parcel X_1")
    assert found is not None
    assert found.text == "Parcel X_1 is on its way."


async def test_a_rule_whose_answer_needs_a_group_that_took_no_part_says_nothing():
    tool = rules({"name": "n", "pattern": r"parcel( (?P<number>\d+))?", "answer": "{number}"})
    assert await ask(tool, "Where is my parcel?") is None
    assert await ask(tool, "Where is my parcel 3?") is not None


async def test_the_surest_rule_answers_and_of_equals_the_first():
    first = {"name": "first", "keywords": ["parcel"], "answer": "1"}
    second = {"name": "second", "keywords": ["lost parcel"], "answer": "2"}
    third = {"name": "third", "keywords": ["lost parcel"], "answer": "3"}
    found = await ask(rules(first, second, third), "My parcel is lost")
    assert found is not None
    assert (found.text, found.reason) == ("2", "Rule second: The keywords cover 2 of the prompt's 2 content words.")


async def test_a_prompt_that_no_rule_knows_is_left_to_others():
    assert await ask(rules(HOURS, TRACKING), "Write a poem about the sea") is None
