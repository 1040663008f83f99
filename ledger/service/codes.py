"""Codes at the place of service: a poster's fixed one, a screen's changing one, and the grant that a scan gives.

A poster code is SHORT-XXXXXXXXXX (10 characters of chance), a plate's SHORT-XXXXXXXXXXXX (12), a live code
SHORT-XXXXXXXX (8 characters of a keyed function of activity and 15-second step): the length tells them apart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger.core import clock, secrets, walls
from ledger.core.db import db, is_postgresql
from ledger.core.errors import NotFound
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import communities
from ledger.people.models import Community, PlaceUnit
from ledger.service.errors import (
    ActivityCancelled,
    ActivityOver,
    GrantExpired,
    GrantUsed,
    LiveCodeExpired,
    PlateRetired,
    UnknownCode,
)
from ledger.service.models import Activity, ActivityKind, ActivityState, Evidence, GrantUse, Plate, PlateState

STEP_SECONDS = 15
POSTER_LENGTH, LIVE_LENGTH, PLATE_LENGTH = 10, 8, 12
REMEMBERED_STEPS = 20
"""So many steps back a live code is called expired and not unknown: five minutes."""

GRANT_LIVES = timedelta(minutes=10)
NEARBY = timedelta(hours=12)
MOST_CANDIDATES = 500
"""A live code is compared with at most so many activities of the community around now."""


class LiveCode(NamedTuple):
    """The code on the screen and when the next one follows."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ScanGrant:
    """What a scan proved: this activity's code (of this plate) was read at this moment by the browser of the nonce."""

    community_id: UUID
    activity_id: UUID
    evidence: Evidence
    scanned_at: datetime
    nonce: str
    plate_id: UUID | None = None


class Scan(NamedTuple):
    """The answer to a scan: a signed grant, and where it is good for. `plate` is the door's, where one was scanned."""

    grant: str
    activity: Activity
    community: Community
    evidence: Evidence
    expires_at: datetime
    plate: Plate | None = None


def new_poster_code(short_code: str) -> str:
    return f"{short_code}-{secrets.random_code(POSTER_LENGTH)}"


def new_plate_code(short_code: str) -> str:
    return f"{short_code}-{secrets.random_code(PLATE_LENGTH)}"


def prefix_of(code: str) -> str:
    """The short code of the community that a public code starts with."""
    return code.partition("-")[0]


def is_live(code: str) -> bool:
    return len(code.partition("-")[2]) == LIVE_LENGTH


def is_plate(code: str) -> bool:
    return len(code.partition("-")[2]) == PLATE_LENGTH


def step_of(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


def live_code_at(activity: Activity, step: int) -> str:
    """The activity's code of one step."""
    message = activity.community_id.bytes + activity.id.bytes + step.to_bytes(8, "big")
    return f"{prefix_of(activity.poster_code)}-{secrets.as_code(secrets.mac(message, 'live code'), LIVE_LENGTH)}"


def live_code_now(actor: Actor, activity_id: UUID) -> LiveCode:
    """The code to show at the place now. Raises NotFound, Forbidden, ActivityCancelled."""
    activity = load(actor.tenant, Activity, activity_id)
    require(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, activity.unit_id).path)
    if activity.state == ActivityState.CANCELLED:
        raise ActivityCancelled
    step = step_of(clock.now())
    ends = datetime.fromtimestamp((step + 1) * STEP_SECONDS, UTC)
    return LiveCode(live_code_at(activity, step), ends)


def age_of_live_code(activity: Activity, code: str, moment: datetime) -> int | None:
    """How many steps before `moment` the code was shown (-1 … REMEMBERED_STEPS); None when it never was."""
    now = step_of(moment)
    for age in range(-1, REMEMBERED_STEPS + 1):
        if secrets.same(live_code_at(activity, now - age).encode(), code.encode()):
            return age
    return None


def is_shown_at(activity: Activity, code: str, moment: datetime) -> bool:
    """Was the code on the screen at the moment, give or take one step?"""
    age = age_of_live_code(activity, code, moment)
    return age is not None and age <= 1


def read_scan(code: str, *, nonce: str) -> Scan:
    """A grant for whoever read the code, signed in or not; nothing is recorded.

    Raises UnknownCode, LiveCodeExpired, PlateRetired, ActivityCancelled, ActivityOver (a standing one that ended).
    """
    community, activity, plate = _behind(code)
    _refuse_over(activity)
    now = clock.now()
    evidence = Evidence.LIVE_CODE if is_live(code) else Evidence.POSTER
    grant = ScanGrant(community.id, activity.id, evidence, now, nonce, plate.id if plate else None)
    return Scan(sign_grant(grant), activity, community, evidence, now + GRANT_LIVES, plate)


class _Behind(NamedTuple):
    """What a code leads to."""

    community: Community
    activity: Activity
    plate: Plate | None = None


