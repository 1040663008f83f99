"""Objections on pages: two taps under one's own service, the desk's list, the answer, and what puts it right."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.service import objections, queue, stamps
from ledger.service.models import Decision
from ledger.service.objection_models import Grievance, Outcome
from tests.ledger.service.day import Day
from tests.stories import Neighbour, street_officer
from tests.web.browser import Browser


def actions(browser: Browser, ending: str) -> list[str]:
    return re.findall(rf'action="([^"]+/{ending})"', browser.page)


@pytest.fixture
def lin(day: Day) -> Neighbour:
    return day.place.volunteer()


@pytest.fixture
def service(day: Day, lin: Neighbour) -> str:
    """The page of a service of 林秀芳 that was stamped."""
    visit = day.served(lin)
    day.stamp([visit.id])
    clock.advance(hours=1)
    return f"./checkins/{visit.id.hex}"


def test_a_member_objects_in_two_taps_and_takes_it_back(lin, service, visit):
    browser = visit(lin)
    browser.get(service)
    assert "记得不对？" in browser.words
    [path] = actions(browser, "objections")
    assert browser.post(path, reason="void").status_code == 409, "it is not void"
    assert browser.post(path, reason="minutes", words="长" * 301).status_code == 422
    browser.post(path, reason="minutes", words="我待到十一点半", follow=True)
    assert "时长不对 我待到十一点半" in browser.words
    assert "11月28日 前答复" in browser.words
    assert actions(browser, "objections") == []
    [path] = actions(browser, "withdraw")
    browser.post(path, follow=True)
    assert "已撤回" in browser.words
    assert len(actions(browser, "objections")) == 1


def test_an_old_service_has_no_way_to_object(lin, service, visit):
    browser = visit(lin)
    browser.get(service)
    [path] = actions(browser, "objections")
    clock.advance(days=61)
    assert browser.post(path, reason="minutes").status_code == 409
    assert "请到社区当面说明" in browser.words
    browser.get(service)
    assert "记得不对？" not in browser.words


def test_staff_answer_from_their_desk_and_the_member_reads_it(day, lin, service, visit):
    browser = visit(lin)
    browser.get(service)
    browser.post(*actions(browser, "objections"), reason="points")
    staff = visit(day.place.staff(Role.STAMPER, unit=day.place.grid))
    staff.get("./office")
    assert "异议等答复" in staff.words
    assert "异议过期未答" not in staff.words
    staff.get("./objections?status=asked")
    assert "林秀芳 红花不对" in staff.words
    [path] = actions(staff, "answer")
    assert staff.post(path, outcome="kept", answer="").status_code == 422
    assert staff.post(path, outcome="gone", answer="好").status_code == 422
    staff.post(path, outcome="kept", answer="两小时十朵", follow=True)
    assert "没有这样的异议" in staff.words
    staff.get("./objections")
    assert "没有改：两小时十朵" in staff.words
    browser.get("./notices")
    assert "您提的异议有了答复" in browser.words
    browser.get(service)
    assert "没有改：两小时十朵" in browser.words


def test_what_is_overdue_stands_first(day, lin, service, visit):
    browser = visit(lin)
    browser.get(service)
    browser.post(*actions(browser, "objections"), reason="points")
    clock.advance(days=9)
    staff = visit(day.place.staff(Role.ADMIN))
    staff.get("./office")
    assert staff.words.index("异议过期未答") < staff.words.index("接下来的活动")
    assert "异议等答复" not in staff.words
    staff.get("./objections?overdue=true")
    assert "过期未答" in staff.words
    assert len(actions(staff, "answer")) == 1


def test_who_stamped_it_reads_why_somebody_else_answers(day, lin, service, visit):
    browser = visit(lin)
    browser.get(service)
    browser.post(*actions(browser, "objections"), reason="points")
    stamper = visit(day.place.stamper)
    stamper.get("./office")
    assert "异议等答复" not in stamper.words
    stamper.get("./objections")
    assert actions(stamper, "answer") == []
    assert "上一步是您自己做的" in stamper.words
    [found] = objections.list_objections(day.place.stamper.actor)
    assert stamper.post(f"./objections/{found.objection.id.hex}/answer", outcome="kept", answer="好").status_code == 409


def test_the_street_sees_without_names_and_members_have_no_desk(day, lin, service, visit):
    browser = visit(lin)
    browser.get(service)
    browser.post(*actions(browser, "objections"), reason="points")
    street = visit(street_officer(day.place.community))
    street.get("./objections")
    assert "林*芳 红花不对" in street.words
    assert actions(street, "answer") == []
    assert browser.get("./objections").status_code == 403


def test_a_stamper_puts_it_right_from_the_page_of_the_service(day, lin, service, visit):
    found = queue.list_checkins(lin.actor)[0].checkin
    row = objections.raise_objection(lin.actor, found.id, Grievance.MINUTES)
    clock.advance(hours=1)
    other = day.place.staff(Role.STAMPER)
    staff = visit(other)
    staff.get(service)
    [path] = actions(staff, "undo")
    staff.post(path, follow=True)
    assert "待盖章" in staff.words
    assert actions(staff, "undo") == []
    assert f"stamps?activity_id={day.activity.id.hex}" in staff.page
    assert staff.post(path).status_code == 404, "no stamp is left to undo"
    clock.advance(hours=1)
    stamps.stamp_checkins(other.actor, [found.id], decision=Decision.RETURN, note="请补时间")
    objections.answer_objection(other.actor, row.id, Outcome.CHANGED, answer="已退回，请补时间")
    member = visit(lin)
    member.get(service)
    assert "已改正：已退回，请补时间" in member.words
    assert actions(member, "undo") == []


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.SUPERVISOR])
def test_who_does_not_stamp_undoes_nothing(day, service, visit, role):
    browser = visit(day.place.staff(role))
    browser.get(service)
    assert actions(browser, "undo") == []
    path = service + "/undo"
    assert browser.post(path).status_code == 403


def test_objections_in_english(lin, service, visit):
    browser = visit(lin, language="en")
    browser.get(service)
    browser.post(*actions(browser, "objections"), reason="minutes", follow=True)
    assert "The time is wrong" in browser.words
    assert timedelta(0) < objections.list_objections(lin.actor)[0].objection.due_at - clock.now()
