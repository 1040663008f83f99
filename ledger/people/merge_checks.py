"""The check of merged members: whoever was merged has nothing, for the member that stands for it has it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from ledger.book.checks import findings_of
from ledger.book.codes import Kind
from ledger.book.models import Account, Balance
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community
from ledger.people.models import Member


@check("aliases_empty")
def aliases_empty(_part: Part) -> Iterator[Finding]:
    """No points, debt, minutes or holds are left on the accounts of a merged member. They are few: all are read."""
    yield from findings_of("aliases_empty", _with_something_left(), "member {0}: merged, but {1} has {2}")


@cache
def _with_something_left() -> Select[Any]:
    """Joined outward, as what is new is: the merged members are read first, not the accounts of all."""
    kinds = Account.kind.in_((Kind.WALLET, Kind.DEBT, Kind.HOURS))
    left = (func.coalesce(of, 0) != 0 for of in (Balance.balance, Balance.held))
    return (
        select(Member.community_id, Member.id, Account.kind, Balance.balance)
        .outerjoin(Account, and_(same_community(Account, Member), Account.owner_id == Member.id, kinds))
        .outerjoin(Balance, and_(same_community(Balance, Account), Balance.account_id == Account.id))
        .where(Member.merged_into.is_not(None), or_(*left))
    )
