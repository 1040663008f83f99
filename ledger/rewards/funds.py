"""Funds: who pays the shops. Money is granted into a fund, held by reservations, spent by confirmations."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from ledger.book.accounts import bank_of, fund_of, open_accounts
from ledger.book.codes import Code, Kind
from ledger.book.models import Account, Balance, Transfer
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, outbox
from ledger.core.commitments import keep_words
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.permissions import reach, reaches_all, reaches_all_by_name
from ledger.core.tenancy import Actor, load, same_community, scoped, within
from ledger.rewards.models import Fund, FundGrant

GRANT = "fund_grant"
"""The source type of a grant's transfer."""


@dataclass(frozen=True, slots=True)
class FundFigures:
    """A fund's fen: granted in all (less what was taken back), reserved now, spent in all, left to be reserved.

    left = granted - spent - reserved.
    """

    granted: int
    reserved: int
    spent: int
    left: int


NOTHING = FundFigures(0, 0, 0, 0)


@atomic
def create_fund(actor: Actor, name: str) -> Fund:
    """The fund exists, empty. Raises Forbidden, AlreadyExists (a fund of this name)."""
    require_to_manage(actor)
    if db.session.scalar(scoped(actor.tenant, Fund.id).where(Fund.name == name)) is not None:
        raise AlreadyExists
    fund = Fund(community_id=actor.tenant, id=new_id(), name=name, created_at=clock.now(), actor_id=actor.person_id)
    db.session.add(fund)
    db.session.flush()
    open_accounts(actor.tenant, [fund_of(fund.id)])
    audit.record(actor, "rewards.create_fund", fund.id)
    outbox.announce(actor, "fund.created", fund_id=fund.id.hex)
    return fund


@atomic
def grant_money(actor: Actor, fund_id: UUID, *, amount_fen: int, donor: str, is_named: bool = False) -> FundGrant:
    """`amount_fen` from the community's bank account stands in the fund, given by `donor`.

    `is_named`: the person agreed, or the organisation wishes, to be named in public. Raises NotFound, Forbidden,
    AmountOutOfRange.
    """
    fund = load(actor.tenant, Fund, fund_id)
    require_to_manage(actor)
    grant = FundGrant(
        community_id=actor.tenant,
        id=new_id(),
        fund_id=fund.id,
        amount_fen=amount_fen,
        donor=donor,
        is_named=is_named,
        granted_at=clock.now(),
        actor_id=actor.person_id,
    )
    kept = keep_words(actor.tenant, donor, thing_id=grant.id, field="donor")
    evidence = digest_of(grant=grant.id, fund=fund.id, amount_fen=amount_fen, donor=kept)
    draft = Draft(
        code=Code.FUND,
        debit=bank_of(actor.tenant),
        credit=fund_of(fund.id),
        amount=amount_fen,
        source=Source(GRANT, grant.id, evidence),
    )
    post_transfers(actor, [draft])
    db.session.add(grant)
    db.session.flush()
    audit.record(actor, "rewards.grant_money", grant.id, fund_id=fund.id.hex, amount_fen=amount_fen)
    outbox.announce(actor, "fund.granted", fund_id=fund.id.hex, amount_fen=amount_fen)
    return grant


def may_manage(actor: Actor) -> bool:
    """A role of the community itself; the street's "as second person" has no first step here to second."""
    return reaches_all_by_name(reach(actor, "manage_funds"))


def require_to_manage(actor: Actor) -> None:
    """Forbidden unless the actor manages the community's funds."""
    if not may_manage(actor):
        raise Forbidden


