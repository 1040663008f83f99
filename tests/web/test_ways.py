"""The ways between the pages of the books: to statements, transfers, proofs, seals, and what led to each transfer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from ledger.book import expiry, reading
from ledger.book.accounts import payable_to, takings_of, wallet_of
from ledger.book.reversal_requests import approve_reversal, ask_reversal
from ledger.core import clock
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor
from ledger.rewards import refunds
from ledger.service import undoing
from tests.ledger.rewards.street import Street
from tests.ledger.service.day import Day
from tests.stories import Neighbour, street_officer
from tests.web.browser import Browser

Visit = Callable[..., Browser]

WHY = "巡逻记了两次"


def transfer(actor: Actor, code: str, unit: str = "points") -> str:
    rows = reading.list_transfers(actor)
    return next(row.id.hex for row in rows if row.code == code and row.unit == unit)


def leads_to(browser: Browser, path: str) -> bool:
    """Is there a link to this page of the community?"""
    return f'href="{browser.root}{path[1:]}"' in browser.page


@pytest.fixture
def lin(street: Street) -> Neighbour:
    """林秀芳 was awarded thirty flowers and bought a loaf for twenty."""
    person = street.volunteer(30)
    street.buy(person)
    return person


def corrected(street: Street) -> str:
    """The page of a reversal of four of the award's flowers, asked for and approved."""
    place = street.place
    award = next(row.id for row in reading.list_transfers(place.admin.actor) if row.code == "award")
    request = ask_reversal(place.admin.actor, award, amount=4, reason=WHY)
    approve_reversal(place.treasurer.actor, request.id)
    return f"./reversals/{request.id.hex}"


# --- statements -------------------------------------------------------------------------------------------------


