"""Which language a page speaks, and the catalogues it speaks from. The source strings are Chinese."""

from __future__ import annotations

from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import has_request_context, request
from flask_babel import get_locale

CHINESE = "zh"
LANGUAGES = {CHINESE: "中文"}
"""What can be chosen, each by its own name: Chinese, and every language that has a catalogue (`take_catalogues`)."""
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


def take_catalogues() -> None:
    """Every catalogue's language can be chosen, and it has a compiled twin that is not older; the twin is not kept."""
    for source in sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")):
        code = source.parts[-3]
        LANGUAGES[code] = Locale.parse(code).get_display_name(code) or code
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = compiled.with_suffix(f".{id(source)}.draft")
        with source.open("rb") as text, draft.open("wb") as binary:
            write_mo(binary, read_po(text))
        draft.replace(compiled)  # Two workers may start at once: each leaves a whole file.
