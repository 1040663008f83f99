"""Agreements: versioned contracts with shops. Two people sign for the community, the owner for the shop."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from ledger.book.accounts import accounts_of_merchant, open_accounts
from ledger.book.holds import void_holds
from ledger.core import audit, clock, outbox, workdays
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, VersionChanged, WrongState
from ledger.core.ids import new_id
from ledger.core.numbers import next_in_series
from ledger.core.permissions import SHOP, reach, reaches_all_by_name, require
from ledger.core.second_person import count_if_stood_in
from ledger.core.tenancy import Actor, Role, load, scoped, within
from ledger.rewards import voucher_ends
from ledger.rewards.errors import AlreadySigned
from ledger.rewards.merchants import is_behind_counter, load_merchant
from ledger.rewards.models import (
    Agreement,
    AgreementState,
    AgreementVersion,
    Fund,
    Path,
    Redemption,
    RedemptionState,
)
from ledger.rewards.path_caps import LOWER_FOR_PAPER, PathCap, as_stored

STREET_WAITS_WORKDAYS = 2
"""The street signs second only after the community's own second person has been absent this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerms:
    """What is agreed: `rate_fen` fen for every `rate_points` points, paid by the fund, on these days (inclusive).

    Less than `minimum_fen` of a week is carried over; `needs_invoice`: the shop gives its invoice's number first.
    Without `other_days` it redeems on the community's redemption day alone, in its hours. A disputed line that nobody
    decides in time is the shop's, or without `undecided_for_shop` the community's. `path_caps`: how many points each
    path to a redemption carries at most; one that is left out carries any. Offline it redeems with numbered slips of at
    most `slip_points` (0: it has none), entered within `slip_days`.
    """

    fund_id: UUID
    rate_fen: int
    rate_points: int
    starts_on: date
    ends_on: date
    signatory: str
    auto_confirm_days: int = 3
    minimum_fen: int = 0
    needs_invoice: bool = False
    other_days: bool = True
    undecided_for_shop: bool = True
    path_caps: Mapping[Path, PathCap] = field(default_factory=lambda: LOWER_FOR_PAPER)
    slip_points: int = 0
    slip_days: int = 3

    def as_row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return row | {"path_caps": as_stored(self.path_caps)}


