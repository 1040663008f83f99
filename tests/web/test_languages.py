"""A new catalogue is a new language of the pages: a folder, and no line of code."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app, take_settings
from ledger.core.db import db
from tests.conftest import Database
from web import languages

FRENCH = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "跳到正文"
msgstr "Aller au contenu"
"""


@pytest.fixture
def translations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The catalogues of the house in a place of their own, where one may be added."""
    there = tmp_path / "translations"
    shutil.copytree(languages.TRANSLATIONS, there)
    monkeypatch.setattr(languages, "TRANSLATIONS", there)
    before = dict(languages.LANGUAGES)
    yield there
    languages.LANGUAGES.clear()
    languages.LANGUAGES.update(before)


def test_a_new_catalogue_is_a_language_that_can_be_chosen(database: Database, translations: Path) -> None:
    catalogue = translations / "fr" / "LC_MESSAGES" / "messages.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(FRENCH, encoding="utf-8")
    ours = {"TESTING": True, "REDFLOWER_ENV": "testing", "SECRET_KEY": "only for tests " * 3}
    app = create_app(ours | {"SQLALCHEMY_DATABASE_URI": database.url})
    try:
        browser = app.test_client()
        plain = browser.get("/").text
        assert all(f'name="language" value="{code}"' in plain for code in ("en", "fr"))
        browser.set_cookie(languages.LANGUAGE_COOKIE, "fr")
        page = browser.get("/").text
        assert '<html lang="fr"' in page
        assert "Aller au contenu" in page
        assert 'name="language" value="zh"' in page
        assert "小红花" in page, "what is not translated is said in Chinese"
    finally:
        take_settings(ours)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    assert languages.LANGUAGES == {"zh": "中文", "en": "English", "fr": "français"}
