"""What this room lets import: members, and opening balances of cards that were stamped before the books began."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from ledger.book.accounts import accounts_of_member, hours_of, issuance_of, open_accounts, wallet_of
from ledger.book.codes import Code, Unit
from ledger.book.models import Transfer
from ledger.book.transfers import Draft, Source, left_to_reverse, post_transfers
from ledger.core import audit, clock, outbox
from ledger.core.db import db
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, scoped
from ledger.people import cards, households, units
from ledger.people.errors import OwnOpening
from ledger.people.import_sets import add_people, index_of, insert_all, people_for, people_with, pieces
from ledger.people.imports import Column, Fault, ImportKind, Numbered, Row, register
from ledger.people.members import sort_key
from ledger.people.models import Household, Member, MemberState, PlaceUnit, Post, PostKind
from ledger.people.units import PARTY_LINE

MOST_POINTS, MOST_MINUTES = 100_000, 1_000_000

OPENING = "opening"
"""The source type of opening balances; the source's id is the member's, so each has one."""


# --- people and places --------------------------------------------------------------------------------------------


def _members_here(community_id: UUID, person_ids: Collection[UUID]) -> dict[UUID, Member]:
    found: dict[UUID, Member] = {}
    for piece in pieces(list(person_ids)):
        rows = db.session.scalars(scoped(community_id, Member).where(Member.person_id.in_(piece)))
        found |= {member.person_id: member for member in rows}
    return found


class Places:
    """The community's units by name, alone ("3 号楼") or with those above ("南苑/3 号楼")."""

    def __init__(self, community_id: UUID) -> None:
        tree = [unit for unit in units.tree_of(community_id) if unit.kind not in PARTY_LINE]
        by_id = {unit.id: unit for unit in tree}
        self.root = tree[0]
        self._named: dict[str, list[PlaceUnit]] = defaultdict(list)
        for unit in tree:
            said, above = unit.name, by_id.get(unit.parent_id) if unit.parent_id else None
            self._named[said].append(unit)
            while above is not None:
                said = f"{above.name}/{said}"
                self._named[said].append(unit)
                above = by_id.get(above.parent_id) if above.parent_id else None

    def called(self, name: str) -> list[PlaceUnit]:
        return [self.root] if not name else self._named.get(name.replace("／", "/").replace(" / ", "/"), [])


# --- members ------------------------------------------------------------------------------------------------------

NAME = Column("name", ("姓名", "名字", "full name"), 80, required=True)
PHONE = Column("phone", ("手机", "手机号", "电话", "mobile"), 20)
UNIT = Column("unit", ("单元", "住址", "网格", "楼栋", "place"), 200)
HOUSEHOLD = Column("household", ("住户", "户", "home"), 80)
POST = Column("post", ("职务", "岗位"), 40)

POSTS = {
    "专职网格员": PostKind.GRID_WORKER,
    "网格员": PostKind.GRID_WORKER,
    "微网格长": PostKind.MICRO_GRID_LEADER,
    "单元管家": PostKind.UNIT_STEWARD,
    "楼栋长": PostKind.BUILDING_LEADER,
    "楼组长": PostKind.BUILDING_LEADER,
    "楼长": PostKind.BUILDING_LEADER,
    "支部书记": PostKind.BRANCH_SECRETARY,
    "micro-grid leader": PostKind.MICRO_GRID_LEADER,
    **{kind.replace("_", " "): kind for kind in PostKind},
}
"""What a post may be called in a file, in small letters. A branch secretary's carries rights and belongs to the party
line, which a resident's row does not name: it is given by hand."""


def _faults_of_members(community_id: UUID, rows: Numbered) -> Iterator[Fault]:
    places = Places(community_id)
    indexes = {number: index_of(row["phone"]) for number, row in rows if row.get("phone")}
    people = people_with({index for index in indexes.values() if index})
    here = _members_here(community_id, set(people.values()))
    often = Counter(indexes.values())
    for number, row in rows:
        units_called = places.called(row.get("unit", ""))
        if len(units_called) != 1:
            yield Fault(number, "unit", "ambiguous_unit" if units_called else "unknown_unit")
        if row.get("post"):
            yield from _faults_of_post(number, row)
        if number not in indexes:
            continue
        index = indexes[number]
        if index is None:
            yield Fault(number, "phone", "phone_malformed")
        elif often[index] > 1:
            yield Fault(number, "phone", "phone_twice")
        elif people.get(index) in here:
            yield Fault(number, "phone", "already_member")


