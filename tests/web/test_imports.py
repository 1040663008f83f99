"""Importing on the pages: upload, see what is wrong, ask, and let the second person decide."""

from __future__ import annotations

import io
import re
import uuid

import pytest

from ledger.people import import_kinds
from tests.stories import open_neighbourhood
from web.words import POSTS


@pytest.fixture
def place(context):
    return open_neighbourhood()


def upload(browser, content: str, kind: str = "members"):
    browser.get("./imports")
    form = {"csrf_token": browser._token(), "_key": uuid.uuid4().hex, "kind": kind}
    answer = browser.client.post(
        f"{browser.root}/imports", data=form | {"file": (io.BytesIO(content.encode()), "名单.csv")}
    )
    return browser.get(answer.location) if answer.status_code == 303 else browser._keep(answer)


def act(browser, step: str) -> None:
    [address] = re.findall(rf'action="([^"]+/{step})"', browser.page)
    browser.post(address, follow=True)


def test_two_people_import_a_list(place, visit):
    admin, treasurer = visit(place.admin), visit(place.treasurer)
    upload(admin, "姓名,单元\n林秀芳,第一网格\n")
    assert "核对好了" in admin.words
    assert "林秀芳" in admin.words
    act(admin, "ask")
    assert "等第二人" in admin.words
    treasurer.get("./imports")
    [address] = re.findall(r'href="([^"]+/imports/[0-9a-f]{32})"', treasurer.page)
    treasurer.get(address)
    act(treasurer, "approve")
    assert "已导入" in treasurer.words
    assert "林秀芳" in admin.get("./members").get_data(as_text=True)


def test_three_bad_rows_of_five_hundred_are_shown_and_nothing_is_taken(place, visit):
    rows = [f"居民{number},,\n" for number in range(500)]
    rows[10], rows[200], rows[499] = "甲,123,\n", ",,第一网格\n", "丙,,月球\n"
    admin = visit(place.admin)
    upload(admin, "姓名,手机,单元\n" + "".join(rows))
    assert "有 3 处问题" in admin.words
    for said in ("12 手机号 不是 11 位手机号", "202 姓名 不能空着", "501 住在 没有这个网格或楼栋"):
        assert said in admin.words
    assert "请第二人同意" not in admin.words
    upload(admin, "姓名,手机,单元\n" + "".join(row for place, row in enumerate(rows) if place not in (10, 200, 499)))
    assert "核对好了" in admin.words


def test_faults_speak_english_too(place, visit):
    admin = visit(place.admin, language="en")
    upload(admin, "姓名,手机\n林秀芳,1\n")
    assert "Not a mobile number of 11 digits." in admin.words


def test_without_a_file_the_form_says_so(place, visit):
    admin = visit(place.admin)
    assert admin.post("./imports", kind="members").status_code == 422
    assert "请先选一个文件" in admin.words


@pytest.mark.parametrize(
    ("kind", "chinese", "english"),
    [
        ("members", "姓名,手机,单元,住户,职务", "name,phone,unit,household,post"),
        ("openings", "姓名,手机,卡号,红花,分钟", "name,phone,card,points,minutes"),
        ("merchants", "店名,做什么的,门店,地址,店主,店主手机", "shop,trade,branch,address,owner,owner_phone"),
    ],
)
def test_a_template_has_the_headings_of_the_readers_language(place, visit, kind, chinese, english):
    for language, headings in (("zh", chinese), ("en", english)):
        answer = visit(place.admin, language=language).get(f"./imports/template/{kind}.csv")
        assert answer.get_data().decode() == f"\ufeff{headings}\r\n"


def test_two_people_import_shops(place, visit):
    admin, treasurer = visit(place.admin), visit(place.treasurer)
    upload(admin, "店名,做什么的,门店,地址\n麦香,面包,东门店,1 号\n麦香,糕点,西门店,2 号\n", "merchants")
    assert "3 做什么的 同一家店前后写的不一样" in admin.words
    upload(admin, "店名,做什么的,门店,地址\n麦香,面包,东门店,1 号\n麦香,面包,西门店,2 号\n", "merchants")
    act(admin, "ask")
    treasurer.get("./imports")
    address = re.findall(r'href="([^"]+/imports/[0-9a-f]{32})"', treasurer.page)[0]
    treasurer.get(address)
    act(treasurer, "approve")
    assert "麦香" in admin.get("./merchants").get_data(as_text=True)


def test_the_page_says_how_far_the_file_is(place, visit):
    admin, treasurer = visit(place.admin), visit(place.treasurer)
    upload(admin, "姓名\n林秀芳\n陈刚\n")
    assert "2 行都可以导入" in admin.words
    assert 'aria-current="step"><div><b>请第二人同意' in admin.page
    act(admin, "ask")
    assert 'aria-current="step"><div><b>等第二人同意' in admin.page
    treasurer.get("./imports")
    treasurer.get(re.findall(r'href="([^"]+/imports/[0-9a-f]{32})"', treasurer.page)[0])
    act(treasurer, "approve")
    assert "已导入 2 行" in treasurer.words
    assert 'aria-current="step"' not in treasurer.page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_post_can_be_written_as_the_pages_call_it(app, language):
    with app.test_request_context(headers={"Accept-Language": language}):
        assert {str(words): import_kinds.POSTS.get(str(words).casefold()) for words in POSTS.values()} == {
            str(words): kind for kind, words in POSTS.items()
        }


def test_no_name_is_previewed_to_who_only_oversees(place, visit):
    admin, supervisor = visit(place.admin), visit(place.supervisor)
    upload(admin, "姓名\n林秀芳\n")
    supervisor.get("./imports")
    [address] = re.findall(r'href="([^"]+/imports/[0-9a-f]{32})"', supervisor.page)
    supervisor.get(address)
    assert "林秀芳" not in supervisor.words
