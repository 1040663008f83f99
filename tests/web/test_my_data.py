"""My data on pages, and the requests that staff decide."""

from __future__ import annotations

import re

import pytest

from ledger.core import clock
from ledger.people import consents, erasures
from ledger.people.models import Purpose


def test_home_leads_to_my_data_which_says_what_i_agreed_to(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./")
    assert f'href="{browser.root}/my-data"' in browser.page
    browser.get("./my-data")
    assert "起同意" in browser.words
    assert "撤回后不再记录新的服务" in browser.words


@pytest.mark.parametrize("given", ["true", "false"])
def test_one_press_gives_or_withdraws(day, visit, given):
    person = day.place.volunteer()
    browser = visit(person)
    browser.get("./my-data")
    browser.post("./my-data/consents", purpose="publication", given=given, follow=True)
    assert (Purpose.PUBLICATION in consents.given_by(person.person_id)) == (given == "true")


def test_the_file_is_made_and_fetched_from_the_page(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./my-data")
    browser.post("./my-data/files", follow=True)
    [path] = re.findall(r'href="([^"]+\.zip)"', browser.page)
    assert browser.get(path).data[:2] == b"PK"
    other = visit(day.place.volunteer())
    assert other.get(path).status_code == 404


def test_asking_to_be_erased_and_withdrawing(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./my-data")
    browser.post("./my-data/erasures", follow=True)
    assert "等待办理" in browser.words
    [path] = re.findall(r'action="([^"]+/withdraw)"', browser.page)
    browser.post(path, follow=True)
    assert "已撤回" in browser.words


def test_staff_refuse_with_a_ground_or_carry_out(day, visit):
    lin, wang = day.place.volunteer(), day.place.volunteer("王奶奶")
    for person in (lin, wang):
        erasures.ask_erasure(person.actor)
    browser = visit(day.place.admin)
    browser.get("./erasures")
    paths = re.findall(r'action="([^"]+/refuse)"', browser.page)
    assert browser.post(paths[0], ground="statutory_retention").status_code == 422
    browser.post(paths[0], ground="statutory_retention", retained_until="2030-01-01", follow=True)
    assert "法律要求保留" in browser.words
    clock.advance(days=7)
    browser.get("./erasures")
    [path] = re.findall(r'action="([^"]+/carry-out)"', browser.page)
    browser.post(path, follow=True)
    assert "已注销成员" in browser.words


def test_requests_are_for_who_manages_people(day, visit):
    assert visit(day.place.coordinator).get("./erasures").status_code == 403


@pytest.mark.parametrize("path", ["./my-data", "./erasures"])
def test_in_english(day, visit, path):
    browser = visit(day.place.admin, language="en")
    assert browser.get(path).status_code == 200
    assert "注销" not in browser.words
