"""Whether a prompt holds code."""

import pytest

from router_core.signals.code import holds_code

CODE = [
    "def add(a, b):\n    return a - b",
    "Fix this:\n```js\nlet x = 1\n```",
    "import numpy as np\nprint(np.zeros(3))",
    "const total = items.reduce((a, b) => a + b, 0);",
    "SELECT name FROM customers WHERE age > 30",
    "#include <stdio.h>\nint main() { return 0; }",
    'Traceback (most recent call last):\n  File "x.py", line 3\nKeyError: 1',
    "<div class='a'><p>Hi</p></div>",
    "public static void main(String[] args) {",
    "for i in range(10):\n    print(i)",
    "func main() {\n\tfmt.Println(1)\n}",
    "at com.example.App.run(App.java:12)\n  at com.example.App.main(App.java:3)",
    "why does $ npm install fail?\n$ npm install\n",
    "x = 3;\ny = x + 1;\nfoo.bar(y);",
]

PROSE = [
    "Write a Python function that reverses a string",
    "Select the best candidates from the list below.",
    "The import of goods from China fell by 3% (see table 2).",
    "Dear Ms Brandt, thank you for your letter; we will answer soon.",
    "Costs: rent = 800 EUR, food = 300 EUR",
    "What is 3 * (4 + 5)?",
    "While in Rome, do as the Romans do: eat late.",
    "My class starts at 9: please come.",
    "See https://example.org/a?b=c#d for details :)",
    "If you can, call me (I am at home): it is urgent!",
    "For example:\n  first, the weather",
    "",
]


@pytest.mark.parametrize("text", CODE)
def test_code_is_seen(text):
    assert holds_code(text)


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_not_code_even_when_it_speaks_of_it(text):
    assert not holds_code(text)
