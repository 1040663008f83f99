"""The stamping queue: what waits, what a press would do, the press, and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.people import households
from ledger.service import queue, stamps
from ledger.service.models import Checkin, Decision
from tests.ledger.service.day import ELEVEN, NINE, Day, open_day
from tests.stories import open_neighbourhood
from tests.web.browser import Browser

HIDDEN = re.compile(r'name="(checkin_ids|preview_digest)" value="([^"]+)"')


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    """Eight in the morning of the day; the clock is given back afterwards."""
    try:
        yield open_day()
    finally:
        clock.move_to(None)


@pytest.fixture
def desk(day: Day, visit: Callable[..., Browser]) -> Browser:
    """The stamper's browser."""
    return visit(day.place.stamper)


def press(desk: Browser, *visits: Checkin, decision: str = "stamp", note: str = ""):
    """Preview these visits and press the button below the preview."""
    desk.get("./stamps")
    desk.post("./stamps/preview", checkin_ids=[one.id.hex for one in visits], decision=decision)
    found = HIDDEN.findall(desk.page)
    return desk.post(
        "./stamps",
        checkin_ids=[value for name, value in found if name == "checkin_ids"],
        preview_digest=next(value for name, value in found if name == "preview_digest"),
        decision=decision,
        note=note,
        follow=True,
    )


def state_of(day: Day, one: Checkin) -> str:
    return queue.see_checkin(day.place.admin.actor, one.id).checkin.state


@pytest.mark.parametrize(("language", "words"), [("zh", "2 小时 × 5 = 10 朵"), ("en", "2 h × 5 = 10 flowers")])
def test_the_queue_says_how_the_points_come_about(day, visit, language, words):
    day.served(day.place.volunteer())
    desk = visit(day.place.stamper, language=language)
    assert desk.get("./stamps").status_code == 200
    assert words in desk.words


def test_an_empty_queue_says_so(desk):
    desk.get("./stamps")
    assert "都盖完了" in desk.words


def test_flagged_rows_are_not_chosen_beforehand(day, desk):
    plain = day.served(day.place.volunteer("陈刚"))
    late = day.served_late(day.place.volunteer("马兰"))
    desk.get("./stamps")
    assert re.search(rf'value="{plain.id.hex}"[^>]* checked', desk.page)
    assert not re.search(rf'value="{late.id.hex}"[^>]* checked', desk.page)
    assert "72 小时后才补录" in desk.words
    assert "选了 1 条，共 10 朵" in desk.words


def test_the_strongest_evidence_comes_first(day, desk):
    day.served_late(day.place.volunteer("马兰"))
    day.served(day.place.volunteer("陈刚"))
    desk.get("./stamps")
    assert desk.words.index("陈刚") < desk.words.index("马兰")


def test_what_one_may_not_stamp_cannot_be_chosen_and_says_why(day, desk):
    one = day.served(day.place.stamper)
    desk.get("./stamps")
    assert f'value="{one.id.hex}"' not in desk.page
    assert "–" in desk.words


def test_the_filters_stand_in_the_address(day, desk):
    other = day.another_activity(name="送餐", starts_at=ELEVEN, ends_at=ELEVEN + timedelta(hours=1))
    day.served(day.place.volunteer("陈刚"))
    day.arrive(day.place.volunteer("马兰"), ELEVEN, to=other)
    clock.move_to(ELEVEN + timedelta(hours=1))
    desk.get(f"./stamps?activity_id={day.activity.id.hex}")
    assert "陈刚" in desk.words
    desk.get("./stamps?evidence=coordinator_scan")
    assert "这样筛选没有待盖章的" in desk.words
    desk.get(f"./stamps?unit_id={day.place.grid_beside().id.hex}")
    assert "这样筛选没有待盖章的" in desk.words


def test_a_question_that_makes_no_sense_is_as_good_as_not_asked(day, desk):
    day.served(day.place.volunteer("陈刚"))
    assert desk.get("./stamps?evidence=magic&sort=size").status_code == 200
    assert "陈刚" in desk.words


def test_the_queue_has_pages(day, desk, monkeypatch):
    monkeypatch.setattr("web.stamps.AT_ONCE", 1)
    for name in ("陈刚", "马兰"):
        day.served(day.place.volunteer(name))
    desk.get("./stamps")
    assert "显示 1，共 2" in desk.words
    first = "陈刚" in desk.words
    following = re.search(r'href="([^"]+cursor=[^"]+)"', desk.page)[1].replace("&amp;", "&")
    desk.get(following)
    assert ("马兰" if first else "陈刚") in desk.words
    assert "下一页" not in desk.words


