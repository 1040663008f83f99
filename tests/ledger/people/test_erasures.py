"""A person is forgotten within fifteen days, and the books prove what they proved before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from ledger.book import balances, checkpoints, reading, receipts, reversal_requests
from ledger.book.accounts import AccountKey
from ledger.book.checking import run_checks
from ledger.book.codes import Kind, Unit
from ledger.book.models import Transfer
from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, NotSignedIn, WrongState
from ledger.core.tenancy import Role
from ledger.people import consents, erasures, exports, grants, members, phones
from ledger.people.data_models import Erasure, ErasureState, Ground
from ledger.people.erasing import NAMELESS
from ledger.people.errors import ErasureGround, ErasureTooEarly, LastOffice
from ledger.people.models import Member
from ledger.rewards import refunds
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import Street, open_street
from tests.schema import every_table
from tests.stories import Neighbour, open_neighbourhood
from tests.test_verify_receipt import Outsider


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


@pytest.fixture
def lin(street: Street) -> Neighbour:
    """A member with a history in which words speak of them, sealed yesterday."""
    lin = street.volunteer(200, "林秀芳")
    refunds.refund(street.place.treasurer.actor, street.buy(lin).id, reason="林秀芳说面包坏了")
    award = next(one for one in reading.list_transfers(lin.actor) if one.code == "award")
    asked = reversal_requests.ask_reversal(street.place.admin.actor, award.id, reason="林秀芳多记了", amount=3)
    reversal_requests.approve_reversal(street.place.treasurer.actor, asked.id)
    exports.make_export(lin.actor)
    seal_all(street.id)
    clock.advance(days=1)
    seal_all(street.id)
    return lin


def state_of(erasure: Erasure) -> str:
    db.session.remove()
    return db.session.get_one(Erasure, erasure.id).state


def tick_after(street: Street, **time: int) -> None:
    clock.advance(**time)
    jobs.tick([street.id])
    db.session.remove()


def proofs_of(street: Street) -> list[dict[str, object]]:
    supervisor = street.place.supervisor.actor
    transfers = reversed(reading.list_transfers(supervisor, limit=200))
    return [receipts.document_of(receipts.see_receipt(supervisor, one.id)) for one in transfers]


def everything_stored() -> str:
    """The whole database as text: every cell of every table."""
    cells = []
    for table in every_table().tables.values():
        cells += [str(cell) for row in db.session.execute(text(f"SELECT * FROM {table.name}")) for cell in row]
    return "\n".join(cells)


def test_a_person_may_withdraw_until_it_is_done(street: Street, lin: Neighbour) -> None:
    asked = erasures.ask_erasure(lin.actor)
    assert asked.due_at - asked.asked_at == timedelta(days=15)
    clock.advance(days=6)
    erasures.withdraw_erasure(lin.actor, asked.id)
    tick_after(street, days=10)
    assert state_of(asked) == ErasureState.WITHDRAWN
    assert lin.actor.member_id == lin.member_id


def test_only_one_request_at_a_time(street: Street, lin: Neighbour) -> None:
    asked = erasures.ask_erasure(lin.actor)
    with pytest.raises(AlreadyExists):
        erasures.ask_erasure(lin.actor)
    with pytest.raises(NotFound):
        erasures.withdraw_erasure(street.volunteer().actor, asked.id)
    erasures.withdraw_erasure(lin.actor, asked.id)
    with pytest.raises(WrongState):
        erasures.withdraw_erasure(lin.actor, asked.id)
    erasures.ask_erasure(lin.actor)


def test_nothing_happens_in_the_first_seven_days(street: Street, lin: Neighbour) -> None:
    asked = erasures.ask_erasure(lin.actor)
    tick_after(street, days=6)
    assert state_of(asked) == ErasureState.ASKED
    with pytest.raises(ErasureTooEarly):
        erasures.carry_out(street.place.admin.actor, asked.id)
    tick_after(street, days=1)
    assert state_of(asked) == ErasureState.DONE


def test_afterwards_no_name_number_word_or_way_in_is_left(street: Street, lin: Neighbour) -> None:
    number = str(phones.number_of(lin.person_id))
    asked = erasures.ask_erasure(lin.actor)
    assert "林秀芳" in everything_stored()
    tick_after(street, days=7)
    assert state_of(asked) == ErasureState.DONE
    assert "林秀芳" not in everything_stored()
    member = db.session.get_one(Member, (street.id, lin.member_id))
    assert (member.name, member.state, member.household_id) == (NAMELESS, "left", None)
    assert members.names_of(street.id, [lin.person_id]) == {lin.person_id: NAMELESS}
    assert phones.person_with(number) is None
    assert phones.number_of(lin.person_id) is None
    assert consents.given_by(lin.person_id) == set()
    with pytest.raises(NotSignedIn):
        lin.actor  # noqa: B018
    assert all("林秀芳" not in str(one) for one in exports.gather([lin.person_id]).values())


def test_books_roots_and_receipts_are_what_they_were(street: Street, lin: Neighbour) -> None:
    before, roots = proofs_of(street), [one.digest for one in checkpoints.list_checkpoints(street.id)]
    rows = db.session.scalar(select(func.count()).select_from(Transfer))
    assert all(one["status"] == "proven" for one in before)
    erasures.ask_erasure(lin.actor)
    clock.advance(days=7)
    erasures.carry_out_due(street.id, "")
    assert run_checks() == []
    assert [one.digest for one in checkpoints.list_checkpoints(street.id)][-len(roots) :] == roots
    assert proofs_of(street)[:rows] == before


def test_an_outsider_still_verifies_the_receipts_of_who_is_erased(
    street: Street, lin: Neighbour, tmp_path: Path
) -> None:
    kept = checkpoints.newest_checkpoint(street.id)
    assert kept is not None
    outsider, text_kept = Outsider(tmp_path), checkpoints.text_of(kept)
    before = [outsider.verify(one, checkpoint=text_kept) for one in proofs_of(street)]
    erasures.ask_erasure(lin.actor)
    clock.advance(days=7)
    erasures.carry_out_due(street.id, "")
    after = [outsider.verify(one, checkpoint=text_kept) for one in proofs_of(street)]
    assert {status for status, _ in before} == {0}
    assert after[: len(before)] == before


def test_the_points_that_are_left_go_to_the_pot(street: Street, lin: Neighbour) -> None:
    left = erasures.points_left(lin.person_id)
    asked = erasures.ask_erasure(lin.actor)
    tick_after(street, days=7)
    assert db.session.get_one(Erasure, asked.id).points == left > 0
    assert balances.account_balance(street.id, AccountKey(Kind.POT, Unit.POINTS, street.id)) == left
    assert balances.member_balance(street.id, lin.member_id).posted == 0


def test_a_freed_number_makes_a_new_person(street: Street, lin: Neighbour) -> None:
    number = phones.number_of(lin.person_id)
    erasures.ask_erasure(lin.actor)
    tick_after(street, days=7)
    again = members.add_member(street.place.admin.actor, "新邻居", phone=number)
    assert again.person_id != lin.person_id


def test_a_debt_holds_it_up_and_refuses_it_by_name_before_it_is_due(street: Street, lin: Neighbour) -> None:
    _owe(street, lin)
    asked = erasures.ask_erasure(lin.actor)
    tick_after(street, days=7)
    assert state_of(asked) == ErasureState.ASKED
    with pytest.raises(ErasureGround) as refusal:
        erasures.carry_out(street.place.admin.actor, asked.id)
    assert refusal.value.facts == {"ground": "unsettled_debt"}
    tick_after(street, days=7)
    row = db.session.get_one(Erasure, asked.id)
    assert (row.state, row.ground) == (ErasureState.REFUSED, Ground.UNSETTLED_DEBT)
    assert row.decided_at is not None
    assert row.decided_at <= row.due_at


def _owe(street: Street, person: Neighbour) -> None:
    """The person spends what is then taken back."""
    award = next(one for one in reading.list_transfers(person.actor) if one.code == "award")
    street.buy(person)
    left = balances.member_balance(street.id, person.member_id)
    assert left.available < award.amount - 3
    asked = reversal_requests.ask_reversal(street.place.admin.actor, award.id, reason="全是记错的")
    reversal_requests.approve_reversal(street.place.treasurer.actor, asked.id)


def test_an_open_reversal_is_an_open_dispute(street: Street, lin: Neighbour) -> None:
    award = next(one for one in reading.list_transfers(lin.actor) if one.code == "award")
    reversal_requests.ask_reversal(street.place.admin.actor, award.id, reason="又记错了", amount=1)
    assert erasures.ground_against(lin.person_id) is Ground.OPEN_DISPUTE


def test_staff_refuse_only_by_a_legal_ground_and_the_person_is_told(street: Street, lin: Neighbour) -> None:
    asked = erasures.ask_erasure(lin.actor)
    until = clock.today() + timedelta(days=365)
    admin = street.place.admin.actor
    erasures.refuse_erasure(admin, asked.id, ground=Ground.STATUTORY_RETENTION, retained_until=until)
    row = erasures.my_erasures(lin.actor)[0]
    assert (row.state, row.ground, row.retained_until) == ("refused", "statutory_retention", until)
    with pytest.raises(WrongState):
        erasures.carry_out(admin, asked.id)


def test_others_neither_see_nor_decide(street: Street, lin: Neighbour) -> None:
    asked = erasures.ask_erasure(lin.actor)
    coordinator = street.place.coordinator.actor
    with pytest.raises(Forbidden):
        erasures.list_erasures(coordinator)
    with pytest.raises(Forbidden):
        erasures.refuse_erasure(coordinator, asked.id, ground=Ground.OPEN_DISPUTE)
    stranger = open_neighbourhood("北塔社区").admin
    with pytest.raises(NotFound):
        erasures.carry_out(stranger.actor, asked.id)


def test_the_only_admin_finds_a_successor_first(street: Street) -> None:
    admin, colleague = street.place.admin, street.volunteer()
    with pytest.raises(LastOffice):
        erasures.ask_erasure(admin.actor)
    root = street.place.root.id
    grants.give_role(admin.actor, colleague.member_id, role=Role.ADMIN, unit_id=root)
    erasures.ask_erasure(admin.actor)