def _faults_of_post(number: int, row: Row) -> Iterator[Fault]:
    """As where posts are given by hand, each may be held on any place; but a place must be named."""
    kind = _post_called(row["post"])
    if kind is None:
        yield Fault(number, "post", "unknown_post")
    elif kind == PostKind.BRANCH_SECRETARY:
        yield Fault(number, "post", "post_misplaced")
    elif not row.get("unit"):
        yield Fault(number, "unit", "missing")


def _post_called(name: str) -> PostKind | None:
    return POSTS.get(name.casefold().replace("_", " "))


def _take_members(actor: Actor, import_id: UUID, rows: Numbered) -> None:
    """Persons, phones, households, members, accounts and posts, set by set."""
    now, places = clock.now(), Places(actor.tenant)
    indexes = {number: index for number, row in rows if row.get("phone") and (index := index_of(row["phone"]))}
    people = people_for({indexes[number]: row["phone"] for number, row in rows if number in indexes})
    nameless = iter(add_people(len(rows) - len(indexes)))
    homes = _homes(actor.tenant, {row["household"] for _, row in rows if row.get("household")})
    members: list[dict[str, Any]] = [
        {
            "community_id": actor.tenant,
            "id": new_id(),
            "person_id": people[indexes[number]] if number in indexes else next(nameless),
            "name": row["name"],
            "sort_key": sort_key(row["name"]),
            "unit_id": places.called(row.get("unit", ""))[0].id,
            "household_id": homes.get(row.get("household", "")),
            "state": MemberState.ACTIVE,
            "joined_at": now,
            "actor_id": actor.person_id,
        }
        for number, row in rows
    ]
    insert_all(Member, members)
    for piece in pieces(members):
        open_accounts(actor.tenant, [key for one in piece for key in accounts_of_member(one["id"])])
    named = [(one, _post_called(row.get("post", ""))) for one, (_, row) in zip(members, rows, strict=True)]
    held = [(one, kind) for one, kind in named if kind]
    audit.record(actor, "people.import_members", import_id, count=len(members), posts=len(held))
    outbox.announce_all(actor, "member.joined", [{"member_id": one["id"].hex} for one in members])
    _give_posts(actor, held)


def _give_posts(actor: Actor, held: Sequence[tuple[dict[str, Any], PostKind]]) -> None:
    """Each of these members holds the post on the own unit."""
    posts: list[dict[str, Any]] = [
        {
            "community_id": actor.tenant,
            "id": new_id(),
            "member_id": member["id"],
            "unit_id": member["unit_id"],
            "kind": kind,
            "since": clock.now(),
            "actor_id": actor.person_id,
        }
        for member, kind in held
    ]
    insert_all(Post, posts)
    given = [{"post_id": post["id"].hex, "member_id": post["member_id"].hex} for post in posts]
    outbox.announce_all(actor, "post.given", given)


def _homes(community_id: UUID, names: Collection[str]) -> dict[str, UUID]:
    """The household of each name; one that is not there is made."""
    query = scoped(community_id, Household.name, Household.id).where(Household.name.in_(names))
    found = dict(db.session.execute(query).tuples().all())
    new = {name: new_id() for name in sorted(set(names) - set(found))}
    rows = [
        {
            "community_id": community_id,
            "id": home_id,
            "name": name,
            "sort_key": households.sort_key_of(name),
            "created_at": clock.now(),
        }
        for name, home_id in new.items()
    ]
    insert_all(Household, rows)
    return found | new


MEMBERS = register(ImportKind("members", (NAME, PHONE, UNIT, HOUSEHOLD, POST), _faults_of_members, _take_members))


# --- opening balances ---------------------------------------------------------------------------------------------

CARD = Column("card", ("卡号", "红花卡", "card code"), 20)
POINTS = Column("points", ("红花", "朵数", "flowers"), 9, required=True)
MINUTES = Column("minutes", ("分钟", "服务分钟"), 9)


class Owners:
    """Whose balance a row opens: by the live paper card, by phone, else by a name that only one member has."""

    def __init__(self, community_id: UUID, rows: Numbered) -> None:
        self._indexes = {number: index_of(row["phone"]) for number, row in rows if row.get("phone")}
        self._people = people_with({index for index in self._indexes.values() if index})
        self._here = _members_here(community_id, set(self._people.values()))
        self._cards = cards.live_holders(community_id, {row["card"] for _, row in rows if row.get("card")})
        self._named: dict[str, list[Member]] = defaultdict(list)
        for piece in pieces(sorted({row["name"] for _, row in rows})):
            query = scoped(community_id, Member).where(Member.name.in_(piece), Member.state == MemberState.ACTIVE)
            for member in db.session.scalars(query):
                self._named[member.name].append(member)

    def holds_card(self, row: dict[str, str]) -> bool:
        """Is the row's card, if it names one, in somebody's hands?"""
        return not row.get("card") or row["card"] in self._cards

    def of(self, number: int, row: dict[str, str]) -> list[Member]:
        """Who is meant; one is right, none and several are not."""
        named = self._named.get(row["name"], [])
        if row.get("card"):
            named = [member for member in named if member.id == self._cards.get(row["card"])]
        if number not in self._indexes:
            return named
        index = self._indexes[number]
        person_id = self._people.get(index) if index else None
        return [member for member in named if member.person_id == person_id]


