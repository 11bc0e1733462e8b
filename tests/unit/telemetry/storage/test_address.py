import pytest

from telemetry.storage.address import shown


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:s3cret@host:5432/d",
        "postgresql://:s3cret@host/d",
        "postgresql://me:s3cret:with@colon@host/d",
        "postgresql://host/d?user=me&password=s3cret&sslmode=require",
        "postgresql://me:s3cret@host/d?PASSWORD=s3cret#x",
    ],
)
def test_no_password_is_shown(url: str):
    assert "s3cret" not in shown(url) and "***" in shown(url) and "host" in shown(url)


@pytest.mark.parametrize("url", ["sqlite:////home/a:b@c/t.db", "sqlite:///t.db", "postgresql://me@host:5432/d", ""])
def test_an_address_without_a_password_is_shown_as_it_is(url: str):
    assert shown(url) == url
