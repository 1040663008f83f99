"""The privacy notice is read before signing in, and says the periods of the code."""

from __future__ import annotations

import pytest

from ledger.people.retention import RETENTION


@pytest.mark.parametrize(("language", "words"), [("zh", "您的权利"), ("en", "Your rights")])
def test_anybody_reads_it_and_finds_it_where_one_signs_in(context, visit, language, words):
    browser = visit(language=language)
    for door in ("/", "/sign-in"):
        browser.get(door)
        assert 'href="/privacy"' in browser.page
    browser.get("/privacy")
    assert words in browser.words


def test_the_days_are_those_of_the_code(context, visit):
    browser = visit()
    browser.get("/privacy")
    days = {one.what: one.days for one in RETENTION}
    assert f"验证码和短信记录 {days['deliveries']} 天" in " ".join(browser.words.split())
    assert f"{days['sessions']} 天" in browser.words
