"""The English catalogue says everything that the pages say."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

WEB = Path(__file__).resolve().parents[2] / "web"
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")


def said_by_pages() -> set[str]:
    """Every source string: the first of a plural pair stands for both."""
    found = extract_from_dir(WEB, METHODS, keywords=DEFAULT_KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _file, _line, message, _notes, _ in found}


def english() -> Catalog:
    with (WEB / "translations/en/LC_MESSAGES/messages.po").open("rb") as catalogue:
        return read_po(catalogue)


def test_no_string_is_missing_in_english():
    translated = {key_of(message) for message in english() if message.id and all(words_of(message))}
    assert said_by_pages() - translated == set()


def test_no_translation_is_left_without_its_string():
    assert {key_of(message) for message in english() if message.id} - said_by_pages() == set()


def test_translations_keep_the_placeholders():
    for message in english():
        wanted = set(PLACEHOLDER.findall(key_of(message)))
        for words in words_of(message):
            assert set(PLACEHOLDER.findall(words)) == wanted, f"{key_of(message)} → {words}"


def test_no_translation_still_speaks_chinese():
    assert [words for message in english() for words in words_of(message) if re.search(r"[\u4e00-\u9fff]", words)] == []


def key_of(message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def words_of(message) -> list[str]:
    if not message.id:
        return []
    return [message.string] if isinstance(message.string, str) else list(message.string)
