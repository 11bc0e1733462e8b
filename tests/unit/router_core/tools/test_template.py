"""Templates have named gaps and nothing else; what fills them is plain text."""

import pytest

from router_core.tools.template import VALUE_CHARACTERS, InvalidTemplate, Template, markdown, plain


def test_gaps_are_filled_by_name():
    template = Template("Order {order} is {status}.")
    assert template.names == {"order", "status"}
    assert template.fill({"order": "17", "status": "sent", "more": "x"}) == "Order 17 is sent."


def test_doubled_braces_are_braces():
    assert Template("{{a}} {{{b}}}").fill({"b": "1"}) == "{a} {1}"


def test_a_value_with_a_gap_in_it_is_not_filled_again():
    assert Template("{a} {b}").fill({"a": "{b}", "b": "{a}"}) == "{b} {a}"


@pytest.mark.parametrize("text", ["{", "}", "{}", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{0}", "{ a }", "{a"])
def test_whatever_is_no_plain_name_between_braces_is_refused(text):
    with pytest.raises(InvalidTemplate):
        Template(text)


def test_the_place_of_a_stray_brace_is_named():
    with pytest.raises(InvalidTemplate, match="character 4"):
        Template("ab }")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("4711", "4711"),
        ("a\n\n# b", "a \\# b"),
        ("<script>", "&lt;script&gt;"),
        ("[x](http://h)", "\\[x\\](http://h)"),
        ("a|b", "a\\|b"),
        ("$x$ `c` *b* _i_ ~s~", "\\$x\\$ \\`c\\` \\*b\\* \\_i\\_ \\~s\\~"),
        ("\u202egnirts\u200b\x1b[0m", "gnirts\\[0m"),
    ],
)
def test_nothing_in_a_value_becomes_markup(value, shown):
    assert markdown(value) == shown


def test_a_long_value_is_cut_where_one_sees_it():
    assert plain("x" * 10_000) == "x" * (VALUE_CHARACTERS - 1) + "…"
