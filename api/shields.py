"""What every answer tells a browser not to do, how large a request may be, and which cookies are kept how.

The pages' own policy (web/look.py) knows the hash of the style they carry; it is stricter than this and stays as it is.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from api.acting import actor_or_none
from ledger.core.errors import TooLarge

LARGEST_FILE = 6 * 1024 * 1024
"""A file that is sent (5 MB), and the fields beside it."""
LARGEST_BODY = 2 * 1024 * 1024
"""JSON or a form without files: a batch of 200 offline check-ins with notes needs a fifth of it."""
MOST_PARTS = 1000

YEAR_SECONDS = 365 * 24 * 3600

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # For browsers that do not know frame-ancestors.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What is no page (JSON, a picture, a file) loads nothing, runs nothing and stands in nobody's frame.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

_HSTS = f"max-age={YEAR_SECONDS}"


def register(app: Flask) -> None:
    """Shields around every request of `app`. TRUSTED_PROXIES of them say where a request came from."""
    app.config |= {
        "MAX_CONTENT_LENGTH": LARGEST_FILE,
        "MAX_FORM_PARTS": MOST_PARTS,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": app.config["REDFLOWER_ENV"] != "development",
        "SESSION_COOKIE_NAME": cookie_name("session", app.config["REDFLOWER_ENV"]),
    }
    proxies = int(app.config.get("TRUSTED_PROXIES", 0))
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.before_request(_refuse_large_body)
    app.after_request(_shield)


def cookie_name(name: str, environment: str) -> str:
    """In production a browser takes it only over TLS, for this very host and all of it: no neighbour can plant one."""
    return f"__Host-{name}" if environment == "production" else name


def _refuse_large_body() -> None:
    """Said before anybody reads the body, whose reader would call it malformed."""
    most = LARGEST_FILE if request.mimetype == "multipart/form-data" else LARGEST_BODY
    request.max_content_length = most
    if (request.content_length or 0) > most:
        raise TooLarge


def _shield(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["REDFLOWER_ENV"] == "production":
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    if _is_personal(response):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _is_personal(response: Response) -> bool:
    """Nobody but the one who asked may see it again: answers to somebody, to a form, and refusals."""
    if request.endpoint == "static":
        return False
    return actor_or_none() is not None or request.method != "GET" or response.status_code >= 400
