"""A real OpenID Connect provider on loopback, which says of everybody what a test wants said.

with OpenIdProvider() as provider:
    provider.says = {"email": "anna@example.org", "email_verified": True}
    write(login_file(provider, "http://127.0.0.1:8501"))
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.loopback import LoopbackServer, QuietHandler

CLIENT_ID = "routescope"
CLIENT_SECRET = "canary-client-secret-0123456789abcdef"
COOKIE_SECRET = "canary-cookie-secret-0123456789abcdef"


class OpenIdProvider(LoopbackServer):
    """The provider, in threads of its own. It asks for no password: who comes is whom `says` names."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        self.seen: list[str] = []
        """Paths that were asked for."""
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._nonces: dict[str, str | None] = {}
        super().__init__(_handler(self))

    @property
    def url(self) -> str:
        """The issuer."""
        return self.base_url

    def metadata(self) -> dict[str, Any]:
        """What ``/.well-known/openid-configuration`` says."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, Any]:
        """The public key."""
        return {"keys": [self._key.as_dict(private=False)]}

    def authorized(self, query: dict[str, list[str]]) -> str:
        """Where to go back to, with a code."""
        code = f"code-{len(self._nonces)}"
        self._nonces[code] = query.get("nonce", [None])[0]
        return f"{query['redirect_uri'][0]}?{urlencode({'code': code, 'state': query['state'][0]})}"

    def tokens(self, form: dict[str, list[str]]) -> dict[str, Any]:
        """What a code is exchanged for."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "sub": "7", "iat": now, "exp": now + 600, **self.says}
        nonce = self._nonces.pop(form["code"][0])
        if nonce is not None:
            claims["nonce"] = nonce
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self._key)
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 600, "id_token": signed}


def login_file(provider: OpenIdProvider, dashboard: str, roles: str) -> str:
    """A login file's text; ``roles``: the lines of its ``[roles]``."""
    return f"""
[auth]
redirect_uri = "{dashboard}/oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "{provider.url}/.well-known/openid-configuration"

[roles]
{roles}
"""


def _handler(provider: OpenIdProvider) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            provider.seen.append(address.path)
            if address.path == "/authorize":
                self.answer(302, Location=provider.authorized(parse_qs(address.query)))
                return
            self.answer_json(200, provider.keys() if address.path == "/keys" else provider.metadata())

        def do_POST(self) -> None:
            provider.seen.append(self.path)
            self.answer_json(200, provider.tokens(parse_qs(self.body().decode())))

    return Handler
