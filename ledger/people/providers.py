"""An identity provider over OpenID Connect: where it sends people, and whom it says they are. Off unless configured.

The house asks for nothing but the subject: no phone and no e-mail that a provider claims is believed (docs/adr/0043).
"""

from __future__ import annotations

import secrets as chance
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from ledger.core import clock, secrets
from ledger.people.errors import ProviderDown, ProviderRefused, ProviderTokenExpired, ProviderTokenWrong

PATIENCE_SECONDS = 5
RETRY_SECONDS = 60
LEEWAY_SECONDS = 30
ALGORITHMS = ["RS256", "ES256"]


@dataclass(frozen=True, slots=True)
class Journey:
    """What the browser that goes to the provider keeps until it comes back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Provider:
    """A provider as its operator configured it."""

    issuer: str
    client_id: str
    client_secret: str
    label: str

    @cached_property
    def _described(self) -> dict[str, Any]:
        found = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise self._down()
        return found

    def begin(self, back: str) -> tuple[str, Journey]:
        """Where to send the browser, and what it keeps. Raises ProviderDown."""
        journey = Journey(*(chance.token_urlsafe(32) for _ in range(3)))
        url, _ = self._session(back).create_authorization_url(
            self._at("authorization_endpoint"),
            state=journey.state,
            nonce=journey.nonce,
            code_verifier=journey.verifier,
        )
        return str(url), journey

    def subject_of(self, code: str, journey: Journey, back: str) -> bytes:
        """The blind index of who came back with this code.

        Raises ProviderDown, ProviderRefused (a code that is used, old or made up), ProviderTokenExpired,
        ProviderTokenWrong.
        """
        try:
            answer = self._session(back).fetch_token(
                self._at("token_endpoint"),
                grant_type="authorization_code",
                code=code,
                code_verifier=journey.verifier,
                timeout=PATIENCE_SECONDS,
                allow_redirects=False,
            )
        except OAuthError as error:
            raise ProviderRefused(label=self.label) from error
        except (RequestException, ValueError) as error:
            raise self._down() from error
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderTokenWrong(label=self.label, claim="id_token")
        return secrets.blind_index(f"{self.issuer} {self._checked(token, journey.nonce)['sub']}", "identities")

    def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        keys = self._get(self._at("jwks_uri"))
        asked: dict[str, Any] = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
            "nonce": {"essential": True, "value": nonce},
            "exp": {"essential": True},
            "sub": {"essential": True},
        }
        try:
            decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
            now = int(clock.now().timestamp())
            jwt.JWTClaimsRegistry(now=now, leeway=LEEWAY_SECONDS, **asked).validate(decoded.claims)
        except ExpiredTokenError as error:
            raise ProviderTokenExpired(label=self.label) from error
        except (JoseError, ValueError, KeyError, TypeError) as error:
            claim = getattr(error, "claim", "") if isinstance(error, ClaimError) else "signature"
            raise ProviderTokenWrong(label=self.label, claim=claim) from error
        claims: dict[str, Any] = decoded.claims
        if claims.get("azp", self.client_id) != self.client_id:
            raise ProviderTokenWrong(label=self.label, claim="azp")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise ProviderTokenWrong(label=self.label, claim="sub")
        return claims

    def _session(self, back: str) -> Any:
        return OAuth2Session(
            self.client_id,
            self.client_secret,
            scope="openid",
            redirect_uri=back,
            code_challenge_method="S256",
        )

    def _at(self, name: str) -> str:
        found = self._described.get(name)
        if not isinstance(found, str):
            raise self._down()
        return found

    def _get(self, url: str) -> dict[str, Any]:
        try:
            with OAuth2Session() as session:
                answer = session.request(
                    "GET", url, withhold_token=True, timeout=PATIENCE_SECONDS, allow_redirects=False
                )
            found = answer.json() if answer.status_code == 200 else None
        except (RequestException, ValueError) as error:
            raise self._down() from error
        if not isinstance(found, dict):
            raise self._down()
        return found

    def _down(self) -> ProviderDown:
        return ProviderDown(label=self.label, retry_after=RETRY_SECONDS)


_provider: Provider | None = None


def use_provider(issuer: str, client_id: str, client_secret: str, label: str) -> None:
    """From now on this process lets people in by this provider; by none if `issuer` is empty."""
    global _provider
    is_local = issuer.startswith("http://127.0.0.1:")
    if issuer and not (client_id and client_secret and label and (is_local or issuer.startswith("https://"))):
        raise RuntimeError("OIDC_ISSUER is an HTTPS address and needs OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_LABEL")
    _provider = Provider(issuer, client_id, client_secret, label[:40]) if issuer else None


def provider() -> Provider | None:
    return _provider
