"""The audit's page: searchable, in words, and everybody sees their part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.people import members
from tests.stories import open_neighbourhood
from web.acts import ACTS

LEDGER = Path(__file__).parents[2] / "ledger"
RECORDED = re.compile(r"audit\.record(?:_reading)?\(\s*[\w.()]+,\s*\"([a-z_.]+)\"")


def recorded() -> Iterator[str]:
    """Every act that the domain writes down under a fixed name."""
    for file in LEDGER.rglob("*.py"):
        yield from RECORDED.findall(file.read_text(encoding="utf-8"))


def test_every_act_has_its_words():
    found = set(recorded())
    assert len(found) > 60
    assert sorted(found - ACTS.keys()) == []


@pytest.fixture
def place(context):
    return open_neighbourhood()


def told(browser, address: str) -> str:
    """What the lines of the page say, without the filters above them, which name every act."""
    browser.get(address)
    return " ".join(re.sub(r"<[^>]+>", " ", browser.page.partition("<tbody>")[2].partition("</tbody>")[0]).split())


def test_who_did_what_is_found_by_name_act_and_outcome(place, visit):
    lin = place.volunteer()
    visit(lin).post("./members", name="不可以")
    admin = visit(place.admin)
    assert "加入社区" in told(admin, "./audit?action=people.join")
    assert "登录" not in told(admin, "./audit?action=people.join")
    refused = told(admin, "./audit?refused=true")
    assert "林秀芳" in refused
    assert "您的身份不能做这一步" in refused
    admin.get("./audit?who=林秀芳&refused=false")
    assert "没有这样的记录" in admin.words


def test_of_two_with_one_name_both_are_found(place, visit):
    for namesake in (place.volunteer("王秀英"), place.volunteer("王秀英")):
        visit(namesake).post("./members", name="不可以")
    assert told(visit(place.admin), "./audit?who=王秀英&refused=true").count("王秀英") == 2


def test_a_member_reads_what_they_did_and_what_was_done_for_them(place, visit):
    lin = place.volunteer()
    members.add_member(place.admin.actor, "别人")
    lines = told(visit(lin), "./audit")
    assert "李社工" in lines, "an admin entered them"
    assert lines.count("加入社区") == 1, "their own, and nobody else's"


def test_a_place_is_told_apart_but_not_named(place, visit, client):
    lin = visit(place.volunteer())
    lin.post("./members", name="不可以")
    admin = visit(place.admin)
    admin.get("./audit?refused=true")
    [origin] = set(re.findall(r"<code>([0-9a-f]{12})</code>", admin.page))
    assert "127.0.0.1" not in admin.page
    assert origin


def test_the_page_speaks_english(place, visit):
    place.volunteer()
    assert "Joined Done" in told(visit(place.admin, language="en"), "./audit?action=people.join")
