"""Which language a page speaks, and the catalogues it speaks from. The source strings are Chinese."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import has_request_context, request
from flask_babel import get_locale

CHINESE = "zh"
LANGUAGES = {CHINESE: "中文", "en": "English"}
LANGUAGE_COOKIE = "language"
TRANSLATIONS = Path(__file__).parent / "translations"


def chosen_language() -> str:
    """The reader's own choice, else what the browser asks for, else Chinese."""
    if not has_request_context():
        return CHINESE
    cookie = request.cookies.get(LANGUAGE_COOKIE, "")
    if cookie in LANGUAGES:
        return cookie
    return request.accept_languages.best_match(LANGUAGES, default=CHINESE)


def language() -> str:
    """The language of this answer, as LANGUAGES names it."""
    locale = get_locale()
    return locale.language if locale else CHINESE


def compile_catalogues() -> None:
    """Every catalogue has a compiled twin that is not older than it; the twin is no part of the repository."""
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = compiled.with_suffix(f".{id(source)}.draft")
        with source.open("rb") as text, draft.open("wb") as binary:
            write_mo(binary, read_po(text))
        draft.replace(compiled)  # Two workers may start at once: each leaves a whole file.
