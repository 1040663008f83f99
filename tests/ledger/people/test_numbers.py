"""Numbers: changed by oneself, replaced by the staff, recycled by a carrier. None opens a stranger's wallet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotSignedIn
from ledger.core.tenancy import Actor, Role
from ledger.people import cards, members, numbers, own_number, phones, sessions, sign_in
from ledger.people.errors import CodeWrong, PhoneInUse
from ledger.people.life_errors import HoldsOffice, NumberIsNew, OwnNumber, ProofWrong, SecondProofNeeded
from ledger.people.life_models import NumberWay
from ledger.people.models import Phone
from ledger.people.numbers import UNUSED_DAYS, Proof
from ledger.rewards import member_codes
from tests.ledger.book.town import at_once
from tests.ledger.rewards.street import Street, open_street
from tests.stories import Neighbour, neighbour, next_phone

HALF_A_YEAR = timedelta(days=UNUSED_DAYS)


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def code_for(number: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("ledger.people.sign_in.chance.randbelow", lambda _: 123456)
    sign_in.send_code(number, "10.0.0.1")
    return "123456"


def person(street: Street, name: str = "林秀芳") -> tuple[Neighbour, str]:
    number = next_phone()
    member = members.add_member(street.place.admin.actor, name, phone=number)
    return neighbour(street.id, name, member.person_id, member.id), number


def enter(number: str, monkeypatch: pytest.MonkeyPatch, proof: Proof | None = None) -> Actor:
    _, actor = sign_in.sign_in(number, code_for(number, monkeypatch), proof=proof)
    return actor


def later(**how_much: float) -> None:
    clock.move_to(clock.now() + timedelta(**how_much))


# --- recycled numbers -------------------------------------------------------------------------------------------


def test_a_number_in_use_signs_in_with_its_code_alone(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, number = person(street)
    later(days=UNUSED_DAYS - 1)
    assert enter(number, monkeypatch).person_id == lin.person_id
    later(days=UNUSED_DAYS - 1)
    assert enter(number, monkeypatch).person_id == lin.person_id


def test_a_number_unused_for_half_a_year_opens_nothing_by_itself(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number = person(street)
    later(days=UNUSED_DAYS)
    with pytest.raises(SecondProofNeeded):
        enter(number, monkeypatch)


def test_the_name_the_community_knows_is_proof(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, number = person(street)
    later(days=UNUSED_DAYS)
    assert enter(number, monkeypatch, Proof(name=" 林 秀芳 ")).person_id == lin.person_id
    assert enter(number, monkeypatch).person_id == lin.person_id, "from now on the code is enough again"


@pytest.mark.parametrize("said", ["", " ", "林", "林秀", "林*芳", "王秀芳"])
def test_anything_but_the_name_is_no_proof(street: Street, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    _, number = person(street)
    later(days=UNUSED_DAYS)
    with pytest.raises(ProofWrong):
        enter(number, monkeypatch, Proof(name=said))


def test_a_name_made_of_the_number_is_no_proof(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    number = next_phone()
    person(street)
    member = members.add_member(street.place.admin.actor, f"志愿者{number[-4:]}", phone=number)
    later(days=UNUSED_DAYS)
    with pytest.raises(ProofWrong):
        enter(number, monkeypatch, Proof(name=member.name))


def test_the_paper_card_with_its_pin_is_proof_for_who_is_known_by_no_name(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, admin = next_phone(), street.place.admin.actor
    member = members.add_member(admin, f"志愿者{number[-4:]}", phone=number)
    card, strangers = cards.hand_out(admin, member.id, pin="2580"), cards.hand_out(admin, _id(person(street)[0]))
    later(days=UNUSED_DAYS)
    for code, pin in ((card.code, "2581"), (strangers.code, strangers.pin)):
        with pytest.raises(ProofWrong):
            enter(number, monkeypatch, Proof(card_code=code, pin=pin))
    assert enter(number, monkeypatch, Proof(card_code=card.code.lower(), pin="2580")).person_id == member.person_id
    cards.report_lost(admin, member.id)
    later(days=UNUSED_DAYS)
    with pytest.raises(ProofWrong):
        enter(number, monkeypatch, Proof(card_code=card.code, pin="2580"))


def test_who_is_new_gets_an_account_of_their_own_and_the_wallet_stays(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, number = person(street)
    street.award(lin, 50)
    later(days=UNUSED_DAYS)
    stranger = enter(number, monkeypatch, Proof(is_somebody_else=True))
    assert stranger.person_id != lin.person_id
    assert phones.person_with(number) == stranger.person_id
    assert phones.tail_of(lin.person_id) is None
    assert street.available(lin) == 50
    assert [one.way for one in numbers.changes_of(lin.person_id)] == [NumberWay.RECYCLED]


@atomic
def _wrong_so_far(number: str, wrong: int) -> None:
    row = db.session.scalars(select(Phone).where(Phone.blind_index == phones.index_of(number))).one()
    row.wrong_proofs = wrong
    db.session.flush()


def test_after_three_wrong_names_the_number_is_somebody_else_s(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, number = person(street)
    later(days=UNUSED_DAYS)
    _wrong_so_far(number, 2)
    stranger = enter(number, monkeypatch, Proof(name="王五"))
    assert stranger.person_id != lin.person_id
    assert enter(number, monkeypatch, Proof(name="林秀芳")).person_id == stranger.person_id, "too late"


def test_a_reported_number_asks_at_once_until_the_staff_confirms_it(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, number = person(street)
    numbers.report_number(street.place.admin.actor, _id(lin))
    with pytest.raises(SecondProofNeeded):
        enter(number, monkeypatch)
    numbers.confirm_number(street.place.admin.actor, _id(lin))
    assert enter(number, monkeypatch).person_id == lin.person_id


def test_a_number_of_somebody_who_belongs_nowhere_needs_no_proof(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next_phone()
    nobody = phones.add_person(number)
    later(days=UNUSED_DAYS)
    assert enter(number, monkeypatch).person_id == nobody


def test_a_wallet_of_somebody_who_left_is_guarded_too(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    from ledger.people import leaving

    lin, number = person(street)
    leaving.leave(lin.actor, _id(lin))
    later(days=UNUSED_DAYS)
    with pytest.raises(SecondProofNeeded):
        enter(number, monkeypatch)


def test_the_code_lives_on_when_a_proof_is_asked(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, number = person(street)
    later(days=UNUSED_DAYS)
    code = code_for(number, monkeypatch)
    with pytest.raises(SecondProofNeeded):
        sign_in.sign_in(number, code)
    assert sign_in.sign_in(number, code, proof=Proof(name="林秀芳"))[1].person_id == lin.person_id


def test_two_strangers_at_once_make_one_new_person(app: Flask, street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, number = person(street)
    later(days=UNUSED_DAYS)
    code = code_for(number, monkeypatch)
    proof = Proof(is_somebody_else=True)
    done = at_once(app, [lambda: sign_in.sign_in(number, code, proof=proof)[1].person_id] * 2)
    made = [one for one in done if isinstance(one, UUID)]
    assert len(set(made)) == 1
    assert lin.person_id not in made


# --- one's own step ---------------------------------------------------------------------------------------------


def test_a_new_number_is_proven_by_its_own_code(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, old = person(street)
    new, other = next_phone(), neighbour(street.id, "林秀芳", lin.person_id, lin.member_id)
    code_for(new, monkeypatch)
    with pytest.raises(CodeWrong):
        own_number.change_number(lin.actor, new, "000000")
    own_number.change_number(lin.actor, new, code_for(new, monkeypatch))
    assert (phones.person_with(new), phones.person_with(old)) == (lin.person_id, None)
    assert lin.actor.person_id == lin.person_id, "this sign-in goes on"
    with pytest.raises(NotSignedIn):
        _ = other.actor
    assert enter(old, monkeypatch).person_id != lin.person_id, "the old number is somebody new"


def test_somebody_s_number_is_not_taken_from_them(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, _ = person(street)
    _, taken = person(street, "王五")
    with pytest.raises(PhoneInUse):
        own_number.change_number(lin.actor, taken, code_for(taken, monkeypatch))


def test_a_recycled_number_can_be_one_s_own_new_number(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    former, number = person(street, "王五")
    street.award(former, 30)
    later(days=UNUSED_DAYS)
    lin, _ = person(street)
    own_number.change_number(lin.actor, number, code_for(number, monkeypatch))
    assert phones.person_with(number) == lin.person_id
    assert street.available(former) == 30


# --- a lost phone -----------------------------------------------------------------------------------------------


def test_the_staff_enters_a_new_number_and_nothing_is_redeemed_for_72_hours(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, old = person(street)
    street.award(lin, 50)
    new = next_phone()
    numbers.replace_number(street.place.admin.actor, _id(lin), new)
    with pytest.raises(NotSignedIn):
        _ = lin.actor
    again = neighbour(street.id, "林秀芳", enter(new, monkeypatch).person_id, lin.member_id)
    assert again.person_id == lin.person_id
    with pytest.raises(NumberIsNew):
        street.buy(again)
    with pytest.raises(NumberIsNew):
        member_codes.create_member_code(again.actor)
    later(hours=72)
    street.buy(again)
    assert phones.person_with(old) is None


def test_nobody_becomes_a_colleague_by_entering_a_number(street: Street) -> None:
    admin, other = street.place.admin, street.place.staff(Role.ADMIN)
    with pytest.raises(HoldsOffice):
        numbers.replace_number(other.actor, _id(street.place.treasurer), next_phone())
    with pytest.raises(OwnNumber):
        numbers.replace_number(admin.actor, _id(admin), next_phone())
    with pytest.raises(OwnNumber):
        numbers.confirm_number(admin.actor, _id(admin))


def test_only_the_admin_enters_numbers(street: Street) -> None:
    lin, _ = person(street)
    for verb in (numbers.report_number, numbers.confirm_number):
        with pytest.raises(Forbidden):
            verb(street.place.treasurer.actor, _id(lin))
    with pytest.raises(Forbidden):
        numbers.replace_number(street.place.coordinator.actor, _id(lin), next_phone())


def test_a_number_of_somebody_else_is_not_entered(street: Street) -> None:
    lin, _ = person(street)
    _, taken = person(street, "王五")
    with pytest.raises(PhoneInUse):
        numbers.replace_number(street.place.admin.actor, _id(lin), taken)


def test_sessions_of_others_live_on(street: Street) -> None:
    lin, _ = person(street)
    wang, _ = person(street, "王五")
    atomic(sessions.revoke_all)(lin.person_id)
    assert wang.actor.person_id == wang.person_id


def _id(one: Neighbour) -> UUID:
    assert one.member_id is not None
    return one.member_id
