"""A small identity provider on loopback: OpenID Connect with PKCE, codes that work once, tokens that it signs."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from ledger.core import clock

CLIENT, SECRET, LABEL = "red-flower", "a secret of both", "微邻"


class IdentityProvider(http.server.ThreadingHTTPServer):
    """Lets in whoever is its `subject`; `claims` are written over those of its tokens, `trouble` is what ails it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.subject = "subject-1"
        self.claims: dict[str, Any] = {}
        self.trouble = ""
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.forger = RSAKey.generate_key(2048, {"kid": self.key.kid})
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens_asked = 0
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        """What a house is configured with that lets people in by this provider."""
        known = {"ISSUER": self.issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "LABEL": LABEL}
        return {f"OIDC_{name}": value for name, value in known.items()}

    def authorize(self, url: str) -> str:
        """What the person does there: lets the house know who they are. The address back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT, "openid")
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state']})}"

    def token_for(self, form: dict[str, str]) -> dict[str, str] | None:
        """The tokens for a code, once; None when the code, its verifier or its address is not right."""
        self.tokens_asked += 1
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return None
        now = int(clock.now().timestamp())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "phone_number": "13900000000"} | self.claims
        key = self.forger if self.trouble == "forged" else self.key
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, key)
        return {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "id_token": token}


@contextmanager
def open_provider() -> Iterator[IdentityProvider]:
    """A provider that answers until the block ends."""
    server = IdentityProvider()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Desk(http.server.BaseHTTPRequestHandler):
    server: IdentityProvider

    def do_GET(self) -> None:
        issuer = self.server.issuer
        if self.path == "/.well-known/openid-configuration":
            self._say(200, {
                "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/keys",
            })  # fmt: skip
        else:
            self._say(200, KeySet([self.server.key]).as_dict(private=False))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        credentials = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if self.server.trouble == "slow":
            time.sleep(1)
        if self.server.trouble == "500":
            return self._say(500, {})
        if self.headers["Authorization"] != f"Basic {credentials}":
            return self._say(401, {"error": "invalid_client"})
        answer = self.server.token_for({name: values[0] for name, values in parse_qs(body).items()})
        return self._say(200, answer) if answer else self._say(400, {"error": "invalid_grant"})

    def _say(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
