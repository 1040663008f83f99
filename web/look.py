"""How pages look and what a browser may do with them: the inline style, its hash, and the content security policy."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from flask import Response, current_app, request, url_for
from markupsafe import Markup

SIZE_COOKIE = "size"
LARGE = "large"


def minified(css: str) -> str:
    """The same rules in fewer bytes, by means simple enough to trust: comments and spare spaces go."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r" ?([{};,]) ?", r"\1", css)
    for long, short in ((": ", ":"), (" > ", ">"), (" !", "!"), ("@media (", "@media("), (";}", "}")):
        css = css.replace(long, short)
    return css.strip()


# Read once at start-up: a page carries its whole style, so the first answer is also the last.
HAND_CSS = Markup(minified((Path(__file__).parent / "hand.css").read_text(encoding="utf-8")))  # noqa: S704 - our own file
HAND_CSS_HASH = base64.b64encode(hashlib.sha256(HAND_CSS.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'",
    f"style-src 'self' 'sha256-{HAND_CSS_HASH}'",
    "script-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip


def secure(response: Response) -> Response:
    """Every HTML answer carries the policy and stays out of caches; one that brings its own policy keeps it."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def is_large() -> bool:
    """Has the reader chosen 长辈版?"""
    return request.cookies.get(SIZE_COOKIE) == LARGE


def asset(name: str) -> str:
    """The address of a file in static/, which changes with its content, so that browsers may keep it for ever."""
    return url_for("static", filename=name, v=_version(Path(current_app.static_folder or "") / name))


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
