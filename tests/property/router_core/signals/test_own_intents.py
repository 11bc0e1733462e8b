"""Whatever a prompt is, it has an intent that is known, with a confidence that is one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.signals.examples import read_examples
from router_core.signals.intent import INTENTS, classify_intent
from router_core.signals.own_evaluation import KEYWORDS, example_intents

OWN = example_intents(KEYWORDS)
WORDS = sorted({word for _, text in read_examples("own_intents.tsv") for word in text.split()})
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from([*WORDS, "\n", "\ud800", "cancel*", "漢字", "🦆"]), max_size=60).map(" ".join),
)


@given(TEXTS)
@settings(deadline=None, max_examples=200)
def test_a_prompt_has_a_known_intent_and_a_confidence(text):
    said, confidence = classify_intent(text, OWN)
    assert said in (*INTENTS, *OWN.names)
    assert 0 <= confidence <= 1
    if said in OWN.names:
        assert confidence >= 0.5
    else:
        assert (said, confidence) == classify_intent(text)