def _faults_of_openings(community_id: UUID, rows: Numbered) -> Iterator[Fault]:
    owners = Owners(community_id, rows)
    meant = {number: owners.of(number, row) for number, row in rows}
    often = Counter(found[0].id for found in meant.values() if len(found) == 1)
    opened = _opened(community_id, often)
    for number, row in rows:
        yield from _faults_of_figures(number, row)
        found = meant[number]
        if not owners.holds_card(row):
            yield Fault(number, "card", "unknown_card")
        elif len(found) != 1:
            yield Fault(number, "name", "ambiguous_member" if found else "unknown_member")
        elif often[found[0].id] > 1:
            yield Fault(number, "name", "member_twice")
        elif found[0].id in opened:
            yield Fault(number, "name", "opened_before")


def _faults_of_figures(number: int, row: dict[str, str]) -> Iterator[Fault]:
    for name, most in (("points", MOST_POINTS), ("minutes", MOST_MINUTES)):
        typed = row.get(name, "")
        if not typed and name == "minutes":
            continue
        if not (typed.isascii() and typed.isdecimal()) or int(typed) == 0:
            yield Fault(number, name, "not_a_number")
        elif int(typed) > most:
            yield Fault(number, name, "out_of_range")


def _opened(community_id: UUID, member_ids: Collection[UUID]) -> set[UUID]:
    """Who of these has an opening balance already; one that was taken back whole does not count."""
    opened: set[UUID] = set()
    for piece in pieces(list(member_ids)):
        found = dict(db.session.execute(_openings_of(community_id, piece)).tuples().all())
        left = left_to_reverse(community_id, list(found))
        opened |= {member_id for transfer_id, member_id in found.items() if left[transfer_id]}
    return opened


def _openings_of(community_id: UUID, member_ids: Collection[UUID]) -> Select[Any]:
    """SQL: the opening transfers of these members, each with its member."""
    return scoped(community_id, Transfer.id, Transfer.source_id).where(
        Transfer.code == Code.OPENING, Transfer.source_type == OPENING, Transfer.source_id.in_(member_ids)
    )


def _take_openings(actor: Actor, import_id: UUID, rows: Numbered) -> None:
    """Each member's flowers and minutes, through the one writer; two imports at once cannot both open a balance."""
    owners = Owners(actor.tenant, rows)
    opened = [(number, row, owners.of(number, row)[0]) for number, row in rows]
    earlier = _count_openings(actor.tenant, [member.id for _, _, member in opened])
    drafts = []
    for number, row, member in opened:
        facts = digest_of(
            opening=import_id, row=number, member=member.id, points=row["points"], minutes=row.get("minutes")
        )
        source = Source(OPENING, member.id, facts)
        legs = [(Code.OPENING, issuance_of(actor.tenant), wallet_of(member.id), row["points"])]
        if row.get("minutes"):
            legs.append((Code.HOURS, issuance_of(actor.tenant, Unit.MINUTES), hours_of(member.id), row["minutes"]))
        drafts += [
            Draft(
                code=code,
                debit=debit,
                credit=credit,
                amount=int(amount),
                source=source,
                part=earlier[member.id],
                on_behalf_of=member.person_id,
            )
            for code, debit, credit, amount in legs
        ]
    for piece in pieces(drafts):
        post_transfers(actor, piece)
    audit.record(
        actor, "people.open_balances", import_id, count=len(rows), points=sum(int(row["points"]) for _, row in rows)
    )


def _refuse_own_opening(actor: Actor, rows: Numbered) -> None:
    """OwnOpening when a row is the actor's."""
    owners = Owners(actor.tenant, rows)
    if any(actor.is_person(member.person_id) for number, row in rows for member in owners.of(number, row)):
        raise OwnOpening


def _count_openings(community_id: UUID, member_ids: Collection[UUID]) -> Counter[UUID]:
    """How many openings each of the members had, taken back ones included: the next one's part."""
    found: Counter[UUID] = Counter()
    for piece in pieces(list(member_ids)):
        found.update(member_id for _, member_id in db.session.execute(_openings_of(community_id, piece)))
    return found


OPENINGS = register(
    ImportKind(
        "openings", (NAME, PHONE, CARD, POINTS, MINUTES), _faults_of_openings, _take_openings, _refuse_own_opening
    )
)
