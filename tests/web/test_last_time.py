"""A list opens as it was last seen, says so, and leads to all of it; an address with questions always wins."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.people import households, teams
from ledger.rewards import vouchers
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.feedback import NOTHING
from ledger.service.models import Basis
from ledger.service.programmes import RuleTerms, create_programme
from tests.ledger.people.importing import check as check_file
from tests.ledger.people.importing import csv_of
from tests.ledger.rewards.street import NOON, open_street
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.ledger.service.feedback_giving import give, leader
from tests.ledger.settlement.office import Office
from tests.web.browser import Browser

SAID = "和上次一样的筛选和排序"


@pytest.fixture
def admin(day: Day, visit: Callable[..., Browser]) -> Browser:
    """An admin in front of two activities, one of them over."""
    day.another_activity(name="明日送餐", starts_at=NINE + timedelta(days=1), ends_at=ELEVEN + timedelta(days=1))
    clock.move_to(ELEVEN + timedelta(hours=1))
    return visit(day.place.admin)


@pytest.fixture
def office(context: object) -> Iterator[Office]:
    """Friday noon of week 47 on a street with one bakery; the clock is given back afterwards."""
    try:
        yield Office(open_street())
    finally:
        clock.move_to(None)


def shown(browser: Browser) -> tuple[bool, bool, bool]:
    """Is the past activity on the page, is the coming one, and does the page say that it looks as last time?"""
    return "早间巡逻" in browser.words, "明日送餐" in browser.words, SAID in browser.words


def on_the_list(browser: Browser, query: str) -> None:
    """A choice made on the list itself, as its form and its heads send it."""
    path = f"{browser.root}/activities"
    browser.get(path + query, came_from=f"http://localhost{path}")


def test_a_list_opens_as_last_time_says_so_and_leads_to_all_of_it(admin):
    on_the_list(admin, "?when=coming&unit_id=&sort=earliest")
    assert shown(admin) == (False, True, False), "it is what was just asked"
    again = admin.get("./activities")
    assert (again.status_code, again.location) == (302, f"{admin.root}/activities?when=coming&sort=earliest&last=1")
    admin.get(again.location)
    assert shown(admin) == (False, True, True)
    assert f'<a href="{admin.root}/activities">看全部</a>' in admin.page
    on_the_list(admin, "")
    assert shown(admin) == (True, True, False)
    assert admin.get("./activities").status_code == 200, "all of it is remembered, too"


def test_an_address_with_questions_wins_and_what_led_there_is_not_remembered(admin):
    on_the_list(admin, "?when=coming")
    admin.get("./activities?when=past", came_from=f"http://localhost{admin.root}/office")
    assert shown(admin) == (True, False, False)
    assert "when=coming" in admin.get("./activities").location


def test_of_nobody_elses_session_and_of_no_other_list(admin, day):
    on_the_list(admin, "?when=coming")
    for path in ("./merchants", "./members", "./stamps"):
        assert admin.get(path).status_code == 200
    other = Browser(admin.client, day.place.staff(Role.ADMIN))
    assert other.get("./activities").status_code == 200


def test_names_that_were_typed_and_pages_are_not_remembered(admin, day):
    path = f"{admin.root}/members"
    unit = day.place.grid.id.hex
    admin.get(f"{path}?search=林&unit_id={unit}&sort=name&limit=1", came_from=f"http://localhost{path}")
    assert admin.get("./members").location == f"{path}?unit_id={unit}&sort=name&last=1"


def test_what_makes_no_sense_is_as_good_as_not_asked(admin):
    on_the_list(admin, "?when=coming")
    [cookie] = [one for one in admin.client._cookies.values() if one.key.startswith("last.")]
    owner = cookie.value.partition("|")[0]
    admin.client.set_cookie(cookie.key, f"{owner}|when=never&evil=1", path=cookie.path)
    assert admin.get("./activities").location == f"{admin.root}/activities?when=never&last=1"
    admin.get("./activities?when=never&last=1")
    assert shown(admin) == (True, True, True)


HEADS = {
    "activities": {"earliest": "ascending", "latest": "descending"},
    "audit": {"oldest": "ascending", "newest": "descending"},
    "members": {"name": "ascending", "newest": "descending"},
    "teams": {"name": "ascending", "newest": "descending"},
    "merchants": {"name": "ascending"},
    "settlements": {"newest": "descending", "shop": "ascending", "most": "descending"},
    "office/vouchers": {"ending": "ascending"},
}


@pytest.mark.parametrize("room", HEADS)
def test_the_head_of_a_table_says_its_order_and_leads_to_the_others(office, visit, room):
    programme = create_programme(office.admin.actor, "巡逻", terms=RuleTerms(Basis.PER_HOUR, points=20)).programme
    plan = ActivityPlan(name="东门巡逻", place="东门", starts_at=NOON, ends_at=NOON + timedelta(hours=2))
    plan_activity(office.admin.actor, programme.id, unit_id=office.street.place.grid.id, plan=plan)
    vouchers.buy(office.street.volunteer(20).actor, office.street.offer(voucher_days=30).id)
    office.buy()
    office.close()
    place = office.street.place
    teams.form_team(place.admin.actor, "晚霞", unit_id=place.grid.id, leader_id=place.volunteer().member_id)
    admin = visit(office.street.place.staff(Role.ADMIN))
    for order, direction in HEADS[room].items():
        assert admin.get(f"./{room}?sort={order}&status=").status_code == 200
        assert admin.page.count("aria-sort=") == 1
        head = admin.page.partition("aria-sort=")[2].partition("</th>")[0]
        assert head.startswith(f'"{direction}"')
        assert ("↑" if direction == "ascending" else "↓") in head
        others = {other for other in HEADS[room] if other != order}
        assert all(f"sort={other}" in admin.page for other in others)


@pytest.mark.parametrize(
    "room",
    [
        "certificates", "complaints", "corrections", "disputes", "feedback/all", "flags", "imports", "objections",
        "reversals", "visit-notes",
    ],
)  # fmt: skip
def test_a_list_without_heads_is_sorted_by_age(office, visit, room):
    place = office.street.place
    check_file(place, csv_of("李强,,,"))
    staff = visit(place.treasurer if room in ("disputes", "flags") else place.staff(Role.ADMIN))
    assert staff.get(f"./{room}?sort=oldest").status_code == 200
    assert '<b aria-current="true">最早的在前</b>' in staff.page
    assert f'href="{staff.root}/{room}?sort=newest"' in staff.page


def test_households_are_paged_by_name_unless_asked(office, visit):
    place = office.street.place
    for name in ("3 号楼 1001", "3 号楼 501", "1 号楼 101"):
        households.form_household(place.admin.actor, name, member_ids=[place.volunteer().member_id])
    households.form_household(place.admin.actor, "空户", member_ids=[])
    admin = visit(place.admin)
    assert admin.get("./households?limit=2").status_code == 200
    assert shown_homes(admin) == ["1 号楼 101", "3 号楼 501"]
    [following] = re.findall(r'href="([^"]+cursor=[^"]+)"', admin.page)
    admin.get(html.unescape(following))
    assert shown_homes(admin) == ["3 号楼 1001"]
    admin.get("./households?sort=newest")
    assert shown_homes(admin) == ["1 号楼 101", "3 号楼 501", "3 号楼 1001"]


def shown_homes(browser: Browser) -> list[str]:
    return re.findall(r"<summary><b>([^<]+)</b>", browser.page)


def test_all_feedback_sorted_otherwise_is_still_all_of_it(office, visit):
    place = office.street.place
    for name in ("丁大姐", "马大哥"):
        give(place, leader(place, name), NOTHING)
    admin = visit(place.admin)
    for room in ("feedback/all?status=&sort=oldest", "feedback/all?status="):
        admin.get(f"./{room}")
        assert all("status=" in one for one in re.findall(r'href="([^"]+sort=newest[^"]*)"', admin.page))


def test_a_file_has_the_order_of_its_list(office, visit):
    for points in (30, 50, 20):
        office.buy(points)
    treasurer = visit(office.treasurer)
    for order, told in (("newest", [20, 50, 30]), ("oldest", [30, 50, 20]), ("most", [50, 30, 20])):
        file = treasurer.get(f"./redemptions.csv?sort={order}").get_data(as_text=True)
        assert [int(line.split(",")[5]) for line in file.splitlines()[1:]] == told
