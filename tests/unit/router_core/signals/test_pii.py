# ruff: noqa: RUF001
"""Personal data: found by kind, with few false alarms. All data here is made up or from public test ranges."""

import base64

import pytest

from router_core.signals.pii import find_pii
from router_core.signals.text import reveal

HOLDS = [
    ("email", "write to anna.k+news@mail.example.co.uk, please"),
    ("email", "mail: ａｎｎａ＠example．org"),
    ("email", "an\u200bna@exam\u200dple.org"),
    ("email", base64.b64encode(b"my address is anna@example.org").decode()),
    ("email", b"my address is anna@example.org".hex()),
    ("phone", "call +49 30 901820 tomorrow"),
    ("phone", "+1 (650) 253-0000"),
    ("phone", "ring me on 020 7946 0958"),
    ("phone", "My phone is 555-123-4567."),
    ("phone", "(650) 253-0000 is the office"),
    ("phone", "Telefon: 030 901820"),
    ("iban", "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX"),
    ("iban", "pay to GB82WEST12345698765432 today"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
    ("credit_card", "my card 4111 1111 1111 1111 exp 12/27"),
    ("credit_card", "5555555555554444"),
    ("credit_card", "3782 822463 10005"),
    ("credit_card", "4111\u200b1111\u200b1111\u200b1111"),
    ("ip", "the server at 203.0.113.7 is down"),
    ("ip", "from 2001:db8::8a2e:370:7334 yesterday"),
    ("national_id", "SSN 536-90-4399"),
    ("national_id", "codice fiscale RCCMNL83S18D969H"),
    ("national_id", "mi DNI es 54362315K"),
    ("national_id", "NINO: AB 12 34 56 C"),
    ("national_id", "meine Steuer-ID 36 574 261 809"),
    ("national_id", "CPF 390.533.447-05"),
]

HOLDS_NOT = [
    "",
    "no digits at all",
    "order 1234567890 was shipped on 2024-01-05 at 12:30:45",
    "version 1.2.3.4 and v2.10.0",
    "ISBN 978-3-16-148410-0",
    "the total is 1,234,567.89 USD, of which 345 678 are taxes",
    "pi is 3.14159265358979",
    "tracking number 00340434161094042557",
    "invoice 4711 1234 of 12.05.2023",
    "git@github.com:acme/router.git",
    "npm install @types/node@18.2.1",
    "10 000 000 people in 195 countries",
    "1 2 3 4 5 6 7 8 9 10 11 12",
    "4111 1111 1111 1112 is one digit off",
    "DE89 3704 0044 0532 0130 01 has a wrong check digit",
    "commit 4a3b809f9a8498d51e1d0f",
    "timestamp 1700000000000",
    "localhost is 127.0.0.1",
    "pages 120-135, chapter 4.2.1",
    "ratio 16:9, time 10:30:00",
    "a @ b and @mention and #4567",
    "SKU AB12-3456-7890",
    "192.168.1 is no address",
    "from 2019-2023 and 1914-1918",
    "3x5 + 7 * 1000000 - 20 / 4",
]


@pytest.mark.parametrize(("kind", "text"), HOLDS)
def test_personal_data_is_found_by_its_kind(kind, text):
    assert find_pii(reveal(text)) == (kind,)


@pytest.mark.parametrize("text", HOLDS_NOT)
def test_other_numbers_raise_no_alarm(text):
    assert find_pii(reveal(text)) == ()


def test_several_kinds_come_sorted_and_each_once():
    text = "a@b.org c@d.org 203.0.113.7 4111 1111 1111 1111 and 4111-1111-1111-1111"
    assert find_pii(text) == ("credit_card", "email", "ip")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("203.0.113.7 4111 1111 1111 1111", ("credit_card", "ip")),
        ("2024-01-05 +49 30 901820", ("phone",)),
        ("on 3 call +49 30 901820 12 times", ("phone",)),
        ("536-90-4399 2024", ("national_id",)),
    ],
)
def test_a_number_right_beside_another_is_still_found(text, kinds):
    assert find_pii(text) == kinds


def test_the_data_itself_is_never_returned():
    assert all(kind.isidentifier() for _, text in HOLDS for kind in find_pii(reveal(text)))


CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    "text",
    [
        "7 " * 2000 + CARD,
        CARD + " 7" * 2000,
        "1 2 3 4 5 6 7 8 9 " * 4 + CARD + " 1 2 3 4 5 6 7 8 9" * 4,
        " and ".join(map(str, range(100, 2000))) + " " + CARD,
    ],
    ids=["after", "before", "between", "after short ones"],
)
def test_a_card_among_many_numbers_is_found(text):
    assert "credit_card" in find_pii(text)


def test_more_long_numbers_than_are_examined_count_as_personal_data():
    table = "\n".join(f"{number};" for number in range(10**9, 10**9 + 1000))
    assert find_pii(table) == ("unexamined",)
    assert find_pii("a @ b " * 5000) == ("unexamined",)


def test_a_long_row_of_digits_is_no_card_where_it_is_cut():
    digits = "".join(str(number * number % 10) for number in range(1000))
    assert find_pii(digits) == ()
