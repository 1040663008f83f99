"""Reversals by hand: two people for each, never more than is left, and the right way named where there is another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ledger.book import reversal_requests
from ledger.book.accounts import bank_of, fund_of, hours_of, issuance_of, wallet_of
from ledger.book.codes import DECLARED, Code, Kind, Unit
from ledger.book.errors import AmountOutOfRange, InsufficientFunds, NotReversible, OverReversed
from ledger.book.models import ReversalRequest, ReversalState, Transfer
from ledger.book.reversal_reading import (
    corrections_of,
    reversals_of,
    see_reversal,
    transfers_of,
    what_would_move,
)
from ledger.book.reversal_requests import (
    OTHER_WAYS,
    decline_reversal,
    left_to_ask,
    withdraw_reversal,
)
from ledger.book.transfers import Source
from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.ids import new_id
from ledger.core.outbox import OutboxEvent
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Role, scoped
from tests.ledger.book.desk import WHY, Desk
from tests.stories import Neighbour

S = ReversalState


# Asking, approving, saying no.


def test_a_reversal_moves_nothing_until_a_second_person_approves(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    request = desk.ask(award)
    assert (request.state, request.amount, desk.figures(lin)) == (S.AWAITING_SECOND, 10, (10, 0, 10))
    posted = desk.approve(request)
    assert (posted.state, posted.decided_by, desk.figures(lin)) == (S.POSTED, desk.treasurer.person_id, (0, 0, 0))


def test_the_posted_transfers_name_the_reversal_as_their_source(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    desk.street.buy(lin, desk.street.offer(points=8))
    request = desk.take(award, 5)
    rows = atomic(transfers_of)(request)
    assert [(row.code, row.amount, row.reverses_id, row.source_id) for row in rows] == [
        (Code.REVERSE, 2, award, request.id),
        (Code.REVERSE, 3, award, request.id),
    ]
    assert desk.figures(lin) == (0, 3, 5)


def test_parts_are_taken_back_until_nothing_is_left(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    desk.take(award, 3)
    with pytest.raises(OverReversed) as refusal:
        desk.ask(award, 8)
    assert refusal.value.facts == {"left": 7}
    assert desk.take(award).amount == 7
    with pytest.raises(OverReversed):
        desk.ask(award)
    assert desk.figures(lin) == (0, 0, 0)


def test_what_another_request_asks_for_counts_as_gone(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    first = desk.ask(award, 6)
    with pytest.raises(OverReversed) as refusal:
        desk.ask(award, 5)
    assert refusal.value.facts == {"left": 4}
    assert desk.ask(award).amount == 4
    withdraw_reversal(desk.admin.actor, first.id)
    assert atomic(left_to_ask)(desk.id, award) == 6


def test_an_amount_is_at_least_one(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    for amount in (0, -3):
        with pytest.raises(AmountOutOfRange):
            desk.ask(award, amount)


def test_who_asked_does_not_approve_or_decline(desk: Desk, lin: Neighbour) -> None:
    request = desk.ask(desk.award(lin, 10))
    with pytest.raises(OwnStep):
        desk.approve(request, by=desk.admin)
    with pytest.raises(OwnStep):
        decline_reversal(desk.admin.actor, request.id, note="不对")
    assert desk.figures(lin) == (10, 0, 10)


def test_another_admin_is_a_second_person_too(desk: Desk, lin: Neighbour) -> None:
    colleague = desk.street.place.staff(Role.ADMIN)
    request = desk.ask(desk.award(lin, 10), by=colleague)
    assert desk.approve(request, by=desk.admin).state == S.POSTED


def test_the_database_itself_refuses_one_person_for_both_steps(desk: Desk, lin: Neighbour) -> None:
    request = desk.ask(desk.award(lin, 10))

    @atomic
    def forge() -> None:
        row = db.session.merge(request)
        row.state, row.decided_by, row.decided_at = S.DECLINED, row.asked_by, clock.now()

    with pytest.raises(Exception, match="ck_reversal_requests_two_people"):
        forge()


def test_a_declined_reversal_says_why_and_frees_its_amount(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    declined = decline_reversal(desk.treasurer.actor, desk.ask(award).id, note="没有记两次")
    assert (declined.state, declined.note, desk.figures(lin)) == (S.DECLINED, "没有记两次", (10, 0, 10))
    assert desk.ask(award).amount == 10


def test_only_who_asked_withdraws(desk: Desk, lin: Neighbour) -> None:
    request = desk.ask(desk.award(lin, 10))
    colleague = desk.street.place.staff(Role.ADMIN)
    for stranger in (colleague, desk.treasurer):
        with pytest.raises(Forbidden):
            withdraw_reversal(stranger.actor, request.id)
    withdrawn = withdraw_reversal(desk.admin.actor, request.id, note="看错了")
    assert (withdrawn.state, withdrawn.note) == (S.WITHDRAWN, "看错了")


STEPS: dict[str, Callable[[Desk, ReversalRequest], Any]] = {
    "approve": lambda desk, request: desk.approve(request),
    "decline": lambda desk, request: decline_reversal(desk.treasurer.actor, request.id, note="不"),
    "withdraw": lambda desk, request: withdraw_reversal(desk.admin.actor, request.id),
}


@pytest.mark.parametrize("first", STEPS)
def test_a_request_is_decided_once(desk: Desk, lin: Neighbour, first: str) -> None:
    request = desk.ask(desk.award(lin, 10))
    STEPS[first](desk, request)
    for step in STEPS.values():
        with pytest.raises(WrongState):
            step(desk, request)


def test_every_step_is_audited_and_announced_without_names(desk: Desk, lin: Neighbour) -> None:
    request = desk.take(desk.award(lin, 10), 4)
    query = scoped(desk.id, AuditLine).where(AuditLine.thing_id == request.id).order_by(AuditLine.id)
    lines = list(db.session.scalars(query))
    assert [(line.action, line.actor_id) for line in lines] == [
        ("books.ask_reversal", desk.admin.person_id),
        ("books.approve_reversal", desk.treasurer.person_id),
    ]
    events = list(db.session.scalars(scoped(desk.id, OutboxEvent).order_by(OutboxEvent.id.desc()).limit(2)))
    assert [event.kind for event in events] == ["transfer.reversed", "reversal.asked"]
    assert events[0].payload == {
        "reversal_id": request.id.hex,
        "transfer_id": request.transfer_id.hex,
        "amount": 4,
        "member_id": lin.member_id.hex,
    }
    assert WHY not in str([line.detail for line in lines] + [event.payload for event in events])


# What can be taken back.


def test_minutes_are_taken_back_by_hand(desk: Desk, lin: Neighbour) -> None:
    issuance = issuance_of(desk.id, Unit.MINUTES)
    served = desk.write(Code.HOURS, issuance, hours_of(lin.member_id), 120)
    desk.take(served, 60)
    assert desk.balance(hours_of(lin.member_id)) == 60


def test_opening_points_are_taken_back_by_hand(desk: Desk, lin: Neighbour) -> None:
    desk.take(desk.write(Code.OPENING, issuance_of(desk.id), wallet_of(lin.member_id), 30))
    assert desk.figures(lin) == (0, 0, 0)


def test_a_donation_given_back_is_the_members_again(desk: Desk, lin: Neighbour) -> None:
    desk.award(lin, 10)
    desk.take(desk.donation(lin, 6))
    assert desk.figures(lin) == (10, 0, 10)


def test_a_grant_goes_back_to_the_bank_as_far_as_the_fund_has_it(desk: Desk) -> None:
    grant, fund = desk.newest(Code.FUND), fund_of(desk.street.fund.id)
    desk.take(grant, 40_000)
    assert (desk.balance(fund), desk.balance(bank_of(desk.id))) == (60_000, -60_000)
    desk.street.buy(desk.street.volunteer(100))
    with pytest.raises(InsufficientFunds):
        desk.approve(desk.ask(grant, 60_000))
    assert desk.balance(fund) == 59_800


def test_the_funds_figures_leave_out_what_was_taken_back(desk: Desk) -> None:
    desk.take(desk.newest(Code.FUND), 40_000)
    figures = atomic(desk.street.figures)()
    assert (figures.granted, figures.spent, figures.left) == (60_000, 0, 60_000)


def test_a_redemption_is_refunded_not_reversed(desk: Desk, lin: Neighbour) -> None:
    desk.award(lin, 20)
    desk.street.buy(lin)
    with pytest.raises(NotReversible) as refusal:
        desk.ask(desk.newest(Code.REDEEM))
    assert "退回红花" in refusal.value.next_step("zh")
    assert "Refund" in refusal.value.next_step("en")


def test_a_reversal_is_not_reversed(desk: Desk, lin: Neighbour) -> None:
    [reversal] = atomic(transfers_of)(desk.take(desk.award(lin, 10)))
    with pytest.raises(NotReversible):
        desk.ask(reversal.id)


def test_a_repayment_is_not_reversed(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 20)
    desk.street.buy(lin)
    desk.take(award)
    desk.award(lin, 5)
    with pytest.raises(NotReversible):
        desk.ask(desk.newest(Code.REPAY))


def test_every_code_has_a_way_back_or_names_another() -> None:
    back = {
        code
        for code, legs in DECLARED.items()
        if code is not Code.REVERSE and all((leg[1], leg[0], leg[2]) in DECLARED[Code.REVERSE] for leg in legs)
    }
    assert back == {Code.AWARD, Code.OPENING, Code.HOURS, Code.DONATE, Code.FUND}
    assert OTHER_WAYS.keys() == set(Code) - back


# With stamps and debts.


def test_a_reversal_of_a_spent_award_is_repaid_by_the_next_awards(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 20)
    desk.street.buy(lin)
    desk.take(award, 12)
    assert desk.figures(lin) == (0, 12, 8)
    desk.award(lin, 5)
    assert desk.figures(lin) == (0, 7, 13)
    desk.award(lin, 10)
    assert desk.figures(lin) == (3, 0, 23)


def test_what_would_move_is_what_moves(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 30)
    desk.street.reserve(lin)
    transfer = db.session.scalars(scoped(desk.id, Transfer).where(Transfer.id == award)).one()
    forecast = [(leg.debit.kind, leg.credit.kind, leg.amount) for leg in atomic(what_would_move)(transfer, 25)]
    assert forecast == [(Kind.WALLET, Kind.ISSUANCE, 10), (Kind.DEBT, Kind.ISSUANCE, 15)]
    desk.take(award, 25)
    moved = [row.amount for row in atomic(reversals_of)(transfer)]
    assert moved == [10, 15]


def test_an_approval_after_the_award_was_taken_back_otherwise_moves_nothing(desk: Desk, lin: Neighbour) -> None:
    award = desk.award(lin, 10)
    request = desk.ask(award, 8)
    _take_past_the_desk(desk, award, 5)
    with pytest.raises(OverReversed) as refusal:
        desk.approve(request)
    assert refusal.value.facts == {"left": 5}
    assert (desk.figures(lin), see_reversal(desk.admin.actor, request.id)[0].state) == ((5, 0, 5), S.AWAITING_SECOND)
    assert atomic(left_to_ask)(desk.id, award) == 0


def _take_past_the_desk(desk: Desk, transfer_id: UUID, amount: int) -> None:
    from ledger.book.reversals import Taking, take_back

    source = Source("stamp_undo", new_id(), b"")
    atomic(take_back)(desk.street.place.system, [Taking(transfer_id, amount, source)])


# What became of a source.


def test_the_corrections_of_a_source_are_what_was_posted_oldest_first(desk: Desk, lin: Neighbour) -> None:
    award, other = desk.award(lin, 10), desk.award(lin, 10)
    source = db.session.scalars(scoped(desk.id, Transfer).where(Transfer.id == award)).one()
    kind, source_id = source.source_type, source.source_id
    first = desk.take(award, 3)
    decline_reversal(desk.treasurer.actor, desk.ask(award, 1).id, note=WHY)
    desk.take(other, 5)
    second = desk.take(award, 2)
    desk.ask(award, 1)
    found = atomic(corrections_of)(desk.id, kind, source_id)
    assert [(request.id, transfer.id) for request, transfer in found] == [(first.id, award), (second.id, award)]
    assert atomic(corrections_of)(desk.id, "redemption", source_id) == []
    assert atomic(corrections_of)(new_id(), kind, source_id) == []


def test_every_word_of_a_request_is_in_its_evidence() -> None:
    def evidence(**changed: Any) -> bytes:
        facts = {
            "community_id": UUID(int=1),
            "id": UUID(int=2),
            "transfer_id": UUID(int=3),
            "amount": 4,
            "reason_digest": bytes(32),
            "asked_by": UUID(int=5),
            "asked_at": datetime(2026, 11, 27, tzinfo=UTC),
        }
        approved_by = changed.pop("approved_by", UUID(int=6))
        return reversal_requests.evidence_of(ReversalRequest(**(facts | changed)), approved_by=approved_by)

    others: dict[str, Any] = {
        "id": UUID(int=9), "transfer_id": UUID(int=9), "amount": 9, "reason_digest": bytes(31) + b"9",
        "asked_by": UUID(int=9), "asked_at": datetime(2026, 11, 28, tzinfo=UTC), "approved_by": UUID(int=9),
    }  # fmt: skip
    seen = [evidence(), *(evidence(**{name: value}) for name, value in others.items()), evidence(approved_by=None)]
    assert evidence() == seen[0]
    assert len(set(seen)) == len(others) + 2
    assert {len(one) for one in seen} == {32}
