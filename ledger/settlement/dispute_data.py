"""What of disputes and bank accounts is a person's own data: the words of who disputed, and words about a member."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from ledger.core import registry
from ledger.core.db import atomic, db
from ledger.core.exporting import all_facts
from ledger.core.tenancy import scoped, within
from ledger.people.exporting import memberships_ever
from ledger.rewards.models import Redemption
from ledger.settlement.dispute_models import Dispute, DisputePhoto, Ruling
from ledger.settlement.models import SettlementLine
from ledger.settlement.payout_models import BankAccount

QUIETLY = {"synchronize_session": False}


def export_disputes(person_id: UUID) -> dict[str, Any]:
    """What the person disputed for a shop and what came of it, and the bank accounts that they registered."""
    disputes = db.session.scalars(select(Dispute).where(Dispute.raised_by == person_id).order_by(Dispute.id))
    accounts = db.session.scalars(select(BankAccount).where(BankAccount.asked_by == person_id).order_by(BankAccount.id))
    names = ("community_id", "settlement_id", "line_id", "reason", "state", "answer", "favour", "decision", "appeal")
    return {
        "disputes": all_facts(disputes, *names, "raised_at"),
        "bank_accounts": all_facts(accounts, "community_id", "merchant_id", "bank", "last_four", "state", "asked_at"),
    }


@atomic
def erase_disputes(person_id: UUID) -> None:
    """No words of who disputed and none about a member's redemption are kept; figures and days stay.

    A shop's bank account is kept: it is the shop's, and payments refer to it. The photos' content goes with all files
    of the person.
    """
    mine = update(Dispute).where(Dispute.raised_by == person_id)
    db.session.execute(mine.values(reason=registry.ERASED, appeal=""), execution_options=QUIETLY)
    photos = select(DisputePhoto).where(DisputePhoto.owner_id == person_id)
    for photo in db.session.scalars(photos).all():
        db.session.delete(photo)
    db.session.flush()
    for member in memberships_ever(person_id):
        _erase_words_about(member.community_id, member.id)


def _erase_words_about(community_id: UUID, member_id: UUID) -> None:
    redeemed = scoped(community_id, Redemption.id).where(Redemption.member_id == member_id)
    about = scoped(community_id, SettlementLine.id).where(SettlementLine.redemption_id.in_(redeemed))
    disputes = update(Dispute).where(within(community_id, Dispute), Dispute.line_id.in_(about))
    gone = {"reason": registry.ERASED, "answer": "", "decision": "", "appeal": ""}
    db.session.execute(disputes.values(gone), execution_options=QUIETLY)
    rulings = update(Ruling).where(within(community_id, Ruling), Ruling.line_id.in_(about))
    db.session.execute(rulings.values(reason=""), execution_options=QUIETLY)


registry.exporters["disputes"] = export_disputes
registry.erasers["disputes"] = erase_disputes