def list_funds(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[tuple[Fund, FundFigures]]:
    """The community's funds with their figures, newest first. Raises Forbidden."""
    require_sight(actor)
    query = scoped(actor.tenant, Fund).order_by(Fund.id.desc()).limit(limit)
    if after:
        query = query.where(Fund.id < after)
    funds = list(db.session.scalars(query))
    figures = figures_of(actor.tenant, [fund.id for fund in funds])
    return [(fund, figures[fund.id]) for fund in funds]


def see_fund(actor: Actor, fund_id: UUID) -> tuple[Fund, FundFigures]:
    """One fund with its figures: NotFound, Forbidden."""
    fund = load(actor.tenant, Fund, fund_id)
    require_sight(actor)
    return fund, figures_of(actor.tenant, [fund.id])[fund.id]


def names_of(community_id: UUID) -> list[tuple[UUID, str]]:
    """All funds of the community with their names: what an agreement can name, for its shop too."""
    return list(db.session.execute(scoped(community_id, Fund.id, Fund.name).order_by(Fund.id)).tuples())


def name_of(community_id: UUID, fund_id: UUID) -> str:
    """What the fund is called."""
    return load(community_id, Fund, fund_id).name


def fund_of_grant(community_id: UUID, grant_id: UUID) -> tuple[UUID, str] | None:
    """The fund that a grant went into, and who gave it; None when there is no such grant."""
    query = scoped(community_id, FundGrant.fund_id, FundGrant.donor).where(FundGrant.id == grant_id)
    return db.session.execute(query).tuples().one_or_none()


def require_sight(actor: Actor) -> None:
    """Funds are the community's; what a member or a shop sees of business is its own part, which has no fund."""
    if not reaches_all(reach(actor, "see_redemptions")):
        raise Forbidden


def figures_of(community_id: UUID, fund_ids: list[UUID]) -> dict[UUID, FundFigures]:
    """Granted, reserved, spent and left of each fund, in three statements."""
    granted = (
        select(FundGrant.fund_id, func.sum(FundGrant.amount_fen))
        .where(within(community_id, FundGrant), FundGrant.fund_id.in_(fund_ids))
        .group_by(FundGrant.fund_id)
    )
    stored = (
        select(Account.owner_id, func.sum(Balance.balance), func.sum(Balance.held))
        .where(within(community_id, Account, Balance), Balance.account_id == Account.id)
        .where(Account.kind == Kind.FUND, Account.owner_id.in_(fund_ids))
        .group_by(Account.owner_id)
    )
    given = {fund_id: int(amount) for fund_id, amount in db.session.execute(granted)}
    for fund_id, _grant_id, amount in taken_back_of(community_id, fund_ids):
        given[fund_id] -= amount
    found = dict.fromkeys(fund_ids, NOTHING)
    for fund_id, balance, held in db.session.execute(stored):
        total = given.get(fund_id, 0)
        found[fund_id] = FundFigures(total, int(held), total - int(balance), int(balance) - int(held))
    return found


def taken_back_of(community_id: UUID, fund_ids: list[UUID]) -> list[tuple[UUID, UUID, int]]:
    """What of the funds' grants went back to the bank by reversals: fund, grant, fen. Found from the grants, few."""
    original, reversal = aliased(Transfer), aliased(Transfer)
    query = (
        select(FundGrant.fund_id, FundGrant.id, func.sum(reversal.amount))
        .join(original, and_(same_community(original, FundGrant), original.source_id == FundGrant.id))
        .join(reversal, and_(same_community(reversal, original), reversal.reverses_id == original.id))
        .where(within(community_id, FundGrant), FundGrant.fund_id.in_(fund_ids))
        .where(original.code == Code.FUND, original.source_type == GRANT)
        .group_by(FundGrant.fund_id, FundGrant.id)
    )
    return [(fund_id, grant_id, int(amount)) for fund_id, grant_id, amount in db.session.execute(query)]


def grants_of(actor: Actor, fund_id: UUID) -> list[FundGrant]:
    """What came into the fund, newest first: NotFound, Forbidden."""
    load(actor.tenant, Fund, fund_id)
    require_sight(actor)
    query = scoped(actor.tenant, FundGrant).where(FundGrant.fund_id == fund_id)
    return list(db.session.scalars(query.order_by(FundGrant.id.desc())))
