"""Language and large type are the reader's choice, kept in a cookie, and lead nowhere else."""

from __future__ import annotations

import pytest

from web.languages import chosen_language
from web.preferences import own_address


@pytest.mark.parametrize(
    ("cookie", "asked", "spoken"),
    [
        ("", "", "zh"),
        ("", "en-GB,en;q=0.8", "en"),
        ("", "fr", "zh"),
        ("zh", "en", "zh"),
        ("en", "zh-CN", "en"),
        ("tlh", "en", "en"),
    ],
)
def test_own_choice_goes_before_the_browser_and_chinese_is_the_rest(pages, cookie, asked, spoken):
    headers = {"Accept-Language": asked, "Cookie": f"language={cookie}"}
    with pages.test_request_context(headers=headers):
        assert chosen_language() == spoken


@pytest.mark.parametrize(
    "address", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "", None, "/a\r\nb"]
)
def test_nobody_is_sent_to_another_site(address):
    assert own_address(address) == "/"


def test_one_comes_back_to_the_page_one_left():
    assert own_address("/q/NHAB12?x=1") == "/q/NHAB12?x=1"
