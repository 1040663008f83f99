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
RECORDED = re.compile(r"audit\.record\(\s*[\w.()]+,\s*\"([a-z_.]+)\"")


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


def test_who_did_what_is_found_by_name_act_and_outcome(place, visit):
    lin = place.volunteer()
    visit(lin).post("./members", name="不可以")
    admin = visit(place.admin)
    admin.get("./audit?action=people.join")
    assert "加入社区" in admin.words
    admin.get("./audit?refused=true")
    assert "林秀芳" in admin.words
    assert "您的身份不能做这一步" in admin.words
    admin.get("./audit?who=林秀芳&refused=false")
    assert "没有这样的记录" in admin.words


def test_a_member_reads_what_they_did_and_what_was_done_for_them(place, visit):
    lin = place.volunteer()
    members.add_member(place.admin.actor, "别人")
    browser = visit(lin)
    browser.get("./audit")
    assert "李社工" in browser.words, "an admin entered them"
    assert browser.words.count("加入社区") == 2, "once in the list of acts, once their own"


def test_a_place_is_told_apart_but_not_named(place, visit, client):
    lin = visit(place.volunteer())
    lin.post("./members", name="不可以")
    admin = visit(place.admin)
    admin.get("./audit?refused=true")
    [origin] = set(re.findall(r"<code>([0-9a-f]{12})</code>", admin.page))
    assert "127.0.0.1" not in admin.page
    assert origin


def test_the_page_speaks_english(place, visit):
    admin = visit(place.admin, language="en")
    admin.get("./audit")
    assert "Gave a role" in admin.words or "Joined" in admin.words
