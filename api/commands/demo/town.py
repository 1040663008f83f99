"""The people of the demo community, in reach: who acts, where, with which rights."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledger.core.tenancy import Actor
from ledger.people import communities, phones, sessions
from ledger.people.consents import give
from ledger.people.models import Community, PlaceUnit, Purpose, SessionKind

CAST: dict[str, tuple[str, str]] = {
    "volunteer": ("林秀芳", "13900000001"),
    "coordinator": ("周建国", "13900000002"),
    "stamper": ("李文军", "13900000003"),
    "admin": ("马晓明", "13900000004"),
    "treasurer": ("沈慧敏", "13900000005"),
    "supervisor": ("白立新", "13900000006"),
    "secretary": ("丁春梅", "13900000007"),
    "merchant": ("哈永平", "13900000008"),
    "clerk": ("沙雪莲", "13900000009"),
    "street": ("韩志强", "13900000010"),
    "operator": ("系统运营", "13900000011"),
}
"""The person behind each role of `demo token`: name and phone."""

MOST_WEEKS = 104
"""How long a story may be."""

SHORT_CODE = "NH"
NAME = "南华社区"
TELEPHONE = "0951-0000000"
"""Nobody's: no line begins with 0."""


@dataclass(frozen=True, slots=True)
class Resident:
    """A member of the demo community, with the actor that signs in as them."""

    member_id: UUID
    actor: Actor
    grid: int


@dataclass
class Town:
    """What the story of the weeks needs to know."""

    community: Community
    chance: random.Random
    root: PlaceUnit
    until: datetime
    cast: dict[str, Actor] = field(default_factory=dict)
    grids: list[PlaceUnit] = field(default_factory=list)
    micro_grids: list[PlaceUnit] = field(default_factory=list)
    entrances: list[PlaceUnit] = field(default_factory=list)
    branches: list[PlaceUnit] = field(default_factory=list)
    coordinators: list[Actor] = field(default_factory=list)
    residents: list[Resident] = field(default_factory=list)
    programmes: list[UUID] = field(default_factory=list)
    funds: list[UUID] = field(default_factory=list)
    counters: list[Counter] = field(default_factory=list)
    stalls: list[Counter] = field(default_factory=list)
    helped: UUID | None = None

    def owner_of(self, merchant_id: UUID) -> Actor:
        """Who owns this shop or stall."""
        return next(one.owner for one in (*self.counters, *self.stalls) if one.merchant_id == merchant_id)


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop of the demo community: its owner, its clerk, its counter and what it offers for how many points."""

    owner: Actor
    clerk: Actor
    merchant_id: UUID
    agreement_id: UUID
    branch_id: UUID
    poster_code: str
    offers: tuple[tuple[UUID, int], ...]


def demo_community() -> Community | None:
    """The demo community, if it was seeded."""
    found = communities.with_short_code(SHORT_CODE)
    return found if found and found.is_demo else None


def person_with(number: str) -> UUID:
    """The person with this demo number, made if need be, who consents to the recording of service."""
    person_id = phones.person_with(number) or phones.add_person(number)
    give(person_id, [Purpose.SERVICE, Purpose.LOCATION, Purpose.SHARING_WITH_SHOPS])
    return person_id


def enter(community_id: UUID, person_id: UUID) -> Actor:
    """The person inside the community, signed in on a device that stays so for the whole story."""
    _, session = sessions.open_session(person_id, kind=SessionKind.BROWSER, label="demo", days=7 * (MOST_WEEKS + 1))
    return sessions.enter(Actor(person_id=person_id, session_id=session.id), community_id)
