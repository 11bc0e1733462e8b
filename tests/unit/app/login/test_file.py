"""A login file, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.login.file import LoginFile, LoginFileError, read_login

SECRET = "canary-0123456789abcdef0123456789abcdef"
SOUND = f"""
[auth]
redirect_uri = "https://routescope.example.org/oauth2callback"
cookie_secret = "{SECRET}"
client_id = "routescope"
client_secret = "{SECRET}"
server_metadata_url = "https://login.example.org/.well-known/openid-configuration"

[roles]
operators = ["anna@example.org"]
"""


def read(folder: Path, text: str) -> LoginFile:
    file = folder / "login.toml"
    file.write_text(text)
    return read_login(file)


def test_a_sound_file_says_where_the_dashboard_is(tmp_path: Path) -> None:
    login = read(tmp_path, SOUND)
    assert (login.auth.host, login.auth.origin) == ("routescope.example.org", "https://routescope.example.org")
    assert login.roles.hours == 12


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[auth]", "[auth", "not valid TOML"),
        ("client_id", "client_name", r"auth\.client_id: it is missing"),
        ("[roles]", "[roles]\nadmins = []", r"roles\.admins: there is no such key"),
        (f'cookie_secret = "{SECRET}"', 'cookie_secret = "short"', r"auth\.cookie_secret: .*openssl rand"),
        ("https://routescope", "http://routescope", r"auth\.redirect_uri: give the dashboard's https address"),
        ("/oauth2callback", "/", r"auth\.redirect_uri: .*/oauth2callback at its end"),
        ("https://login", "http://login", r"auth\.server_metadata_url: give an https address"),
        ('["anna@example.org"]', "[]", "roles: nobody may come in"),
        ('["anna@example.org"]', '["anna@example.org"]\nhours = 0', r"roles\.hours"),
    ],
    ids=["syntax", "missing", "unknown", "secret", "plain", "callback", "metadata", "nobody", "hours"],
)
def test_what_is_wrong_is_one_sentence_without_secrets(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(LoginFileError, match=words) as caught:
        read(tmp_path, SOUND.replace(old, new, 1))
    assert "login.toml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LoginFileError, match="cannot be read"):
        read_login(tmp_path / "none.toml")


def test_a_provider_on_this_machine_may_speak_http(tmp_path: Path) -> None:
    text = SOUND.replace("https://login.example.org", "http://127.0.0.1:9000")
    text = text.replace("https://routescope.example.org", "http://localhost:8501")
    assert read(tmp_path, text).auth.origin == "http://localhost:8501"
