"""A key is looked up by one half and guessed by nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.keys.key import Key, digest_of, id_in, mint

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)


def key(expires: datetime | None = None, revoked: datetime | None = None) -> Key:
    return Key("0" * 12, "billing", "acme", "client", None, None, NOW - A_DAY, "anna", expires, revoked)


def test_a_new_key_is_found_by_its_own_id_and_by_no_other_text():
    minted, other = mint(), mint()
    assert id_in(minted.text) == minted.key_id != other.key_id
    assert digest_of(minted.text) != digest_of(other.text)
    for text in ("", "rsk-", minted.text[:-1], f"{minted.text}x", f" {minted.text}", minted.text.upper(), "sk-abc"):
        assert id_in(text) is None


def test_a_key_opens_until_it_expires_or_is_revoked():
    assert key().state(NOW) == "active"
    assert key(expires=NOW + A_DAY).state(NOW) == "active"
    assert key(expires=NOW).state(NOW) == "expired"
    assert key(revoked=NOW).state(NOW) == "revoked"
    assert key(revoked=NOW + A_DAY).state(NOW) == "active"
    assert key(expires=NOW, revoked=NOW).state(NOW) == "revoked"
