"""Pages of the year's commendation: each step by whom it is for, the public announcement, the papers, the two lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from ledger.core import clock
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.recognition.commendation_models import CommendationState
from tests.ledger.recognition import commending
from tests.ledger.recognition.commending import Commended


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
    year.wait()
    admin.get("./office")
    assert "公示期满的名单" in admin.words
    admin.get(one)
    admin.post(f"{one}/freeze", follow=True)
    assert "等监督员公布" in admin.words
    supervisor.get(one)
    supervisor.post(f"{one}/publish", follow=True)
    assert "已公布" in supervisor.words
    admin.get(f"{one}/certificates")
    assert "荣誉证书" in admin.words
    assert admin.words.count("Certificate of Honour") == 2
    assert "陈刚" in admin.words
    assert supervisor.get(f"{one}/certificates").status_code == 403
    mine = visit(year.people["陈刚"])
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
    admin.get(f"./members/{year.people['陈刚'].member_id.hex}/account")
    assert "优秀志愿者" in admin.words


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
