"""A person is erased: nothing that was sealed breaks, and nothing of theirs can be read from the evidence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from ledger.book import checkpoints, reading, receipts
from ledger.book.checking import run_checks
from ledger.core import clock, registry
from ledger.core.commitments import Commitment, words_of
from ledger.core.db import atomic, db
from ledger.core.evidence import digest_of
from ledger.people.models import Member, Phone
from ledger.rewards import funds, refunds
from ledger.rewards.models import FundGrant, Refund
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import Street, open_street
from tests.stories import Neighbour


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


@pytest.fixture
def refunded(street: Street) -> Neighbour:
    """A member with a refund whose reason speaks of them, sealed yesterday."""
    member = street.volunteer(200)
    refunds.refund(street.place.treasurer.actor, street.buy(member).id, reason="林秀芳说面包坏了")
    seal_all(street.id)
    clock.advance(days=1)
    seal_all(street.id)
    return member


def kept(street: Street) -> dict[str, Commitment]:
    db.session.remove()
    return {one.field: one for one in db.session.scalars(select(Commitment))}


def proofs_of(street: Street) -> list[dict[str, object]]:
    supervisor = street.place.supervisor.actor
    transfers = reading.list_transfers(supervisor, limit=200)
    return [receipts.document_of(receipts.see_receipt(supervisor, one.id)) for one in transfers]


def test_evidence_of_a_refund_holds_the_commitment_to_its_reason(street: Street, refunded: Neighbour) -> None:
    row = db.session.scalars(select(Refund)).one()
    commitment = kept(street)["reason"]
    assert (commitment.thing_id, commitment.owner_id) == (row.id, refunded.person_id)
    evidence = digest_of(
        refund=row.id, redemption=row.redemption_id, points=row.points, fen=row.fen, reason=commitment.digest.hex()
    )
    sealed = {bytes.fromhex(str(one["transfer"]["source_digest"])) for one in proofs_of(street)}  # type: ignore[index]
    assert evidence in sealed


def test_evidence_of_a_grant_holds_the_commitment_to_its_donor(street: Street) -> None:
    funds.grant_money(street.place.treasurer.actor, street.fund.id, amount_fen=500, donor="张老板")
    row = db.session.scalars(select(FundGrant).where(FundGrant.donor == "张老板")).one()
    commitment = db.session.scalars(select(Commitment).where(Commitment.thing_id == row.id)).one()
    evidence = digest_of(grant=row.id, fund=street.fund.id, amount_fen=500, donor=commitment.digest.hex())
    newest = reading.list_transfers(street.place.treasurer.actor)[0]
    assert newest.source_digest == evidence
    assert words_of(street.id, row.id, "donor") == "张老板"


def test_erasing_a_person_breaks_no_root_no_receipt_and_no_check(street: Street, refunded: Neighbour) -> None:
    before, roots = proofs_of(street), [one.digest for one in checkpoints.list_checkpoints(street.id)]
    assert all(one["status"] == "proven" for one in before)
    for erase in registry.erasers.values():
        erase(refunded.person_id)
    atomic(_forget_name_and_phone)(refunded)
    assert kept(street)["reason"].value is None
    assert [one.digest for one in checkpoints.list_checkpoints(street.id)] == roots
    assert proofs_of(street) == before
    assert run_checks() == []


def _forget_name_and_phone(person: Neighbour) -> None:
    """No verb does it yet: what one would do to the rows."""
    forgotten = update(Member).where(Member.person_id == person.person_id)
    db.session.execute(forgotten.values(name="", sort_key=""))
    db.session.execute(delete(Phone).where(Phone.person_id == person.person_id))
