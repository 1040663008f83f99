"""A neighbourhood for tests: one community with its people, built through the verbs, so that tests read as stories."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from ledger.core.tenancy import Actor, Role, system_actor
from ledger.people import communities, grants, helping, members, phones, sessions, units
from ledger.people.communities import Staff
from ledger.people.consents import give
from ledger.people.helping import Found
from ledger.people.helping_models import HelperLink, Relation
from ledger.people.models import Community, Oversight, PlaceUnit, Purpose, SessionKind, UnitKind
from tests.openings import told_once

_numbers = count(13_000_000_000)


def next_phone() -> str:
    """A number that no other person of this test run has."""
    return str(next(_numbers))


@dataclass
class Neighbour:
    """A person of the story: who they are, their bearer token, and how they act in the community."""

    name: str
    person_id: UUID
    member_id: UUID | None
    token: str
    community_id: UUID

    @property
    def actor(self) -> Actor:
        """The actor with the rights of this moment."""
        return sessions.enter(sessions.actor_of(self.token), self.community_id)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Neighbourhood:
    """A community with root unit, one grid, one micro-grid and an admin, a treasurer and a stamper.

    `system` acts as the clock does; `admin`, `treasurer`, `stamper`, `coordinator`, `supervisor` are made on demand.
    """

    community: Community
    root: PlaceUnit
    grid: PlaceUnit
    micro_grid: PlaceUnit
    admin: Neighbour
    treasurer: Neighbour
    _staff: dict[Role, Neighbour] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return self.community.id

    @property
    def url(self) -> str:
        """The API address of the community."""
        return f"/api/v1/communities/{self.id.hex}"

    @property
    def system(self) -> Actor:
        return system_actor(self.id)

    def volunteer(self, name: str = "林秀芳", *, unit: PlaceUnit | None = None) -> Neighbour:
        """A new volunteer who consented to everything but publication, living in the micro-grid unless said."""
        phone = next_phone()
        member = members.add_member(self.admin.actor, name, unit_id=(unit or self.micro_grid).id, phone=phone)
        give(member.person_id, [Purpose.SERVICE, Purpose.LOCATION, Purpose.SHARING_WITH_SHOPS])
        return neighbour(self.id, name, member.person_id, member.id)

    def staff(self, role: Role, *, unit: PlaceUnit | None = None, name: str = "") -> Neighbour:
        """A new person who holds the role over the unit (the whole community unless said)."""
        person = self.volunteer(name or f"{role}同志", unit=unit or self.root)
        assert person.member_id is not None
        grants.give_role(self.admin.actor, person.member_id, role=role, unit_id=(unit or self.root).id)
        return person

    def _one(self, role: Role) -> Neighbour:
        if role not in self._staff:
            self._staff[role] = self.staff(role)
        return self._staff[role]

    @property
    def stamper(self) -> Neighbour:
        return self._one(Role.STAMPER)

    @property
    def coordinator(self) -> Neighbour:
        return self._one(Role.COORDINATOR)

    @property
    def supervisor(self) -> Neighbour:
        return self._one(Role.SUPERVISOR)

    @property
    def second_treasurer(self) -> Neighbour:
        return self._one(Role.TREASURER)

    def helper_link(
        self, member: Neighbour, helper: Neighbour, relation: Relation = Relation.CHILD, *, is_guardian: bool = False
    ) -> HelperLink:
        """Registered with the member's word given in presence; the helper has still to agree."""
        return helping.name_helper(
            self.admin.actor,
            member.member_id,
            found=Found(helper.member_id),
            relation=relation,
            note="在家中口头同意",
            is_in_presence=True,
            is_guardian=is_guardian,
        )

    def grid_beside(self, name: str = "第二网格") -> PlaceUnit:
        """Another grid of the same community."""
        return units.add_unit(self.admin.actor, name, kind=UnitKind.GRID, parent_id=self.root.id)


def neighbour(community_id: UUID, name: str, person_id: UUID, member_id: UUID | None) -> Neighbour:
    """A person with a fresh API token."""
    token, _ = sessions.open_session(person_id, kind=SessionKind.API, label="test")
    return Neighbour(name, person_id, member_id, token, community_id)


@told_once
def open_neighbourhood(name: str = "南华社区") -> Neighbourhood:
    """A new community with two staff accounts, a grid and a micro-grid."""
    first, second = next_phone(), next_phone()
    staff = [Staff("李社工", first, (Role.ADMIN,)), Staff("马会计", second, (Role.TREASURER,))]
    community = communities.open_community(system_actor(None), name, staff=staff)
    root = units.root_of(community.id)
    admin, treasurer = (_staff_member(community.id, person) for person in staff)
    grid = units.add_unit(admin.actor, "第一网格", kind=UnitKind.GRID, parent_id=root.id)
    micro = units.add_unit(admin.actor, "第一微网格", kind=UnitKind.MICRO_GRID, parent_id=grid.id)
    return Neighbourhood(community, root, grid, micro, admin, treasurer)


def _staff_member(community_id: UUID, person: Staff) -> Neighbour:
    person_id = phones.person_with(person.phone)
    assert person_id is not None
    member = members.member_of(community_id, person_id)
    assert member is not None
    return neighbour(community_id, person.name, person_id, member.id)


def street_officer(community: Community) -> Neighbour:
    """An officer of the street that the community belongs to (made if it has none)."""
    from ledger.core.db import atomic, db

    @atomic
    def attach() -> UUID:
        street = communities.open_street(system_actor(None), "胜利街街道")
        row = db.session.get(Community, community.id)
        assert row is not None
        row.street_id = street.id
        db.session.flush()
        person_id = phones.add_person(next_phone())
        communities.give_oversight(system_actor(None), person_id, role=Oversight.STREET, street_id=street.id)
        return person_id

    return neighbour(community.id, "街道干部", attach(), None)


def operator() -> str:
    """The bearer token of an operator of the platform."""
    person_id = phones.add_person(next_phone())
    communities.give_oversight(system_actor(None), person_id, role=Oversight.OPERATOR)
    token, _ = sessions.open_session(person_id, kind=SessionKind.API, label="operator")
    return token
