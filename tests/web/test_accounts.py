"""The pages of accounts: merged, left, renumbered; and one's own."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ledger.book.merging import holding_of
from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.people import children, deaths, leaving, members, merges, phones, sessions
from ledger.people.consents import give
from ledger.people.models import Purpose
from tests.stories import neighbour, next_phone, open_neighbourhood


def merged(street):
    old, new = street.volunteer(30), street.volunteer(5)
    return old, new


def test_two_accounts_are_merged_by_two_people_and_taken_apart(street, visit):
    old, new = merged(street)
    admin, treasurer = visit(street.place.admin), visit(street.place.treasurer)
    admin.get(f"./members/{old.member_id.hex}/account")
    assert "同一个人有两个账户" in admin.words
    admin.post(f"./members/{old.member_id.hex}/account/merge/preview", into_id=new.member_id.hex, reason="同一个人")
    assert "将要合并" in admin.words
    admin.post(
        f"./members/{old.member_id.hex}/account/merge", into_id=new.member_id.hex, reason="同一个人", follow=True
    )
    assert "等第二人" in admin.words
    [merge] = merges.list_merges(street.place.admin.actor)
    treasurer.get("./office")
    assert "合并等第二人" in treasurer.words
    treasurer.get(f"./merges/{merge.id.hex}")
    treasurer.post(f"./merges/{merge.id.hex}/approve", follow=True)
    assert "已合并" in treasurer.words
    assert street.available(new) == 35
    admin.get(f"./merges/{merge.id.hex}")
    admin.post(f"./merges/{merge.id.hex}/undo", reason="其实是两个人", follow=True)
    treasurer.post(f"./merges/{merge.id.hex}/undo/approve", follow=True)
    assert "已撤销" in treasurer.words
    assert street.available(old) == 30


def test_declined_withdrawn_and_kept(street, visit):
    old, new = merged(street)
    admin, treasurer = visit(street.place.admin), visit(street.place.treasurer)
    asked = merges.ask_merge(street.place.admin.actor, old.member_id, new.member_id, reason="同一个人")
    treasurer.get(f"./merges/{asked.id.hex}")
    assert treasurer.post(f"./merges/{asked.id.hex}/decline").status_code == 422
    treasurer.post(f"./merges/{asked.id.hex}/decline", note="是两个人", follow=True)
    assert "没有同意" in treasurer.words
    again = merges.ask_merge(street.place.admin.actor, old.member_id, new.member_id, reason="同一个人")
    admin.get(f"./merges/{again.id.hex}")
    admin.post(f"./merges/{again.id.hex}/withdraw", follow=True)
    assert "已撤回" in admin.words


def test_a_death_is_recorded_and_confirmed(street, visit):
    lin, heir = merged(street)
    admin, treasurer = visit(street.place.admin), visit(street.place.treasurer)
    path = f"./members/{lin.member_id.hex}/account"
    admin.get(path)
    admin.post(f"{path}/death", died_on="2026-11-01", heir_id=heir.member_id.hex, follow=True)
    [death] = deaths.list_deaths(street.place.admin.actor)
    treasurer.get("./merges")
    treasurer.post(f"./deaths/{death.id.hex}/confirm", follow=True)
    treasurer.post(f"./deaths/{death.id.hex}/hand-over", follow=True)
    assert street.available(heir) == 35


def test_numbers_leaving_and_the_end_of_roles_by_the_staff(street, visit):
    lin, admin = street.volunteer(), visit(street.place.admin)
    path = f"./members/{lin.member_id.hex}/account"
    number = next_phone()
    admin.get(path)
    admin.post(f"{path}/number", phone=number, follow=True)
    assert phones.person_with(number) == lin.person_id
    admin.post(f"{path}/number/report", follow=True)
    admin.post(f"{path}/number/confirm", follow=True)
    assert admin.post(f"{path}/number", phone="1").status_code == 422
    stamper = street.place.staff(Role.STAMPER)
    admin.get(f"./members/{stamper.member_id.hex}/account")
    admin.post(f"./members/{stamper.member_id.hex}/account/end-staff", follow=True)
    admin.post(f"{path}/leave", reason="moved", follow=True)
    assert "居民" in admin.words


def test_wallets_that_stand_still_are_listed(street, visit):
    lin = street.volunteer(30)
    clock.move_to(clock.now().replace(year=clock.now().year + 1, month=12))
    admin = street.place.admin
    browser = visit(neighbour(street.id, admin.name, admin.person_id, admin.member_id))
    browser.get("./members/still")
    assert "林秀芳" in browser.words
    browser.post("./members/still/remind", member_ids=[lin.member_id.hex], follow=True)
    assert "一年没动的钱包" in browser.words


@pytest.mark.parametrize(("language", "words"), [("zh", "我的账户"), ("en", "My account")])
def test_one_changes_the_number_and_leaves_by_oneself(street, visit, monkeypatch, language, words):
    lin, number = street.volunteer(30), next_phone()
    browser = visit(lin, language=language)
    browser.get("./account")
    assert words in browser.words
    monkeypatch.setattr("ledger.people.sign_in.chance.randbelow", lambda _: 123456)
    browser.post("./account/number/code", phone=number)
    assert browser.post("./account/number", phone=number, code="000000").status_code == 409
    browser.post("./account/number", phone=number, code="123456", follow=True)
    assert phones.person_with(number) == lin.person_id
    browser.post("./account/leave", moved="1")
    assert browser.get("./").status_code == 404


def test_one_moves_to_another_community_found_by_its_name_and_the_flowers_wait(street, visit):
    lin, child_until = street.volunteer(30), clock.today() + timedelta(days=400)
    children.set_child(street.place.admin.actor, lin.member_id, child_until)
    give(lin.person_id, [Purpose.SERVICE], by=street.place.admin.person_id)
    there = open_neighbourhood("北华社区")
    browser = visit(lin)
    browser.get("./account/move?to=南极社区")
    assert "没有找到" in browser.words
    browser.get("./account/move?to=北华")
    assert {"北华社区", "30 朵"} <= set(re.findall(r"北华社区|30 朵", browser.words))
    assert browser.post("./account/move", to="北华").status_code == 422
    assert "请选一个社区。" in browser.words
    moved = browser.post("./account/move", to="北华", community_id=there.id.hex)
    assert moved.headers["Location"].endswith(f"/c/{there.id.hex}/")
    assert browser.get(f"/c/{street.place.id.hex}/").status_code == 404
    member = members.member_of(there.id, lin.person_id)
    assert member.child_until == child_until
    assert (holding_of(street.place.id, lin.member_id).points, holding_of(there.id, member.id).points) == (30, 0)
    leaving.leave(neighbour(there.id, lin.name, lin.person_id, member.id).actor, member.id)
    back = members.join_community(sessions.actor_of(lin.token), street.place.id)
    assert (back.id, street.available(lin)) == (lin.member_id, 30)


def test_only_the_admin_opens_accounts_and_only_staff_the_merges(street, visit):
    lin, other = merged(street)
    browser = visit(lin)
    assert browser.get(f"./members/{other.member_id.hex}/account").status_code == 403
    assert browser.get("./merges").status_code == 403
    assert visit(street.place.treasurer).get(f"./members/{lin.member_id.hex}/account").status_code == 403
    assert not re.search(r"\b1[3-9]\d{9}\b", browser.page)