@atomic
def draft_agreement(actor: Actor, merchant_id: UUID, *, terms: AgreementTerms) -> Agreement:
    """A numbered draft exists, to be signed by two people; the shop's accounts are open.

    A shop has one agreement that has not ended. Raises NotFound (shop, fund), Forbidden, AlreadyExists.
    """
    merchant = load_merchant(actor.tenant, merchant_id)
    load(actor.tenant, Fund, terms.fund_id)
    require(actor, "draft_agreement", merchant_id=merchant.id)
    live = scoped(actor.tenant, Agreement.id).where(
        Agreement.merchant_id == merchant.id, Agreement.state != AgreementState.ENDED
    )
    year = clock.today().year
    number = f"{year}-{next_in_series(actor.tenant, f'agreements {year}'):03d}"
    # After the series, which one draft at a time holds: so a rival's draft is seen.
    if db.session.scalar(live) is not None:
        raise AlreadyExists
    agreement = Agreement(
        community_id=actor.tenant,
        id=new_id(),
        merchant_id=merchant.id,
        number=number,
        state=AgreementState.DRAFT,
        version=1,
        draft_version=1,
        created_at=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(agreement)
    db.session.flush()
    _add_version(actor, agreement, 1, terms)
    open_accounts(actor.tenant, accounts_of_merchant(merchant.id))
    audit.record(actor, "rewards.draft_agreement", agreement.id, merchant_id=merchant.id.hex)
    outbox.announce(actor, "agreement.drafted", agreement_id=agreement.id.hex)
    return agreement


def _add_version(actor: Actor, agreement: Agreement, version: int, terms: AgreementTerms) -> None:
    row = {
        "community_id": actor.tenant,
        "agreement_id": agreement.id,
        "version": version,
        "created_at": clock.now(),
        "actor_id": actor.person_id,
        **terms.as_row(),
    }
    db.session.execute(insert(AgreementVersion), [row])


@atomic
def amend_agreement(actor: Actor, agreement_id: UUID, *, read_version: int, terms: AgreementTerms) -> Agreement:
    """A new version is drafted; the one in force stays so until two people have signed the new one.

    A draft that waits already is replaced, its signatures with it. `read_version` is the newest one that the caller
    has read. Raises NotFound (agreement, fund), Forbidden, WrongState (ended), VersionChanged.
    """
    agreement = load(actor.tenant, Agreement, agreement_id, lock=True)
    load(actor.tenant, Fund, terms.fund_id)
    require(actor, "draft_agreement", merchant_id=agreement.merchant_id)
    if agreement.state == AgreementState.ENDED:
        raise WrongState(state=agreement.state)
    newest = newest_version(actor.tenant, agreement.id)
    if read_version != newest:
        raise VersionChanged
    agreement.draft_version = newest + 1
    if agreement.state == AgreementState.DRAFT:
        agreement.version = newest + 1
    _add_version(actor, agreement, newest + 1, terms)
    db.session.flush()
    audit.record(actor, "rewards.amend_agreement", agreement.id, version=newest + 1)
    outbox.announce(actor, "agreement.amended", agreement_id=agreement.id.hex, version=newest + 1)
    return agreement


def newest_version(community_id: UUID, agreement_id: UUID) -> int:
    """The number of the agreement's latest version, in force or drafted: what its ETag names."""
    query = select(func.max(AgreementVersion.version)).where(
        within(community_id, AgreementVersion), AgreementVersion.agreement_id == agreement_id
    )
    return int(db.session.scalar(query) or 0)


@atomic
def sign_agreement(actor: Actor, agreement_id: UUID, *, version: int | None = None) -> Agreement:
    """The waiting version carries the actor's signature; with the community's second one it is in force.

    The community's two are different people, each admin or treasurer; the street stands in for the second after
    two working days. Somebody behind the shop's counter signs only the shop's own side, as its owner. `version` is
    the one that was read, None: whichever waits. Raises NotFound, Forbidden, WrongState (nothing waits),
    VersionChanged, AlreadySigned.
    """
    agreement = load(actor.tenant, Agreement, agreement_id, lock=True)
    require(actor, "sign_agreement", merchant_id=agreement.merchant_id)
    if agreement.draft_version is None or agreement.state == AgreementState.ENDED:
        raise WrongState(state=agreement.state)
    if version not in (None, agreement.draft_version):
        raise VersionChanged
    draft = version_of(agreement, agreement.draft_version)
    if is_behind_counter(actor, agreement.merchant_id):
        _sign_for_shop(actor, agreement.merchant_id, draft)
    else:
        _sign_for_community(actor, agreement, draft)
    db.session.flush()
    is_second = draft.second_signed_by == actor.person_id
    stood_in = is_second and count_if_stood_in(actor, "sign_agreement", agreement.id)
    audit.record(actor, "rewards.sign_agreement", agreement.id, version=draft.version, stood_in=stood_in)
    outbox.announce(actor, "agreement.signed", agreement_id=agreement.id.hex, version=draft.version)
    return agreement


def version_of(agreement: Agreement, version: int) -> AgreementVersion:
    """What was agreed in that version."""
    return db.session.get_one(AgreementVersion, (agreement.community_id, agreement.id, version))


def _sign_for_shop(actor: Actor, merchant_id: UUID, draft: AgreementVersion) -> None:
    owned = {counter.merchant_id for counter in actor.counters if counter.role is Role.OWNER}
    if merchant_id not in owned:
        raise Forbidden
    if draft.owner_signed_by is not None:
        raise AlreadySigned
    draft.owner_signed_by, draft.owner_signed_at = actor.person_id, clock.now()


def _sign_for_community(actor: Actor, agreement: Agreement, draft: AgreementVersion) -> None:
    if not reaches_all_by_name(reach(actor, "sign_agreement")) and not _may_second(draft):
        raise Forbidden
    if actor.is_person(draft.signed_by):
        raise AlreadySigned
    if draft.signed_by is None:
        draft.signed_by = actor.person_id
        draft.first_signed_at = draft.signed_at = clock.now()
        return
    draft.second_signed_by, draft.signed_at = actor.person_id, clock.now()
    agreement.version, agreement.draft_version, agreement.renewal_told = draft.version, None, None
    if agreement.state == AgreementState.DRAFT:
        agreement.state = AgreementState.ACTIVE


def _may_second(draft: AgreementVersion) -> bool:
    """Has the community's own second person let the first signature wait for too long?"""
    if draft.signed_by is None or draft.signed_at is None:
        return False
    return clock.now() >= workdays.end_after(draft.signed_at, STREET_WAITS_WORKDAYS)


@atomic
def suspend_agreement(actor: Actor, agreement_id: UUID) -> Agreement:
    """Nothing can be redeemed at the shop; open reservations are voided. Raises NotFound, Forbidden, WrongState."""
    return _turn(actor, agreement_id, AgreementState.SUSPENDED, allowed=(AgreementState.ACTIVE,))


@atomic
def resume_agreement(actor: Actor, agreement_id: UUID) -> Agreement:
    """The shop takes part again. Raises NotFound, Forbidden, WrongState (not suspended)."""
    return _turn(actor, agreement_id, AgreementState.ACTIVE, allowed=(AgreementState.SUSPENDED,))


@atomic
def end_agreement(actor: Actor, agreement_id: UUID) -> Agreement:
    """The agreement is over for good; open reservations are voided, unused vouchers go back with their dates.

    Raises NotFound, Forbidden, WrongState."""
    live = (AgreementState.DRAFT, AgreementState.ACTIVE, AgreementState.SUSPENDED)
    return _turn(actor, agreement_id, AgreementState.ENDED, allowed=live)


def _turn(actor: Actor, agreement_id: UUID, state: AgreementState, *, allowed: tuple[AgreementState, ...]) -> Agreement:
    """One person may stop a shop; only `sign` lets one start."""
    agreement = load(actor.tenant, Agreement, agreement_id)
    require(actor, "draft_agreement")
    turned = (
        update(Agreement)
        .where(within(actor.tenant, Agreement), Agreement.id == agreement.id, Agreement.state.in_(allowed))
        .values(state=state)
        .execution_options(synchronize_session=False)
    )
    if not db.session.execute(turned).rowcount:  # type: ignore[attr-defined]
        db.session.refresh(agreement)
        raise WrongState(state=agreement.state)
    db.session.refresh(agreement)
    if state is not AgreementState.ACTIVE:
        _void_reservations(agreement)
    if state is AgreementState.ENDED:
        voucher_ends.return_all_of(actor, agreement)
    audit.record(actor, "rewards.turn_agreement", agreement.id, state=state)
    outbox.announce(actor, f"agreement.{state}", agreement_id=agreement.id.hex)
    return agreement


def _void_reservations(agreement: Agreement) -> None:
    """What a rival reserves at this moment is refused at its confirmation: `confirm` asks the agreement again."""
    query = scoped(agreement.community_id, Redemption.id).where(
        Redemption.merchant_id == agreement.merchant_id,
        Redemption.agreement_id == agreement.id,
        Redemption.state == RedemptionState.RESERVED,
    )
    open_ids = list(db.session.scalars(query))
    if open_ids:
        void_holds(agreement.community_id, "redemption", open_ids)


def list_agreements(
    actor: Actor, *, merchant_id: UUID | None = None, after: UUID | None = None, limit: int = 50
) -> list[tuple[Agreement, AgreementVersion]]:
    """Agreements with their present version (in force, or the first draft), newest first; an owner sees its own."""
    scopes = reach(actor, "see_agreements")
    if not scopes:
        raise Forbidden
    query = (
        scoped(actor.tenant, Agreement, AgreementVersion)
        .where(AgreementVersion.agreement_id == Agreement.id, AgreementVersion.version == Agreement.version)
        .order_by(Agreement.id.desc())
        .limit(limit)
    )
    if all(scope & SHOP for scope in scopes.values()):
        own = {counter.merchant_id for counter in actor.counters if counter.role is Role.OWNER}
        query = query.where(Agreement.merchant_id.in_(own))
    if merchant_id:
        query = query.where(Agreement.merchant_id == merchant_id)
    if after:
        query = query.where(Agreement.id < after)
    return [(agreement, version) for agreement, version in db.session.execute(query)]


def latest_of(community_id: UUID, merchant_ids: Collection[UUID]) -> dict[UUID, tuple[Agreement, AgreementVersion]]:
    """The newest agreement of each of these shops with its present version, in one statement."""
    query = scoped(community_id, Agreement, AgreementVersion).where(
        AgreementVersion.agreement_id == Agreement.id,
        AgreementVersion.version == Agreement.version,
        Agreement.merchant_id.in_(merchant_ids),
    )
    rows = db.session.execute(query.order_by(Agreement.id)).tuples()
    return {agreement.merchant_id: (agreement, version) for agreement, version in rows}


def see_agreement(actor: Actor, agreement_id: UUID) -> tuple[Agreement, list[AgreementVersion]]:
    """One agreement with all its versions, newest first: NotFound, Forbidden."""
    agreement = load(actor.tenant, Agreement, agreement_id)
    require(actor, "see_agreements", merchant_id=agreement.merchant_id)
    query = scoped(actor.tenant, AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
    return agreement, list(db.session.scalars(query.order_by(AgreementVersion.version.desc())))
