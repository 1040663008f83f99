"""Lists as files: what the page shows and nothing more, for each reader; bounded, and written down."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from ledger.core import audit, clock
from ledger.core.audit import LineFilter
from ledger.core.tenancy import Role
from ledger.people import list_exports
from ledger.people.phones import number_of
from tests.api.test_guards import Town, build
from tests.stories import Neighbour, open_neighbourhood, street_officer

NAME = "欧阳翠花"
ROLES = ("volunteer", "coordinator", "stamper", "admin", "treasurer", "supervisor", "owner", "clerk", "street")
KINDS = ("members", "checkins", "stamps", "redemptions", "audit")
MONTHS = ("2026-10", "2026-11", "2026-12", "x")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def town(context: object) -> Iterator[Town]:
    try:
        yield build(NAME)
    finally:
        clock.move_to(None)


@pytest.fixture
def place(context: object):
    return open_neighbourhood()


def person(town: Town, role: str) -> Neighbour:
    return street_officer(town.street.place.community) if role == "street" else town.people[role]


def rows_of(answer) -> list[dict[str, str]]:
    """The rows of a CSV by their headings."""
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def cells_of(answer) -> list[list[Any]]:
    assert answer.status_code == 200
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(answer.data)).active.iter_rows()]


def column(answer, heading: str) -> list[str]:
    return [row[heading] for row in rows_of(answer)]


# --- the list and its file agree -----------------------------------------------------------------------------------


def listed(client, who: Neighbour, kind: str) -> list[dict[str, Any]]:
    """What the API lists for the same person."""
    url = f"/api/v1/communities/{who.community_id.hex}/{kind}"
    found: list[dict[str, Any]] = client.get(url, query_string={"limit": 200}, headers=who.headers).get_json()["items"]
    return found


def statuses(town: Town, visit, kind: str) -> dict[str, int]:
    """What each role is answered to the file; the page, where there is one for the role, answers the same."""
    return {role: visit(person(town, role)).get(f"./{kind}.csv").status_code for role in ROLES}


def test_the_file_of_members_names_whom_the_list_names(town, visit, client):
    readers = ("coordinator", "stamper", "admin", "supervisor", "street")
    assert statuses(town, visit, "members") == {role: 200 if role in readers else 403 for role in ROLES}
    for role in ROLES:
        who = person(town, role)
        browser = visit(who)
        assert (browser.get("./members").status_code == 200) is (role in readers)
        if role in readers:
            names = column(browser.get("./members.csv"), "姓名")
            assert names == [one["name"] for one in listed(client, who, "members")], role
            assert all(name in browser.words for name in names), role


def test_the_file_of_check_ins_holds_what_the_list_holds(town, visit, client):
    behind_counters = ("owner", "clerk")
    assert statuses(town, visit, "checkins") == {role: 403 if role in behind_counters else 200 for role in ROLES}
    counts = {}
    for role in set(ROLES) - set(behind_counters):
        who = person(town, role)
        rows = rows_of(visit(who).get("./checkins.csv"))
        wanted = [(one["id"], one["member_name"]) for one in listed(client, who, "checkins")]
        assert [(row["编号"], row["志愿者"]) for row in rows] == wanted, role
        counts[role] = len(rows)
    assert counts == dict.fromkeys(counts, 2) | {"volunteer": 1, "treasurer": 0}


def test_the_file_of_redemptions_holds_what_the_list_holds(town, visit, client):
    counts = {}
    for role in ROLES:
        who = person(town, role)
        rows = rows_of(visit(who).get("./redemptions.csv"))
        wanted = [(one["receipt_number"], one["member_name"]) for one in listed(client, who, "redemptions")]
        assert [(row["凭证号"], row["志愿者"]) for row in rows] == wanted, role
        counts[role] = len(rows)
    assert counts == dict.fromkeys(ROLES, 2) | {"volunteer": 0, "coordinator": 0, "stamper": 0}


def test_the_file_of_the_audit_holds_what_the_page_shows(town, visit):
    for role in ROLES:
        browser = visit(person(town, role))
        status = browser.get("./audit?action=people.join").status_code
        file = browser.get("./audit.csv?action=people.join")
        assert file.status_code == status == 200, role
        cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in browser.page.split("<tr>")[2:]]
        assert cells or role in ("owner", "clerk"), "who is a member here has joined"
        on_page = [(row[1].partition("<br>")[0], row[2], row[3]) for row in cells]
        assert [(row["谁"], row["做了什么"], row["结果"]) for row in rows_of(file)] == on_page, role


def test_the_file_of_the_queue_holds_what_the_queue_holds(town, visit):
    stampers = ("stamper", "admin")
    assert statuses(town, visit, "stamps") == {role: 200 if role in stampers else 403 for role in ROLES}
    for role in ROLES:
        browser = visit(person(town, role))
        assert (browser.get("./stamps").status_code == 200) is (role in stampers)
        if role in stampers:
            file = browser.get("./stamps.csv")
            assert column(file, "编号") == re.findall(r'name="checkin_ids" value="(\w+)"', browser.page)
            assert column(file, "红花") == ["5"]


def test_a_stranger_finds_no_file(town, visit):
    stranger = visit(open_neighbourhood("北塔社区").admin)
    addresses = [f"/c/{town.street.id.hex}/{kind}.{ending}" for kind in KINDS for ending in ("csv", "xlsx")]
    assert {stranger.get(address).status_code for address in addresses} == {404}


def test_both_formats_hold_the_same_rows(town, visit):
    browser = visit(town.people["admin"])
    for kind in KINDS:
        sheet = cells_of(browser.get(f"./{kind}.xlsx?on=2026-11-20"))
        rows = rows_of(browser.get(f"./{kind}.csv?on=2026-11-20"))
        assert len(rows) > 0, kind
        assert sheet[0] == list(rows[0])
        assert len(sheet) == len(rows) + 1


def test_no_phone_is_in_any_file(town, visit):
    people = [town.people[role].person_id for role in ("admin", "volunteer", "clerk")]
    for kind in KINDS:
        text = visit(town.people["admin"]).get(f"./{kind}.csv").data.decode()
        assert not any(number_of(person_id) in text for person_id in people), kind
        assert not re.search(r"(?<![0-9a-f])1[3-9]\d{9}(?![0-9a-f])", text), kind


def test_the_street_and_the_shop_read_masked_names(town, visit):
    street = visit(person(town, "street"))
    for kind, heading in (("members", "姓名"), ("checkins", "志愿者"), ("redemptions", "志愿者"), ("audit", "谁")):
        names = column(street.get(f"./{kind}.csv"), heading)
        assert "欧*花" in names or kind == "audit"
        assert NAME not in street.get(f"./{kind}.csv").data.decode()
    assert set(column(visit(town.people["clerk"]).get("./redemptions.csv"), "志愿者")) == {"欧*花"}


# --- filters, parts, bounds ----------------------------------------------------------------------------------------


def test_a_coordinator_of_one_grid_takes_along_only_that_grid(place, visit):
    other = place.grid_beside()
    place.volunteer("林秀芳")
    place.volunteer("王建国", unit=other)
    coordinator = visit(place.staff(Role.COORDINATOR, unit=place.grid, name="张网格"))
    assert column(coordinator.get("./members.csv"), "姓名") == ["张网格", "林秀芳"]
    assert column(coordinator.get(f"./members.csv?unit_id={other.id.hex}"), "姓名") == []


def test_a_coordinator_of_one_grid_takes_along_only_its_check_ins(day, visit):
    other = day.place.grid_beside()
    there = day.another_activity(unit=other)
    day.served(day.place.volunteer("林秀芳"))
    day.served(day.place.volunteer("王建国"), to=there)
    coordinator = visit(day.place.staff(Role.COORDINATOR, unit=day.place.grid))
    assert column(coordinator.get("./checkins.csv"), "志愿者") == ["林秀芳"]
    stamper = visit(day.place.staff(Role.STAMPER, unit=other))
    assert column(stamper.get("./stamps.csv"), "志愿者") == ["王建国"]


def test_the_links_carry_the_filters_of_the_page_and_the_file_respects_them(place, visit):
    place.volunteer("林秀芳")
    place.volunteer("王建国")
    admin = visit(place.admin)
    admin.get(f"./members?search=wang&unit_id={place.grid.id.hex}&limit=1&cursor={'f' * 32}")
    links = re.findall(r'href="(/c/\w+/members\.\w+\?[^"]+)"', admin.page)
    assert [re.sub(r".*members", "", link) for link in links] == [
        f".csv?search=wang&amp;unit_id={place.grid.id.hex}",
        f".xlsx?search=wang&amp;unit_id={place.grid.id.hex}",
    ]
    assert column(admin.get(links[0].replace("&amp;", "&")), "姓名") == ["王建国"]


def test_an_odd_question_in_the_address_breaks_no_link(place, visit):
    admin = visit(place.admin)
    assert admin.get("./members?endpoint=x&_external=1&community_id=y&more=z").status_code == 200
    assert admin.get("./members.csv?endpoint=x").status_code == 200


def test_the_queue_is_filtered_by_activity_and_evidence(day, visit):
    there = day.another_activity()
    day.served(day.place.volunteer("林秀芳"))
    day.served(day.place.volunteer("王建国"), to=there)
    stamper = visit(day.place.stamper)
    assert column(stamper.get(f"./stamps.csv?activity_id={there.id.hex}"), "志愿者") == ["王建国"]
    assert column(stamper.get("./stamps.csv?evidence=live_code"), "志愿者") == []


def test_redemptions_are_filtered_by_day_status_and_shop(town, visit):
    admin, shop = visit(town.people["admin"]), town.street.bakery.id.hex
    admin.get(f"./merchants/{shop}")
    assert f'name="merchant_id" value="{shop}"' in admin.page
    assert column(admin.get(f"./redemptions.csv?merchant_id={shop}&status=refunded"), "状态") == ["已退回红花"]
    assert len(rows_of(admin.get("./redemptions.csv?on=2026-11-20"))) == 2
    assert rows_of(admin.get("./redemptions.csv?on=2026-11-21")) == []
    counts = {month: len(rows_of(admin.get(f"./redemptions.csv?month={month}"))) for month in MONTHS}
    assert counts == {"2026-10": 0, "2026-11": 2, "2026-12": 0, "x": 2}


def test_check_ins_are_filtered_by_month_state_and_grid(day, visit):
    other = day.place.grid_beside()
    day.stamped(day.place.volunteer("林秀芳"))
    day.served(day.place.volunteer("王建国"), to=day.another_activity(unit=other))
    admin = visit(day.place.admin)
    admin.get(f"./members?unit_id={other.id.hex}")
    assert "只含上面选的网格" in admin.words
    assert f'type="hidden" name="unit_id" value="{other.id.hex}"' in admin.page
    assert column(admin.get(f"./checkins.csv?unit_id={other.id.hex}"), "志愿者") == ["王建国"]
    assert column(admin.get("./checkins.csv?status=stamped"), "志愿者") == ["林秀芳"]
    counts = {month: len(rows_of(admin.get(f"./checkins.csv?month={month}"))) for month in MONTHS}
    assert counts == {"2026-10": 0, "2026-11": 2, "2026-12": 0, "x": 2}


def test_the_audit_is_filtered_by_name_and_act(place, visit):
    place.volunteer("王建国")
    visit(place.volunteer("林秀芳")).post("./members", name="不可以")
    rows = rows_of(visit(place.admin).get("./audit.csv?who=林秀芳&refused=true"))
    assert [(row["谁"], row["结果"]) for row in rows] == [("林秀芳", "您的身份不能做这一步。")]


def test_my_own_pages_lead_to_my_own_rows(town, visit):
    other = town.people["volunteer"]
    mine = visit(other)
    mine.get("./checkins")
    [link] = re.findall(r'href="(/c/\w+/checkins\.csv[^"]*)"', mine.page)
    assert column(mine.get(link), "志愿者") == ["林秀芳"]
    town.street.award(other, 100)
    town.street.buy(other)
    mine.get("./redemptions")
    [link] = re.findall(r'href="(/c/\w+/redemptions\.csv[^"]*)"', mine.page)
    assert link.endswith("?mine=true")
    assert column(mine.get(link), "红花") == ["20"]


def test_the_pages_of_an_activity_and_of_the_counter_lead_to_their_files(town, visit):
    admin = visit(town.people["admin"])
    admin.get(f"./activities/{town.things['activity_id']}")
    assert f"checkins.xlsx?activity_id={town.things['activity_id']}" in admin.page
    clerk = visit(town.people["clerk"])
    clock.advance(days=-7)
    clerk.get("./till")
    [link] = re.findall(r'href="(/c/\w+/redemptions\.csv[^"]*)"', clerk.page)
    assert len(rows_of(clerk.get(link.replace("&amp;", "&")))) == 2


def test_a_list_longer_than_the_bound_is_refused_with_the_bound_and_a_next_step(town, visit, monkeypatch):
    monkeypatch.setattr(list_exports, "MOST_ROWS", 0)
    refused = visit(town.people["admin"])
    for kind in KINDS:
        assert refused.get(f"./{kind}.csv").status_code == 409, kind
        assert "超过 0 行" in refused.words
        assert "请先用筛选缩小范围" in refused.words
    assert exports_of(town.street.place.admin) == []


def test_a_list_as_long_as_the_bound_is_read_whole_some_at_a_time(place, visit, monkeypatch):
    for number in range(5):
        place.volunteer(f"居民{number}")
    monkeypatch.setattr(list_exports, "AT_ONCE", 2)
    monkeypatch.setattr(list_exports, "MOST_ROWS", 7)
    admin = visit(place.admin)
    names = column(admin.get("./members.csv"), "姓名")
    assert names == ["居民4", "居民3", "居民2", "居民1", "居民0", "马会计", "李社工"]
    place.volunteer()
    assert admin.get("./members.csv").status_code == 409


def test_the_bound_is_ten_thousand_rows():
    assert list_exports.MOST_ROWS == 10_000


# --- the files themselves ------------------------------------------------------------------------------------------


def exports_of(reader: Neighbour) -> list[dict[str, Any]]:
    return [line.detail for line in audit.list_lines(reader.actor, wanted=LineFilter(action="people.export_list"))]


def test_each_file_leaves_a_line_that_names_nobody(town, visit):
    admin = town.people["admin"]
    for kind in KINDS:
        count = len(rows_of(visit(admin).get(f"./{kind}.csv")))
        assert exports_of(admin)[0] == {"kind": kind, "count": count, "format": "csv"}
    assert len(exports_of(admin)) == len(KINDS)


def test_a_refused_reader_leaves_no_line_of_an_export(place, visit):
    visit(place.volunteer()).get("./members.csv")
    assert exports_of(place.admin) == []
    assert audit.list_lines(place.admin.actor, wanted=LineFilter(outcome="forbidden"))


def test_the_audit_says_in_words_that_a_list_was_taken_along(place, visit):
    admin = visit(place.admin)
    admin.get("./members.xlsx")
    assert column(admin.get("./audit.csv?action=people.export_list"), "做了什么") == ["导出了名单或记录"]


@pytest.mark.parametrize(("ending", "media_type"), [("csv", "text/csv; charset=utf-8"), ("xlsx", XLSX)])
def test_a_file_is_named_by_community_list_and_day_and_kept_by_no_cache(town, visit, ending, media_type):
    answer = visit(town.people["admin"]).get(f"./members.{ending}")
    code = town.street.place.community.short_code
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{code}-members-2026-11-27.{ending}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == media_type


@pytest.mark.parametrize("name", ["=cmd()", "＋1", "@SUM(A1)", "-1", "长" * 80, "😀秀芳", 'a,"b"'])
def test_a_hostile_name_survives_and_is_no_formula(place, visit, name):
    place.volunteer(name)
    admin = visit(place.admin)
    [first, *_] = column(admin.get("./members.csv"), "姓名")
    assert first.removeprefix("'") == name
    assert first[0] not in "=＋@-"
    cell = load_workbook(io.BytesIO(admin.get("./members.xlsx").data)).active["A2"]
    assert (cell.value, cell.data_type) == (name, "s")


def test_moments_are_those_of_shanghai_and_numbers_can_be_added_up(day, visit):
    day.stamped(day.place.volunteer())
    heads, row, *_ = cells_of(visit(day.place.admin).get("./checkins.xlsx"))
    found = dict(zip(heads, row, strict=True))
    assert (f"{found['到达']:%Y-%m-%d %H:%M}", f"{found['离开']:%H:%M}") == ("2026-11-20 09:00", "11:00")
    assert (found["分钟"], found["红花"]) == (120, 10)
    assert (found["证据"], found["状态"]) == ("海报码", "已盖章")


def test_headings_and_words_are_in_the_readers_language(day, visit):
    day.stamped(day.place.volunteer())
    [row] = rows_of(visit(day.place.admin, language="en").get("./checkins.csv"))
    assert [row["Volunteer"], row["State"], row["Minutes"]] == ["林秀芳", "Stamped", "120"]