def test_an_account_leads_to_its_statement_and_back(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser, account = visit(street.place.treasurer), wallet_of(lin.member_id).id_in(street.id).hex
    browser.get(f"./books/accounts/{account}")
    assert leads_to(browser, f"./accounts/{account}/statement")
    browser.get(f"./accounts/{account}/statement")
    assert leads_to(browser, f"./books/accounts/{account}")
    assert leads_to(browser, f"./books/transfers/{transfer(street.place.admin.actor, 'award')}")


def test_the_owner_comes_from_the_counter_to_the_shops_statements_and_the_clerk_does_not(
    street: Street, lin: Neighbour, visit: Visit
) -> None:
    owner, clerk = visit(street.owner), visit(street.clerk)
    owner.get("./till")
    clerk.get("./till")
    for key in (takings_of(street.bakery.id), payable_to(street.bakery.id)):
        path = f"./accounts/{key.id_in(street.id).hex}/statement"
        assert leads_to(owner, path)
        assert not leads_to(clerk, path)


def test_an_owner_is_led_from_the_statement_to_proofs_and_not_into_the_books(
    street: Street, lin: Neighbour, visit: Visit
) -> None:
    browser = visit(street.owner)
    browser.get(f"./accounts/{takings_of(street.bakery.id).id_in(street.id).hex}/statement")
    proof = f"./receipts/{transfer(street.place.admin.actor, 'redeem')}"
    assert leads_to(browser, proof)
    assert "/books/" not in browser.page
    assert browser.get(proof).status_code == 200


def test_a_correction_on_my_statement_leads_to_its_reason_and_its_proof(
    street: Street, lin: Neighbour, visit: Visit
) -> None:
    path, browser = corrected(street), visit(lin)
    proof = f"./receipts/{transfer(street.place.admin.actor, 'reverse')}"
    browser.get("./statement")
    assert "更正" in browser.words
    assert "冲正" not in browser.words
    assert (leads_to(browser, path), leads_to(browser, proof)) == (True, True)
    browser.get(path)
    assert WHY in browser.words
    assert leads_to(browser, proof)
    assert browser.get(proof).status_code == 200


def test_a_member_reads_of_a_correction_by_one_word(street: Street, lin: Neighbour, visit: Visit) -> None:
    path, browser = corrected(street), visit(lin)
    for page in ("./", path):
        browser.get(page)
        assert "已更正" in browser.words
        assert "冲正" not in browser.words


# --- proofs -----------------------------------------------------------------------------------------------------


def test_a_redemption_leads_to_the_proof_that_it_is_in_the_books(street: Street, lin: Neighbour, visit: Visit) -> None:
    redemption = street.buy(street.volunteer(40, "赵桂英"))
    points = f"./receipts/{transfer(street.place.admin.actor, 'redeem')}"
    money = f"./receipts/{transfer(street.place.admin.actor, 'redeem', 'fen')}"
    seen = {}
    for name, person in (("treasurer", street.place.treasurer), ("clerk", street.clerk), ("owner", street.owner)):
        browser = visit(person)
        assert browser.get(f"./redemptions/{redemption.id.hex}").status_code == 200
        seen[name] = (leads_to(browser, points), leads_to(browser, money))
    assert seen == {"treasurer": (True, True), "clerk": (False, False), "owner": (True, True)}


def test_a_member_sees_the_proofs_of_their_points_and_not_of_the_shops_money(street: Street, visit: Visit) -> None:
    member = street.volunteer(40)
    redemption = street.buy(member)
    refunds.refund(street.place.treasurer.actor, redemption.id, reason="坏了")
    browser = visit(member)
    browser.get(f"./redemptions/{redemption.id.hex}")
    for code in ("redeem", "refund"):
        assert leads_to(browser, f"./receipts/{transfer(street.place.admin.actor, code)}")
        assert not leads_to(browser, f"./receipts/{transfer(street.place.admin.actor, code, 'fen')}")


def test_a_stamped_service_leads_to_the_proofs_of_its_flowers_and_time(day: Day, visit: Visit) -> None:
    lin, admin = day.place.volunteer(), day.place.admin.actor
    day.stamped(lin)
    browser = visit(lin)
    browser.get("./checkins")
    browser.get(re.findall(r'href="([^"]*/checkins/[0-9a-f]{32})"', browser.page)[0])
    assert leads_to(browser, f"./receipts/{transfer(admin, 'award')}")
    assert leads_to(browser, f"./receipts/{transfer(admin, 'hours', 'minutes')}")


def test_a_service_that_is_not_stamped_has_no_proof(day: Day, visit: Visit) -> None:
    lin = day.place.volunteer()
    checkin = day.served(lin)
    browser = visit(lin)
    browser.get(f"./checkins/{checkin.id.hex}")
    assert "入账证明" not in browser.words


def test_a_batch_of_stamps_leads_whoever_sees_the_books_to_the_proofs(day: Day, visit: Visit) -> None:
    day.stamped(day.place.volunteer())
    award = f"./receipts/{transfer(day.place.admin.actor, 'award')}"
    admin, stamper = visit(day.place.admin), visit(day.place.stamper)
    admin.get(f"./books/transfers/{award.rpartition('/')[2]}")
    batch = re.findall(r'href="([^"]*/stamp-batches/[0-9a-f]{32})"', admin.page)[0]
    admin.get(batch)
    assert stamper.get(batch).status_code == 200
    assert (leads_to(admin, award), leads_to(stamper, award)) == (True, False)


# --- seals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "page"), [("member", "./"), ("admin", "./books"), ("stamper", "./office")])
def test_the_daily_seals_are_a_step_away(street: Street, visit: Visit, role: str, page: str) -> None:
    person = street.volunteer(0) if role == "member" else getattr(street.place, role)
    browser = visit(person)
    assert browser.get(page).status_code == 200
    assert leads_to(browser, "./seals")


# --- what led to a transfer -------------------------------------------------------------------------------------


def basis(browser: Browser, transfer_id: str) -> str:
    """The line of a transfer's page that says what led to it."""
    assert browser.get(f"./books/transfers/{transfer_id}").status_code == 200
    return browser.page.partition("依据")[2].partition("</li>")[0]


def test_money_into_a_fund_names_who_gave_it_and_leads_to_the_fund(street: Street, visit: Visit) -> None:
    browser = visit(street.place.treasurer)
    assert f"/funds/{street.fund.id.hex}" in basis(browser, transfer(street.place.admin.actor, "fund", "fen"))
    assert browser.get(f"./funds/{street.fund.id.hex}").status_code == 200


def test_a_refund_leads_to_its_redemption(street: Street, lin: Neighbour, visit: Visit) -> None:
    redemption = street.buy(street.volunteer(40, "赵桂英"))
    refunds.refund(street.place.treasurer.actor, redemption.id, reason="坏了")
    line = basis(visit(street.place.supervisor), transfer(street.place.admin.actor, "refund"))
    assert "麦香面包 · 全麦面包" in line
    assert f"/redemptions/{redemption.id.hex}" in line


def test_an_undone_stamp_leads_to_what_was_stamped(day: Day, visit: Visit) -> None:
    undoing.undo_stamp(day.place.stamper.actor, day.stamped(day.place.volunteer()))
    line = basis(visit(day.place.admin), transfer(day.place.admin.actor, "reverse"))
    assert "撤销盖章" in line
    assert "早间巡逻" in line
    assert "/stamp-batches/" in line


def test_expired_flowers_lead_to_the_rule(street: Street, visit: Visit) -> None:
    expiry.set_policy(street.place.admin.actor, 1)
    street.volunteer(30)
    clock.move_to(clock.now() + timedelta(days=70))
    expiry.expire_points(street.id, "")
    browser = visit(street.place.admin)
    line = basis(browser, transfer(street.place.admin.actor, "expire"))
    assert "到期" in line
    assert f"{browser.root}/expiry" in line


def test_a_reversal_leads_to_its_request(street: Street, lin: Neighbour, visit: Visit) -> None:
    path = corrected(street)
    line = basis(visit(street.place.supervisor), transfer(street.place.admin.actor, "reverse"))
    assert WHY in line
    assert path[1:] in line


def test_the_street_is_given_no_way_to_batches_that_it_may_not_open(day: Day, visit: Visit) -> None:
    day.stamped(day.place.volunteer())
    officer, admin = visit(street_officer(day.place.community)), visit(day.place.admin)
    award = transfer(day.place.admin.actor, "award")
    assert "/stamp-batches/" in basis(admin, award)
    line = basis(officer, award)
    assert "早间巡逻" in line
    assert "href" not in line


def test_sources_that_are_not_there_lead_nowhere(street: Street, lin: Neighbour) -> None:
    from ledger.rewards import funds

    assert refunds.redemption_of(street.id, new_id()) is None
    assert funds.fund_of_grant(street.id, new_id()) is None
