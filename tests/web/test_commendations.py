"""Pages of the year's commendation: each step by whom it is for, the public announcement, the papers, the two lists."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from ledger.core import clock
from ledger.core.audit import LineFilter, list_lines
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.people.teams import form_team
from ledger.recognition.certificates import ask_certificate, issue_certificate
from ledger.recognition.commendation_models import CommendationState
from tests.ledger.recognition import commending
from tests.ledger.recognition.commending import Commended
from tests.stories import Neighbour
from tests.web.browser import Browser


@pytest.fixture
def told(context: object) -> Iterator[Callable[..., Commended]]:
    try:
        yield commending.open_commendation
    finally:
        clock.move_to(None)


def test_every_step_is_taken_on_the_page_and_the_public_reads_masked_names(told, visit):
    year: Commended = told(CommendationState.DRAFT)
    admin, supervisor, officer = visit(year.admin), visit(year.supervisor), visit(year.officer)
    coordinator, stranger = visit(year.coordinator), visit(language="en")
    admin.get("./commendations")
    assert admin.post("./commendations", title="", year="2026", kind="volunteer").status_code == 422
    admin.post("./commendations", title="优秀志愿者", year="2026", kind="volunteer", follow=True)
    one = "./" + re.findall(r'action="/c/[0-9a-f]+/(commendations/[0-9a-f]+)/criteria"', admin.page)[0]
    counted = admin.post(f"{one}/criteria", hours="3", most="10", preview="true")
    assert (counted.status_code, "现在有 0 个符合" in admin.words) == (200, True)
    wrong = admin.post(f"{one}/criteria", hours="99999", most="10")
    assert (wrong.status_code, 'id="hours-error"' in admin.page) == (422, True)
    admin.post(f"{one}/criteria", hours="2", most="10", bonus_points="30", nothing_open="true", follow=True)
    assert "没有未答复的异议或意见 是" in admin.words
    admin.post(f"{one}/open", follow=True)
    assert stranger.get(f"{admin.root}{one[1:]}").status_code == 404
    for name in ("林秀芳", "陈刚"):
        coordinator.get(one)
        option = re.search(rf'<option value="([0-9a-f]+)" >{name}', coordinator.page)
        coordinator.post(f"{one}/nominate", subject_id=option[1], reason="热心", follow=True)
    supervisor.get("./office")
    assert "提名等评审" in supervisor.words
    for reviewer in (supervisor, officer):
        reviewer.get(one)
        for nomination in re.findall(r'name="nomination_id" value="([0-9a-f]+)"', reviewer.page):
            reviewer.post(f"{one}/review", nomination_id=nomination, is_for="true", note="好")
    officer.get(one)
    assert "林*芳" in officer.words
    admin.post(f"{one}/announce", days="5", follow=True)
    assert "公示中" in admin.words
    _objected_and_answered(admin, stranger, one)
    year.wait()
    admin.get("./office")
    assert "公示期满的名单" in admin.words
    admin.get(one)
    admin.post(f"{one}/freeze", follow=True)
    assert "等监督员公布" in admin.words
    supervisor.get(one)
    supervisor.post(f"{one}/publish", follow=True)
    assert "已公布" in supervisor.words
    assert supervisor.get(f"{one}/certificates").status_code == 403
    _printed_verified_and_revoked(admin, stranger, visit(year.people["陈刚"]), one)
    admin.get(f"./members/{year.people['陈刚'].member_id.hex}/account")
    assert "优秀志愿者" in admin.words


def _objected_and_answered(admin: Browser, stranger: Browser, one: str) -> None:
    """Anybody reads the list, masked, and objects; the answer is public, the words are not."""
    address = f"{admin.root}{one[1:]}"
    stranger.get(f"{admin.root}/commendations")
    assert "Announced" in stranger.words
    stranger.get(address)
    assert "林秀芳" in stranger.words
    assert "陈*" in stranger.words
    assert "陈刚" not in stranger.page
    assert stranger.post(f"{address}/objections", words="").status_code == 422
    stranger.post(f"{address}/objections", words="时长不对", follow=True)
    assert "Your objection was received" in stranger.words
    assert "时长不对" not in stranger.words
    admin.get(one)
    assert "时长不对" in admin.words
    assert admin.post(f"{one}/freeze").status_code == 409
    answer = re.findall(r'action="[^"]+/objections/([0-9a-f]+)/answer"', admin.page)[0]
    admin.post(f"{one}/objections/{answer}/answer", answer="核对过记录", is_upheld="false", follow=True)
    stranger.get(address)
    assert "核对过记录" in stranger.words


def _printed_verified_and_revoked(admin: Browser, stranger: Browser, mine: Browser, one: str) -> None:
    """All papers in one print, one's own under "my year", valid for anybody until they are revoked."""
    admin.get(f"{one}/certificates")
    assert "荣誉证书" in admin.words
    assert admin.words.count("Certificate of Honour") == 2
    assert "陈刚" in admin.words
    mine.get("./my/year")
    number = re.search(r"NH-[A-Z0-9-]+", mine.words)[0]
    mine.get("./" + re.findall(r'href="/c/[0-9a-f]+/(honours/[0-9a-f]+)"', mine.page)[0])
    assert "陈刚" in mine.words
    stranger.get(f"/verify/{number}")
    assert "优秀志愿者" in stranger.words
    assert "陈*" in stranger.words
    admin.get(one)
    revoke = re.findall(r'action="/c/[0-9a-f]+/(commendations/[0-9a-f]+/honours/[0-9a-f]+)/revoke"', admin.page)
    for address_of_one in revoke:
        admin.post(f"./{address_of_one}/revoke", reason="查实", follow=True)
    assert "查实" in admin.words