def test_a_preview_sums_up_and_stores_nothing(day, desk):
    visits = [day.served(day.place.volunteer(name)) for name in ("陈刚", "马兰")]
    desk.get("./stamps")
    desk.post("./stamps/preview", checkin_ids=[one.id.hex for one in visits], decision="stamp")
    assert "盖章，发出 20 朵" in desk.words
    assert "2 条服务，4 小时" in desk.words
    assert state_of(day, visits[0]) == "pending"


def test_a_press_without_a_choice_says_so(day, desk):
    day.served(day.place.volunteer())
    desk.get("./stamps")
    assert desk.post("./stamps/preview", decision="stamp").status_code == 422
    assert "一条也没选" in desk.words


def test_stamping_takes_two_presses_and_undoing_one(day, desk):
    one = day.served(day.place.volunteer())
    press(desk, one)
    assert "1 条服务，发出 10 朵" in desk.words
    assert state_of(day, one) == "stamped"
    undo = re.search(r'action="([^"]+/undo)"', desk.page)[1]
    desk.post(undo, follow=True)
    assert "已撤销" in desk.words
    assert state_of(day, one) == "pending"


@pytest.mark.parametrize(("decision", "state"), [("return", "returned"), ("void", "void")])
def test_returning_and_voiding_need_a_note(day, desk, decision, state):
    one = day.served(day.place.volunteer())
    assert press(desk, one, decision=decision).status_code == 422
    assert "请填写这一项。" in desk.words
    assert press(desk, one, decision=decision, note="时间不对，请更正").status_code == 200
    assert "时间不对，请更正" in desk.words
    assert state_of(day, one) == state


def test_what_changed_since_the_preview_is_shown_again(day, desk):
    one, other = (day.served(day.place.volunteer(name)) for name in ("陈刚", "马兰"))
    desk.get("./stamps")
    ids = [one.id.hex, other.id.hex]
    desk.post("./stamps/preview", checkin_ids=ids, decision="stamp")
    digest = dict(HIDDEN.findall(desk.page))["preview_digest"]
    stamps.stamp_checkins(day.place.admin.actor, [one.id], decision=Decision.VOID, note="重复")
    answer = desk.post("./stamps", checkin_ids=ids, preview_digest=digest, decision="stamp")
    assert answer.status_code == 409
    assert "盖章，发出 10 朵" in desk.words


def test_a_stamper_sees_only_the_own_part(day, visit):
    elsewhere = day.place.staff(Role.STAMPER, unit=day.place.grid_beside())
    one = day.served(day.place.volunteer())
    desk = visit(elsewhere)
    desk.get("./stamps")
    assert "都盖完了" in desk.words
    desk.post("./stamps/preview", checkin_ids=[one.id.hex], decision="stamp")
    assert "林秀芳" not in desk.words


def test_nobody_stamps_the_own_household_here_either(day, desk):
    person = day.place.volunteer()
    stamper = day.place.stamper
    households.form_household(day.place.admin.actor, "林家", member_ids=[person.member_id, stamper.member_id])
    one = day.served(person)
    desk.get("./stamps")
    assert f'value="{one.id.hex}"' not in desk.page


def test_a_batch_of_strangers_is_not_found_and_volunteers_may_not_look(day, desk, visit):
    press(desk, day.served(day.place.volunteer()))
    batch = re.search(r'action="([^"]+)/undo"', desk.page)[1]
    assert visit(day.place.volunteer("陈刚")).get(batch).status_code == 403
    assert visit(day.place.volunteer("陈刚")).get("./stamps").status_code == 403
    assert visit(open_neighbourhood("远方社区").admin).get(batch).status_code == 404
    assert visit().get(batch).status_code == 401


def test_nine_in_the_morning_is_shown_as_local_time(day, desk):
    day.served(day.place.volunteer())
    clock.move_to(NINE + timedelta(hours=3))
    desk.get("./stamps")
    assert "今天 09:00" in desk.words


def test_how_soon_the_community_stamps_is_read_from_a_service_that_waits_and_from_the_queue(day, visit):
    person = day.place.volunteer()
    waits, other = day.served(person), day.served(day.place.volunteer("王强"))
    day.stamp([other.id])
    clock.move_to(ELEVEN + timedelta(days=6))
    mine = visit(person)
    mine.get(f"./checkins/{waits.id.hex}")
    assert "/service-level" in mine.page
    mine.get("./service-level")
    assert "现在有 1 次服务超过了承诺的日子" in mine.words
    assert "50% 按承诺盖章的比例" in mine.words
    assert "谁盖了多少" not in mine.words, "a stamper's pace is not everybody's"
    overseer = visit(day.place.admin, language="en")
    overseer.get("./stamps")
    assert "/service-level" in overseer.page
    overseer.get("./service-level?month=2026-10")
    assert "November" not in overseer.words.partition("Visits")[2]
    overseer.get("./service-level")
    assert f"{day.place.stamper.name} Rows 1" in overseer.words
