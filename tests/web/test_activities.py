"""Activities at the desk: planned, printed, shown on a screen, cancelled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.service.activities import cancel_activity
from tests.ledger.service.day import ELEVEN, NINE, Day, open_day
from tests.ledger.service.doors import stand
from tests.stories import open_neighbourhood


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    """Eight in the morning of the day; the clock is given back afterwards."""
    try:
        yield open_day()
    finally:
        clock.move_to(None)


@pytest.fixture
def desk(day, visit):
    """The admin's browser."""
    return visit(day.place.admin)


def planned(day: Day, **changed: str) -> dict[str, str]:
    asked = {
        "programme_id": day.programme.id.hex,
        "unit_id": day.place.grid.id.hex,
        "name": "晚间巡逻",
        "place": "西门",
    }
    return asked | {"starts_at": "2026-11-21T19:00", "ends_at": "2026-11-21T20:30"} | changed


@pytest.mark.parametrize(("language", "words"), [("zh", "早间巡逻"), ("en", "Activities")])
@pytest.mark.parametrize("address", ["./activities", "./activities/new"])
def test_list_and_form_speak_both_languages(day, visit, language, words, address):
    browser = visit(day.place.admin, language=language)
    assert browser.get(address).status_code == 200
    assert words in browser.words or address.endswith("new")


def test_a_new_activity_leads_to_its_poster(day, desk):
    desk.post("./activities", **planned(day), follow=True)
    assert "晚间巡逻" in desk.words
    assert "2026年11月21日 19:00–20:30" in desk.words
    assert re.search(r"http://localhost/q/NH-\w{8}", desk.words)
    assert '<svg class="qr"' in desk.page


def test_times_are_meant_in_the_communitys_own_clock(day, desk):
    desk.post("./activities", **planned(day), follow=True)
    desk.get("./activities?when=coming")
    assert "明天 19:00–20:30" in desk.words


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(day, desk):
    assert desk.post("./activities", **planned(day, starts_at="")).status_code == 422
    assert 'id="starts_at-error"' in desk.page
    assert 'value="晚间巡逻"' in desk.page


def test_impossible_times_are_refused_on_the_form(day, desk):
    assert desk.post("./activities", **planned(day, ends_at="2026-11-21T18:00")).status_code == 409
    assert "活动时间不合理。" in desk.words


def test_pressing_twice_plans_once(day, desk):
    first = desk.post("./activities", key="one", **planned(day))
    assert desk.post("./activities", key="one", **planned(day)).location == first.location


def test_the_list_is_narrowed_by_time_and_place(day, desk):
    clock.move_to(ELEVEN.replace(hour=12))
    desk.get("./activities?when=coming")
    assert "这样筛选没有活动" in desk.words
    desk.get("./activities?when=past")
    assert "早间巡逻" in desk.words
    desk.get(f"./activities?unit_id={day.place.grid_beside().id.hex}")
    assert "这样筛选没有活动" in desk.words


def test_an_activity_shows_its_visits_and_is_cancelled_with_a_reason(day, desk):
    address = f"./activities/{day.activity.id.hex}"
    desk.get(address)
    assert "取消这次活动" in desk.words
    assert desk.post(f"{address}/cancel").status_code == 422
    desk.post(f"{address}/cancel", reason="下雨，改到周日", follow=True)
    assert "这次活动取消了" in desk.words
    assert "下雨，改到周日" in desk.words
    assert "打印海报" not in desk.words


def test_an_activity_that_people_served_at_is_not_swept_away(day, desk):
    day.served(day.place.volunteer())
    answer = desk.post(f"./activities/{day.activity.id.hex}/cancel", reason="下雨")
    assert answer.status_code == 409
    assert "已有 1 人次在这次活动中服务，不能取消。" in desk.words


def test_the_screen_asks_for_the_next_code_by_itself_without_a_script(day, desk):
    address = f"./activities/{day.activity.id.hex}/live"
    clock.move_to(NINE)
    desk.get(address)
    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in desk.page
    assert day.live_code(NINE) in desk.words
    assert "来的时候扫一次，走的时候扫一次" in desk.words
    assert "Scan when you come, and again when you leave" in desk.words
    clock.advance(seconds=10)
    desk.get(address)
    assert '<meta http-equiv="refresh" content="5">' in desk.page
    clock.advance(seconds=5)
    desk.get(address)
    assert day.live_code(NINE) not in desk.words


def test_two_screens_show_the_same_code_until_the_activity_is_over_or_cancelled(day, desk, visit):
    address = f"./activities/{day.activity.id.hex}/live"
    clock.move_to(NINE)
    other = visit(day.place.coordinator, language="en")
    shown = [re.search(r"NH-\w{8}", screen.words)[0] for screen in (desk, other) if screen.get(address)]
    assert shown == [day.live_code(NINE)] * 2
    clock.move_to(ELEVEN + timedelta(minutes=30))
    desk.get(address)
    assert "NH-" in desk.words
    clock.advance(seconds=1)
    for screen, words in ((desk, "这次活动结束了"), (other, "This activity is over")):
        screen.get(address)
        assert words in screen.words
        assert "NH-" not in screen.words
        assert "http-equiv" not in screen.page
    tomorrow = day.another_activity(starts_at=NINE + timedelta(days=1), ends_at=ELEVEN + timedelta(days=1))
    cancel_activity(day.place.admin.actor, tomorrow.id, reason="下雨")
    assert desk.get(f"./activities/{tomorrow.id.hex}/live").status_code == 200
    assert "这次活动取消了 下雨" in desk.words