def test_a_draft_is_dropped_and_the_secretary_keeps_the_two_lists(told, visit):
    year: Commended = told(CommendationState.DRAFT)
    place = year.month.street.place
    admin = visit(place.admin)
    admin.get(f"./commendations/{year.id.hex}")
    admin.post(f"./commendations/{year.id.hex}/drop", follow=True)
    assert "不办了" in admin.words
    person = place.volunteer("丁春梅")
    grants.give_post(place.admin.actor, person.member_id, kind=PostKind.BRANCH_SECRETARY, unit_id=place.root.id)
    secretary = visit(person)
    secretary.get("./priority-lists?search=陈")
    fields = {"list_kind": "party_applicants", "member_id": year.people["陈刚"].member_id.hex, "note": "踏实"}
    assert secretary.post("./priority-lists?search=陈", **fields, birth_year="1999").status_code == 409
    assert "本人同意" in secretary.words
    secretary.post("./priority-lists", **fields, birth_year="1999", is_agreed="true", follow=True)
    assert "1999 年生" in secretary.words
    ended = re.findall(r'action="/c/[0-9a-f]+/(priority-lists/[0-9a-f]+/end)"', secretary.page)[0]
    secretary.post(f"./{ended}", follow=True)
    assert "踏实" not in secretary.words
    assert admin.get("./priority-lists").status_code == 403


def test_service_records_have_the_blocks_of_the_standard_for_staff_and_for_oneself(told, visit):
    year: Commended = told(CommendationState.PUBLISHED)
    chen, admin = year.people["陈刚"], year.admin
    asked = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 11, 30), "purpose": "求职"}
    number = issue_certificate(admin.actor, ask_certificate(chen.actor, member_id=chen.member_id, **asked).id).number
    form_team(admin.actor, "=夜巡队", unit_id=year.month.street.place.grid.id, leader_id=chen.member_id)

    def records(person: Neighbour, query: str = "") -> list[list[str]]:
        answer = visit(person).client.get(f"/c/{year.community_id.hex}/service-records.csv{query}")
        return list(csv.reader(answer.get_data(as_text=True).removeprefix("\ufeff").splitlines()))

    heading, *rows = records(admin)
    assert heading[7:9] == ["培训名称", "培训学时"]
    assert sorted(row[1] for row in rows) == ["林秀芳", "王桂兰", "赵敏", "陈刚"]
    [mine] = [row for row in rows if row[1] == "陈刚"]
    assert mine[3:10] == ["'=夜巡队", "巡逻", "早间巡逻", "东门", "", "", "年度优秀志愿者"]
    assert (mine[12], mine[13], mine[14]) == ("120", "", number)
    assert records(chen, "?mine=1")[1:] == records(chen)[1:] == [mine]
    assert records(admin, "?month=2026-10")[1:] == []
    table = visit(chen).client.get(f"/c/{year.community_id.hex}/service-records.xlsx?mine=1")
    assert [cell.value for cell in load_workbook(BytesIO(table.data)).active[1]] == heading
    for refused in (year.officer, year.month.street.owner):
        assert visit(refused).get("./service-records.csv").status_code == 403
    lines = list_lines(admin.actor, wanted=LineFilter(action="people.export_list"))
    assert [line.detail["kind"] for line in lines] == ["service-records"] * 5
