"""The ways in: what a code, a scan or a member of staff proves about a visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.people import communities
from ledger.service import codes, days
from ledger.service.errors import ForeignPlate, LiveCodeExpired, OtherCommunity, UnknownCode
from ledger.service.models import Activity, Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """How the visit is proved: exactly one of these."""

    grant: str | None = None
    live_code: str | None = None
    poster_code: str | None = None
    plate_code: str | None = None
    card_code: str | None = None
    member_id: UUID | None = None

    @property
    def is_by_staff(self) -> bool:
        """Staff at the place say who is there: they know the member, or hold their paper card."""
        return self.member_id is not None or self.card_code is not None


class Proof(NamedTuple):
    """What the way in proves, at which moment it was read (None where the code does not change), and at which door."""

    basis: Evidence
    witnessed_at: datetime | None = None
    plate_id: UUID | None = None


def prove(actor: Actor, activity: Activity, via: Via, happened_at: datetime | None) -> Proof:
    """What this way in proves for the activity.

    Raises OtherCommunity, UnknownCode, LiveCodeExpired, GrantExpired, GrantUsed, PlateRetired, ForeignPlate.
    """
    if via.is_by_staff:
        return Proof(Evidence.COORDINATOR_SCAN)
    posted = days.posted_for(activity)
    if via.grant is not None:
        return _prove_by_grant(actor, activity, posted, via.grant)
    code = via.poster_code or via.plate_code or via.live_code or ""
    if codes.prefix_of(code) != codes.prefix_of(posted.poster_code):
        raise OtherCommunity if communities.with_short_code(codes.prefix_of(code)) else UnknownCode
    if via.plate_code is not None:
        return _prove_by_plate(posted, code)
    if via.poster_code is not None:
        if code not in (posted.poster_code, activity.poster_code):
            raise UnknownCode
        return Proof(Evidence.POSTER)
    return _prove_by_live_code(posted, code, happened_at)


def _prove_by_plate(posted: Activity, code: str) -> Proof:
    plate = codes.plate_with(posted.community_id, code)
    if plate.standing_id != posted.id:
        raise ForeignPlate
    return Proof(Evidence.POSTER, plate_id=plate.id)


def _prove_by_grant(actor: Actor, activity: Activity, posted: Activity, text: str) -> Proof:
    grant = codes.open_grant(text)
    if grant.community_id != actor.tenant:
        raise OtherCommunity
    if grant.activity_id not in (activity.id, posted.id):
        raise UnknownCode
    codes.bind_grant(actor, text)
    return Proof(grant.evidence, grant.scanned_at, grant.plate_id)


def _prove_by_live_code(activity: Activity, code: str, happened_at: datetime | None) -> Proof:
    """The code is on the screen now; or it was when it is said to have happened, on a phone without network.

    What is sent later may as well be a picture that somebody forwarded: it proves no more than the poster, and no time.
    """
    now = clock.now()
    if codes.is_shown_at(activity, code, now):
        return Proof(Evidence.LIVE_CODE, now)
    if happened_at is not None and codes.is_shown_at(activity, code, happened_at):
        return Proof(Evidence.POSTER)
    raise LiveCodeExpired if codes.age_of_live_code(activity, code, now) is not None else UnknownCode
