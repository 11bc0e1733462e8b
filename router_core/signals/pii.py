"""Personal data: which kinds a conversation holds, never the data itself.

Built on phonenumbers, python-stdnum and ipaddress. Digits alone prove little: an order number, a date or a version must
not count, so a bare run of digits needs a check digit, a telling form, or a word beside it that names it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

UNEXAMINED: Final = "unexamined"
"""Stands for numbers beyond those that are examined: a table of them may hide anything."""
CANDIDATES: Final = 400
"""Different runs of digits that are examined in one conversation; each costs about 20 us."""
MARKS: Final = 4000
"""At signs, colons and capital letters before digits that are examined; each costs about 1 us."""
PHONE_CANDIDATES: Final = 40
"""Those among them that are put to phonenumbers, which is ten times as dear."""
PHONE_REGIONS: Final = ("US", "GB", "DE", "FR", "ES", "IT")
"""Whose national forms are known; numbers that begin with + are of any country."""

_RUN_CHARACTERS: Final = 64
_RUN_STEP: Final = 24
"""Longer runs are examined in windows that begin so far apart: each number is whole in one of them."""
_NEARBY: Final = 48
"""Characters before a run of digits in which a word may name it."""

_EMAIL_LOCAL: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"
_EMAIL_DOMAIN: Final = re.compile(r"(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w@])")
# These begin with a set of characters, and look back only then: that is how the engine skips prose quickly.
_RUN: Final = re.compile(r"[+(0-9](?<![\w.].)(?:[ ()./+-]{0,2}+[0-9])++(?![\w%])")
_TAGGED: Final = re.compile(r"[A-Z](?<!\w.)[A-Z]{0,5}[ ]?[0-9]{2}")
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){2,10}")
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:|::)[0-9a-fA-F:]{2,38}+(?![\w:])")
_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_DATE: Final = re.compile(
    r"(?:(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:[0-2]?\d|3[01])|(?:[0-2]?\d|3[01])[-./](?:[0-2]?\d|3[01])[-./](?:19|20)?\d\d)"
    r"(?:[ ]\d{1,2}(?:[.]?\d\d){0,2})?"
)
_PHONE_WORD: Final = re.compile(
    r"(?i)(?:\b(?:phone|tel|telephone|mobile|cell|call|fax|whatsapp|sms|text (?:me|him|her|us|them)|reach|ring|dial|"
    r"telefon|handy|rufnummer|anrufen|ruf|mobil|téléphone|portable|appele[rz]|teléfono|móvil|llam\w{1,4}|telefono|"
    r"cellulare)\b)"
)


class _Identity(NamedTuple):
    """A national identity number: its form, the python-stdnum module that checks it, and the words that name it.

    Without words the form and the check digits are enough by themselves.
    """

    form: re.Pattern[str]
    module: str
    words: re.Pattern[str] | None


def _words(*names: str) -> re.Pattern[str]:
    return re.compile(r"(?i)\b(?:" + "|".join(names) + r")\b")


_IDENTITIES: Final = (
    _Identity(re.compile(r"\d{3}-\d{2}-\d{4}"), "us.ssn", None),
    _Identity(re.compile(r"\d{3}[ ]?\d{2}[ ]?\d{4}"), "us.ssn", _words("ssn", "social security")),
    _Identity(re.compile(r"\d{2} ?\d{3} ?\d{3} ?\d{3}"), "de.idnr", None),
    _Identity(re.compile(r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}"), "fr.nir", None),
    _Identity(re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), "br.cpf", None),
    _Identity(re.compile(r"\d{11}"), "br.cpf", _words("cpf")),
    _Identity(re.compile(r"756\.\d{4}\.\d{4}\.\d{2}"), "ch.ssn", None),
    _Identity(re.compile(r"\d{4}[ -]\d{4}[ -]\d{4}"), "in_.aadhaar", None),
    _Identity(re.compile(r"\d{6}[-+]\d{4}"), "se.personnummer", None),
    _Identity(re.compile(r"\d{11}"), "pl.pesel", _words("pesel")),
    _Identity(re.compile(r"\d{3}[ -]?\d{3}[ -]?\d{3}"), "ca.sin", _words("sin", "social insurance")),
    _Identity(re.compile(r"\d{3}[ -]?\d{3}[ -]?\d{4}"), "gb.nhs", _words("nhs")),
    _Identity(re.compile(r"\d{9}"), "nl.bsn", _words("bsn", "burgerservicenummer", "sofinummer")),
    _Identity(re.compile(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"), "be.nn", None),
)
_NATIONAL_FORMS: Final = (
    (re.compile(r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b"), "it.codicefiscale"),
    (re.compile(r"[XYZ]\d{7}[A-Z]\b"), "es.nie"),
)
_DNI: Final = re.compile(r"[0-9](?<!\w.)[0-9]{7}-?[A-HJ-NP-TV-Z]\b")
_NINO: Final = re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b")


_OTHER_CHECKS: Final = ("iban", "luhn", "es.dni")


def load_checks() -> None:
    """Import what numbers are checked by, a tenth of a second: check digits of every kind, every country's telephones.

    Otherwise each comes with the first number that looks like it, within a request.
    """
    import phonenumbers

    phonenumbers.PhoneMetadata.load_all()
    kinds = (identity.module for identity in _IDENTITIES)
    for name in (*kinds, *(module for _, module in _NATIONAL_FORMS), *_OTHER_CHECKS):
        _stdnum(name)


def find_pii(text: str) -> tuple[str, ...]:
    """The kinds of personal data in a text that `text.reveal` has cleaned: sorted, each once.

    They are ``credit_card``, ``email``, ``iban``, ``ip``, ``national_id``, ``phone``, and ``unexamined`` when there are
    more numbers than are looked at.
    """
    found: set[str] = set()
    if "@" in text and (email := _email(text)):
        found.add(email)
    if "::" in text or text.count(":") >= 3:
        found.update(_addresses(text))
    if any(digit in text for digit in "0123456789"):
        found.update(_in_runs(text))
        found.update(_in_tagged(text))
    return tuple(sorted(found))


def _addresses(text: str) -> Iterator[str]:
    for number, match in enumerate(_IPV6.finditer(text)):
        if number == MARKS:
            yield UNEXAMINED
            return
        if _is_ip(match[0]):
            yield "ip"
            return


def _email(text: str) -> str | None:
    at = text.find("@")
    for _ in range(MARKS):
        if at < 0:
            return None
        before = text[max(0, at - 64) : at]
        local = before[len(before.rstrip(_EMAIL_LOCAL)) :].strip(".")
        # git@host:path is an address of a repository, not of a person.
        if local and local != "git" and _EMAIL_DOMAIN.match(text, at + 1):
            return "email"
        at = text.find("@", at + 1)
    return UNEXAMINED


def _in_runs(text: str) -> Iterator[str]:
    """What runs of digits and their separators turn out to be."""
    seen: set[str] = set()
    phones = 0
    for start, run in _runs(text):
        if run in seen or len(run) < 7:
            continue
        if len(seen) == CANDIDATES:
            yield UNEXAMINED
            return
        seen.add(run)
        nearby = text[max(0, start - _NEARBY) : start]
        if run.count(".") >= 3 and _has_ip(run, nearby):
            yield "ip"
        if any(_is_card(part) for part in _card_parts(run)):
            yield "credit_card"
            continue
        # Another number may stand right beside it, glued on by the space between them.
        parts = _without_neighbours(run)
        if any(_is_national(part, nearby) for part in parts):
            yield "national_id"
            continue
        for part in parts:
            if number := _phone_shape(part, nearby):
                phones += 1
                if phones > PHONE_CANDIDATES:
                    yield UNEXAMINED
                    return
                if _is_phone(number, named=_PHONE_WORD.search(nearby) is not None):
                    yield "phone"
                    break


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """Runs of digits and separators with their places; a long one in windows that cut no number in two."""
    for match in _RUN.finditer(text):
        run = match[0]
        if len(run) <= _RUN_CHARACTERS:
            yield match.start(), run
            continue
        for begin in range(0, len(run), _RUN_STEP):
            end = begin + _RUN_CHARACTERS
            piece = run[begin:end]
            if begin and run[begin - 1].isdigit():
                piece = piece.lstrip("0123456789")
            if run[end : end + 1].isdigit():
                piece = piece.rstrip("0123456789")
            yield match.start() + begin, piece.strip(" ./-")


def _without_neighbours(run: str) -> list[str]:
    """The run, and what is left of it without its first or last group."""
    first, _, after = run.partition(" ")
    before, _, last = run.rpartition(" ")
    return [run, *(part for part in (before, after, last, first) if sum(map(str.isdigit, part)) >= 7)]


def _in_tagged(text: str) -> Iterator[str]:
    """Numbers that begin with or end in capital letters."""
    ibans = 0
    for number, match in enumerate(_TAGGED.finditer(text)):
        if number == MARKS:
            yield UNEXAMINED
            return
        start = match.start()
        if iban := _IBAN.match(text, start):
            ibans += 1
            if ibans > CANDIDATES:
                yield UNEXAMINED
                return
            if _is_iban(iban[0]):
                yield "iban"
        if any(
            (found := form.match(text, start)) and _stdnum(module).is_valid(found[0])
            for form, module in _NATIONAL_FORMS
        ):
            yield "national_id"
        if _NINO.match(text, start):
            yield "national_id"
    for number, match in enumerate(_DNI.finditer(text)):
        if number == MARKS:
            yield UNEXAMINED
            return
        if _stdnum("es.dni").is_valid(match[0]):
            yield "national_id"
            return


@cache
def _stdnum(name: str) -> Any:
    """A module of python-stdnum, imported when a number first looks like it."""
    return import_module(f"stdnum.{name}")


def _is_ip(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _has_ip(run: str, nearby: str) -> bool:
    """Whether an address of four numbers stands in the run; 1.2.3.4 after "version" is none."""
    if re.search(r"(?i)(?:\bv|version|release|section|§)[ .:]{0,2}$", nearby):
        return False
    return any(_is_ip(match[0]) for match in _IPV4.finditer(run))


def _is_iban(run: str) -> bool:
    """Whether the run, or what is left when words are taken off its end, is an IBAN."""
    tokens = re.split(r"[ -]", run)
    for end in range(len(tokens), max(0, len(tokens) - 6), -1):
        compact = "".join(tokens[:end])
        if 15 <= len(compact) <= 34 and _checks_out(compact) and _stdnum("iban").is_valid(compact):
            return True
    return False


def _checks_out(iban: str) -> bool:
    """Whether the check digits are right (ISO 7064, mod 97-10), in a tenth of the time of the whole examination."""
    return int("".join([str(int(character, 36)) for character in iban[4:] + iban[:4]])) % 97 == 1


# Tried at every group, since another number may stand right before the card.
_CARD_GROUPS: Final = re.compile(
    r"(?<!\d)(?=(\d{13,19}|\d{4}([ -])\d{4}\2\d{4}\2\d{1,7}|\d{4}([ -])\d{6}\3\d{4,5})(?!\d))"
)
_CARD_ISSUERS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)


def _card_parts(run: str) -> Iterator[str]:
    for match in _CARD_GROUPS.finditer(run):
        yield match[1].replace(" ", "").replace("-", "")


def _is_card(digits: str) -> bool:
    return bool(_CARD_ISSUERS.fullmatch(digits)) and len(set(digits)) > 1 and bool(_stdnum("luhn").is_valid(digits))


def _is_national(run: str, nearby: str) -> bool:
    return any(
        identity.form.fullmatch(run)
        and (identity.words is None or identity.words.search(nearby))
        and _stdnum(identity.module).is_valid(run)
        for identity in _IDENTITIES
    )


def _phone_shape(run: str, nearby: str) -> str | None:
    """The run when it is written as telephone numbers are, else nothing."""
    digits = sum(map(str.isdigit, run))
    if not 7 <= digits <= 15 or run.count(".") == 3 or _DATE.fullmatch(run):
        return None
    if run.startswith(("+", "(+")):
        return run
    groups = re.findall(r"\d+", run)
    if _PHONE_WORD.search(nearby):
        return run
    # Without a word or a plus: grouped, of the length of a national number, and no decimal or thousands groups.
    if 9 <= digits <= 12 and 2 <= len(groups) <= 6 and not re.fullmatch(r"\d{1,3}(?:[. ]\d{3})+", run):
        return run if run.startswith(("0", "(")) or re.fullmatch(r"(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}", run) else None
    return None


def _is_phone(number: str, *, named: bool) -> bool:
    import phonenumbers

    regions: tuple[str | None, ...] = (None,) if number.lstrip("(").startswith("+") else PHONE_REGIONS
    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return True
        # A word names it: a made-up number of the right length is still meant as one.
        if named and region == "US" and sum(map(str.isdigit, number)) >= 7 and phonenumbers.is_possible_number(parsed):
            return True
    return False