@walls.above()
def _behind(code: str) -> _Behind:
    """The activity of a code with its community, and the plate if it is one's; what is printed takes one statement."""
    if is_live(code):
        community = communities.with_short_code(prefix_of(code))
        if community is None:
            raise UnknownCode
        return _Behind(community, _with_live_code(community.id, code))
    row = db.session.execute(_printed(is_plate(code)), {"prefix": prefix_of(code), "code": code}).one_or_none()
    if row is None:
        raise UnknownCode
    found = _Behind(*row)
    if found.plate is not None:
        _refuse_retired(found.plate)
    return found


@cache
def _printed(of_plate: bool) -> Select[Any]:
    """Built once for posters and once for plates."""
    found_by: Any = Community.id
    printed = select(Community, Activity).where(Community.short_code == bindparam("prefix"), within(found_by, Activity))
    if not of_plate:
        return printed.where(Activity.poster_code == bindparam("code"))
    its_door = within(found_by, Plate), Plate.standing_id == Activity.id, Plate.code == bindparam("code")
    return printed.add_columns(Plate).where(*its_door)


def _refuse_over(activity: Activity) -> None:
    if activity.state == ActivityState.CANCELLED:
        raise ActivityCancelled
    # The last night of a standing one may reach into the day after: who came may still leave.
    if activity.kind is ActivityKind.STANDING and activity.ends_at + NEARBY <= clock.now():
        raise ActivityOver


def reopen_scan(text: str) -> Scan:
    """The scan that a grant came from, for the page that carries it on.

    Raises GrantExpired, ActivityCancelled, ActivityOver.
    """
    grant = open_grant(text)
    try:
        with walls.inside(grant.community_id):
            activity = load(grant.community_id, Activity, grant.activity_id)
            plate = load(grant.community_id, Plate, grant.plate_id) if grant.plate_id else None
    except NotFound as error:
        raise GrantExpired from error
    _refuse_over(activity)
    community = db.session.get_one(Community, grant.community_id)
    return Scan(text, activity, community, grant.evidence, grant.scanned_at + GRANT_LIVES, plate)


def plate_with(community_id: UUID, code: str) -> Plate:
    """The plate that carries the code. Raises UnknownCode, PlateRetired."""
    plate: Plate | None = db.session.scalars(scoped(community_id, Plate).where(Plate.code == code)).one_or_none()
    if plate is None:
        raise UnknownCode
    _refuse_retired(plate)
    return plate


def _refuse_retired(plate: Plate) -> None:
    if plate.state == PlateState.RETIRED:
        raise PlateRetired


def _with_live_code(community_id: UUID, code: str) -> Activity:
    now = clock.now()
    near = scoped(community_id, Activity).where(
        or_(Activity.opens_minute.is_not(None), Activity.starts_at >= now - NEARBY - timedelta(days=1)),
        Activity.starts_at <= now + NEARBY,
        Activity.ends_at >= now - NEARBY,
        Activity.standing_id.is_(None),
    )
    was_shown = False
    activity: Activity
    for activity in db.session.scalars(near.order_by(Activity.starts_at.desc()).limit(MOST_CANDIDATES)):
        age = age_of_live_code(activity, code, now)
        if age is not None and age <= 1:
            return activity
        was_shown = was_shown or age is not None
    raise LiveCodeExpired if was_shown else UnknownCode


def sign_grant(grant: ScanGrant) -> str:
    """The grant as text that only this house can have made."""
    content = json.dumps(
        [
            grant.community_id.hex,
            grant.activity_id.hex,
            grant.evidence,
            int(grant.scanned_at.timestamp() * 1000),
            grant.nonce,
            grant.plate_id.hex if grant.plate_id else None,
        ],
        separators=(",", ":"),
    ).encode()
    return f"{_as_text(content)}.{_as_text(secrets.mac(content, 'scan grant'))}"


def open_grant(text: str) -> ScanGrant:
    """What the grant says; GrantExpired when it is not ours or older than 10 minutes."""
    first, _, second = text.partition(".")
    try:
        content, signature = _from_text(first), _from_text(second)
    except (binascii.Error, ValueError) as error:
        raise GrantExpired from error
    if not secrets.same(signature, secrets.mac(content, "scan grant")):
        raise GrantExpired
    community_id, activity_id, evidence, milliseconds, nonce, plate_id = json.loads(content)
    scanned_at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    if not scanned_at <= clock.now() + timedelta(minutes=1) or clock.now() - scanned_at >= GRANT_LIVES:
        raise GrantExpired
    plate = UUID(plate_id) if plate_id else None
    return ScanGrant(UUID(community_id), UUID(activity_id), Evidence(evidence), scanned_at, nonce, plate)


def bind_grant(actor: Actor, text: str) -> None:
    """The grant belongs to this person from now on; GrantUsed when it belongs to another."""
    digest = hashlib.sha256(text.encode()).digest()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    row = {
        "community_id": actor.tenant,
        "digest": digest,
        "person_id": actor.person_id,
        "used_at": clock.now(),
    }
    bound = insert(GrantUse).values(row).on_conflict_do_nothing().returning(GrantUse.digest)
    if db.session.execute(bound).first() is not None:
        return
    holder = db.session.scalar(scoped(actor.tenant, GrantUse.person_id).where(GrantUse.digest == digest))
    if holder != actor.person_id:
        raise GrantUsed


def _as_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
