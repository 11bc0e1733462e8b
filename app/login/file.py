"""The login file: which provider knows the dashboard's visitors, and what each of them may do.

It is one TOML file with Streamlit's own table ``[auth]`` and our ``[roles]``; it holds secrets, so it is no part of the
policy, and pages never show it.
"""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.settings import LOOPBACK
from router_core.errors import RouteScopeError

CALLBACK: Final = "/oauth2callback"
_STRICT: Final = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LoginFileError(RouteScopeError):
    """The login file cannot be used: which key, and what to do about it. Quotes nothing of the file."""

    code = "login_invalid"


class Provider(BaseModel):
    """``[auth]``: the OpenID Connect provider, as Streamlit reads it."""

    model_config = _STRICT

    redirect_uri: str
    """Where the provider sends visitors back to: the dashboard's own address as browsers see it."""
    cookie_secret: Annotated[str, Field(min_length=32)]
    """Signs the cookie that says who a visitor is; whoever knows it is anybody."""
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: Annotated[str, Field(min_length=1)]
    server_metadata_url: str
    """The provider's ``/.well-known/openid-configuration``."""
    client_kwargs: dict[str, Any] = {}
    """Handed on to Authlib, as ``scope``."""

    @field_validator("redirect_uri")
    @classmethod
    def _ends_as_streamlit_serves_it(cls, url: str) -> str:
        if not _is_safe(url) or not url.endswith(CALLBACK):
            raise ValueError(f"give the dashboard's https address with {CALLBACK} at its end")
        return url

    @field_validator("server_metadata_url")
    @classmethod
    def _is_not_read_on_the_way(cls, url: str) -> str:
        if not _is_safe(url):
            raise ValueError("give an https address")
        return url

    @property
    def host(self) -> str:
        """The name by which browsers know the dashboard."""
        return urlsplit(self.redirect_uri).hostname or ""

    @property
    def origin(self) -> str:
        """The same, with scheme and port."""
        return self.redirect_uri.removesuffix(CALLBACK)


class Roles(BaseModel):
    """``[roles]``: who may do what. Who is in neither list gets in nowhere."""

    model_config = _STRICT

    claim: str = "email"
    """What of the provider's word about a visitor is compared, as ``email`` or ``groups``."""
    operators: frozenset[str] = frozenset()
    """They see what was said, use the playground and change things. ``@example.org``: every address there."""
    viewers: frozenset[str] = frozenset()
    """They see numbers and decisions, without prompts and answers."""
    hours: Annotated[float, Field(gt=0, le=720)] = 12.0
    """How long the provider's word is taken before it is asked again."""


class LoginFile(BaseModel):
    """The whole file."""

    model_config = _STRICT

    auth: Provider
    roles: Roles


def read_login(path: Path) -> LoginFile:
    """Read and check a login file.

    Raises:
        LoginFileError: it is not there, or not what it must be, or what it needs is not installed.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LoginFileError(f"{path}: it cannot be read ({error.strerror}); give the login file's path") from None
    except ValueError as error:
        where = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise LoginFileError(f"{path}: it is not valid TOML{where}; mend that line") from None
    try:
        login = LoginFile.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise LoginFileError(f"{path}: {key}: {_in_words(first['type'], first['msg'])}") from None
    if not login.roles.operators | login.roles.viewers:
        raise LoginFileError(f"{path}: roles: nobody may come in; name operators or viewers")
    if importlib.util.find_spec("authlib") is None:
        raise LoginFileError(f"{path}: Authlib is not installed; install RouteScope with its extra login")
    return login


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can read or exchange what goes there."""
    parts = urlsplit(url)
    return parts.hostname is not None and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    )


def _in_words(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "it is missing; give it"
        case "extra_forbidden":
            return "there is no such key; remove it"
        case "string_too_short":
            return f"{message.lower()}; make one with: openssl rand -hex 32"
    return message.removeprefix("Value error, ").lower()
