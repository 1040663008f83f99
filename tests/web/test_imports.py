"""Importing on the pages: upload, see what is wrong, ask, and let the second person decide."""

from __future__ import annotations

import io
import re
import uuid

import pytest

from tests.stories import open_neighbourhood


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


@pytest.mark.parametrize("kind", ["members", "openings"])
def test_a_template_has_the_headings(place, visit, kind):
    answer = visit(place.admin).get(f"./imports/template/{kind}.csv")
    assert answer.get_data().startswith("\ufeff姓名".encode())


def test_no_name_is_previewed_to_who_only_oversees(place, visit):
    admin, supervisor = visit(place.admin), visit(place.supervisor)
    upload(admin, "姓名\n林秀芳\n")
    supervisor.get("./imports")
    [address] = re.findall(r'href="([^"]+/imports/[0-9a-f]{32})"', supervisor.page)
    supervisor.get(address)
    assert "林秀芳" not in supervisor.words
