import inspect

import pytest

from docs.generate import MARK, POLICY_FILE, SECTIONS, meanings, policy_page, policy_reference
from router_core.policy import schema
from router_core.policy.loading import parse_policy
from tests.docs.pages import Block, blocks

PIECES = blocks("toml", page=POLICY_FILE)
WHOLE = [block for block in PIECES if block.code.startswith("format = 1")]


def test_the_reference_is_what_the_schema_says():
    assert POLICY_FILE.read_text(encoding="utf-8") == policy_page(), "run python docs/generate.py"
    assert POLICY_FILE.read_text(encoding="utf-8").count(MARK) == 1


def test_every_class_of_the_schema_has_a_section():
    classes = {
        entry
        for _, entry in inspect.getmembers(schema, inspect.isclass)
        if issubclass(entry, schema.Strict) and entry is not schema.Strict
    }
    assert {entry for _, entry in SECTIONS} == classes


@pytest.fixture(scope="module")
def reference() -> str:
    """All sections: making them takes a tenth of a second."""
    return policy_reference()


@pytest.mark.parametrize(("title", "entry"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_every_key_has_its_row_and_its_meaning(reference, title, entry):
    _, _, section = reference.partition(f"### `{title}`\n")
    section, _, _ = section.partition("\n### ")
    assert (entry.__doc__ or "").strip(), "the class says what it is"
    said = meanings(entry)
    for name in entry.model_fields:
        row = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
        assert name == "kind" or said.get(name), f"{entry.__name__}.{name} says what it means"
        assert row.count(" | ") == 3
        assert "any value" not in row or name in ("json_schema", "settings"), "its type has a name"


def test_the_page_holds_one_whole_policy_and_pieces_for_it():
    assert len(WHOLE) == 1
    assert len(PIECES) > 5


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_every_example_loads(piece: Block):
    text = piece.code if piece in WHOLE else WHOLE[0].code + "\n" + piece.code
    loaded = parse_policy(text, POLICY_FILE.with_name("example.toml"))
    assert loaded.policy.name == "ollama"


def test_all_pieces_together_load_too():
    loaded = parse_policy("\n".join(piece.code for piece in PIECES), POLICY_FILE.with_name("example.toml"))
    assert set(loaded.policy.models) == {"small", "large", "hosted", "spread", "second"}
    outcomes = {rule.then.kind for rule in loaded.policy.rules}
    assert outcomes == {"require", "raise", "deny", "redact", "route_to", "exclude"}
