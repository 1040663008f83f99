"""How many points a path to a redemption carries at most: the weaker the proof of who redeems, the less. See ADR 0034
and, for slips, 0038.

The caps are the agreement's; None of a version is an agreement older than they are, with the same for every path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Refused
from ledger.core.tenancy import within
from ledger.people.members import family_of
from ledger.rewards.errors import PathCapReached, PathCapToday
from ledger.rewards.models import Path, Redemption, RedemptionState, Via
from ledger.rewards.slip_models import Slip

COUNTS = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)


class PathCap(NamedTuple):
    """Points of one redemption, and of a member's day at the shop, by one path; None is without limit."""

    each: int | None = None
    per_day: int | None = None


NO_CAP = PathCap()

LOWER_FOR_PAPER = {Path.CARD: PathCap(100, 200), Path.SLIP: PathCap(None, 100)}
"""What an agreement says of paths when nobody says anything else: a card can be found, and a PIN be seen; a slip has
a cap of its own, which many slips a day would be a way around."""

_VIA = {Path.HELPER: Via.MERCHANT_CODE, Path.SLIP: Via.CARD}
"""As which way the redemptions of a path are kept where it is no way itself."""


def as_stored(caps: Mapping[Path, PathCap]) -> dict[str, Any]:
    """The caps as a version keeps them, for good."""
    return {path.value: list(cap) for path, cap in sorted(caps.items()) if cap != NO_CAP}


def caps_in(stored: Mapping[str, Any] | None) -> dict[Path, PathCap]:
    """The caps that a version has kept, in the order of the paths."""
    kept = stored or {}
    return {path: PathCap(*kept[path]) for path in Path if path in kept}


def path_of(via: Via, on_behalf_of: UUID | None) -> Path:
    """The path of a redemption: who chooses for somebody at the poster is a helper."""
    return Path.HELPER if via is Via.MERCHANT_CODE and on_behalf_of is not None else Path(via)


def points_today(community_id: UUID, agreement_id: UUID, member_id: UUID, path: Path, at: datetime) -> int:
    """What the member has redeemed or reserved at the shop today by this path, refunds taken off.

    Counted from the redemptions: under the member's wallet lock no rival of theirs is left out. A slip counts on the
    day it is entered.
    """
    waits = and_(Redemption.state == RedemptionState.RESERVED, Redemption.expires_at > at)
    query = select(func.coalesce(func.sum(Redemption.points - Redemption.refunded_points), 0)).where(
        within(community_id, Redemption),
        Redemption.member_id.in_(family_of(community_id, member_id)),
        Redemption.agreement_id == agreement_id,
        Redemption.voucher_id.is_(None),
        Redemption.reserved_at >= clock.start_of_day(clock.local_day(at)),
        or_(Redemption.state.in_(COUNTS), waits),
        Redemption.via == _VIA.get(path, path.value),
    )
    if path in (Path.HELPER, Path.MERCHANT_CODE):
        query = query.where(Redemption.on_behalf_of.is_not(None) == (path is Path.HELPER))
    if path in (Path.SLIP, Path.CARD):
        of_slip = exists().where(within(community_id, Slip), Slip.redemption_id == Redemption.id)
        query = query.where(of_slip if path is Path.SLIP else ~of_slip)
    return int(db.session.scalar(query) or 0)


def against_path(cap: PathCap, points: int, *, today: int) -> Iterator[Refused]:
    """What stands against so many points by a path of which `today` have been redeemed already."""
    if cap.each is not None and points > cap.each:
        yield PathCapReached(cap=cap.each)
    elif cap.per_day is not None and today + points > cap.per_day:
        yield PathCapToday(cap=cap.per_day, left=max(cap.per_day - today, 0))