def test_a_coordinator_plans_in_the_own_grid_only(day, visit):
    browser = visit(day.place.staff(Role.COORDINATOR, unit=day.place.grid))
    browser.get("./activities/new")
    assert f'value="{day.place.grid.id.hex}"' in browser.page
    assert f'value="{day.place.root.id.hex}"' not in browser.page
    assert browser.post("./activities", **planned(day)).status_code == 303
    elsewhere = planned(day, unit_id=day.place.grid_beside().id.hex)
    assert browser.post("./activities", **elsewhere).status_code == 403


@pytest.mark.parametrize("path", ["", "/new", "/{id}/poster", "/{id}/live"])
def test_who_stays_outside(day, visit, path):
    address = f"/activities{path.format(id=day.activity.id.hex)}"
    assert visit(day.place.volunteer()).get(f".{address}").status_code == 403
    assert visit(open_neighbourhood("远方社区").admin).get(f"/c/{day.place.id.hex}{address}").status_code == 404
    assert visit().get(f"/c/{day.place.id.hex}{address}").status_code == 401


def test_a_volunteer_signs_up_and_says_that_they_cannot_come(day, visit):
    lin = visit(day.place.volunteer())
    lin.post(f"./activities/{day.activity.id.hex}/sign-up", follow=True)
    assert "已报名 1 人" in lin.words
    [step] = re.findall(r'action="([^"]+/cancel)"', lin.page)
    lin.post(step, follow=True)
    assert "已报名 0 人" in lin.words


def test_after_the_last_place_one_joins_the_line_and_is_told_where(day, visit):
    activity = day.another_activity(capacity=1)
    visit(day.place.volunteer()).post(f"./activities/{activity.id.hex}/sign-up")
    gang = visit(day.place.volunteer("陈刚"))
    gang.get(f"./activities/{activity.id.hex}")
    assert "还有 0 个名额" in gang.words
    gang.post(f"./activities/{activity.id.hex}/sign-up", follow=True)
    assert "您排在第 1 位" in gang.words


def test_staff_see_who_comes_and_a_volunteer_does_not(day, visit):
    lin, gang = day.place.volunteer(), day.place.volunteer("陈刚")
    visit(lin).post(f"./activities/{day.activity.id.hex}/sign-up")
    desk, other = visit(day.place.admin), visit(gang)
    assert "林秀芳" in desk.get(f"./activities/{day.activity.id.hex}").get_data(as_text=True)
    assert "林秀芳" not in other.get(f"./activities/{day.activity.id.hex}").get_data(as_text=True)


def test_one_activity_or_one_day_of_a_standing_one_is_changed_or_called_off(day, desk):
    address = f"./activities/{day.activity.id.hex}"
    desk.get(address)
    desk.post(f"{address}/change", place="西门", starts_at="2026-11-20T10:00", ends_at="2026-11-20T12:00", follow=True)
    assert "10:00–12:00 · 西门" in desk.words
    assert desk.post(f"{address}/change").status_code == 422
    assert "没有写要改什么" in desk.words
    standing = f"./activities/{stand(day).id.hex}"
    desk.get(standing)
    assert desk.post(f"{standing}/cancel", day="", reason="大雪").status_code == 409
    desk.post(f"{standing}/cancel", day="2026-11-21", reason="大雪", follow=True)
    assert "这次活动取消了 大雪" in desk.words
    desk.get(standing)
    assert "接下来不一样的日子" in desk.words
    assert desk.post(f"{standing}/change", day="2026-11-19", place="西门").status_code == 409
    assert "这次活动已经结束。" in desk.words


def test_several_posters_are_printed_at_once_each_with_its_own_code(day, visit):
    other = day.another_activity(name="送餐到家")
    cancelled = day.another_activity(name="取消了的")
    cancel_activity(day.place.admin.actor, cancelled.id, reason="下雨")
    admin = visit(day.place.admin)
    admin.get("./activities")
    assert admin.page.count('name="activity_id"') == 2, "what was cancelled has no poster"
    admin.get(f"./activities/posters?activity_id={other.id.hex}")
    assert (admin.page.count('<article class="poster">'), "早间巡逻" in admin.words) == (1, False)
    for query in (f"?activity_id={other.id.hex}&activity_id={day.activity.id.hex}", ""):
        assert admin.get(f"./activities/posters{query}").status_code == 200
        assert admin.page.count('<article class="poster">') == 2
        for activity in (other, day.activity):
            assert f"/q/{activity.poster_code}" in admin.words
    clock.move_to(ELEVEN + timedelta(hours=1))
    admin.get("./activities/posters")
    assert "没有要打印的海报" in admin.words


def test_posters_are_for_whoever_manages_the_activity(day, visit):
    beside = visit(day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside()))
    assert beside.get(f"./activities/posters?activity_id={day.activity.id.hex}").status_code == 403
    assert "没有要打印的海报" in (beside.get("./activities/posters"), beside.words)[1]
    assert beside.get("./activities/posters?activity_id=nobody").status_code == 404
    assert visit(day.place.volunteer()).get("./activities/posters").status_code == 403
