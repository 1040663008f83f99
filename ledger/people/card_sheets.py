"""Sheets of cards: made blank or for chosen members, listed, and opened for the printer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from uuid import UUID

from sqlalchemy import and_, false, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.expression import SQLColumnExpression

from ledger.core import audit, clock, outbox, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.permissions import OWN, places_reached, reach, reaches_all, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import card_codes, units
from ledger.people.card_errors import CardHolderLeft, MixedParts
from ledger.people.cards_models import Card, CardSheet, CardState
from ledger.people.members import describe_members
from ledger.people.models import Member, MemberState, PlaceUnit

MOST_ON_A_SHEET = 200

PRINTED = (CardState.BLANK, CardState.ISSUED)


@atomic
def make_sheet(
    actor: Actor, *, count: int = 0, member_ids: Sequence[UUID] = (), unit_id: UUID | None = None
) -> CardSheet:
    """A sheet of `count` blank cards (1 … 200) for a unit, or of one card for each of the members, is ready to print.

    `unit_id` None is the community as a whole; a sheet for members belongs to the smallest part they all live in.
    Raises NotFound (unit, member), Forbidden, CardHolderLeft, MixedParts.
    """
    if not member_ids:
        unit = load(actor.tenant, PlaceUnit, unit_id) if unit_id else units.root_of(actor.tenant)
        require(actor, "manage_cards", unit_path=unit.path)
        return _make(actor, unit, [None] * count)
    chosen = list(dict.fromkeys(member_ids))
    found = describe_members(actor.tenant, chosen)
    if len(found) < len(chosen):
        raise NotFound
    places = units.describe_units(actor.tenant, [one.unit_id for one in found.values()])
    for member in found.values():
        require(actor, "manage_cards", unit_path=places[member.unit_id].path)
    if any(member.state != MemberState.ACTIVE or member.merged_into is not None for member in found.values()):
        raise CardHolderLeft
    return _make(actor, _common_part(actor, [place.path for place in places.values()]), chosen)


def _common_part(actor: Actor, paths: list[str]) -> PlaceUnit:
    """The smallest unit that holds all these places, if the actor manages its cards."""
    shared = takewhile(lambda steps: len(set(steps)) == 1, zip(*(path.split(".")[:-1] for path in paths), strict=False))
    path = "".join(f"{steps[0]}." for steps in shared)
    query = scoped(actor.tenant, PlaceUnit).where(PlaceUnit.path == path)
    unit: PlaceUnit = db.session.scalars(query).one()
    try:
        require(actor, "manage_cards", unit_path=unit.path)
    except Forbidden as refused:
        raise MixedParts from refused
    return unit


def _make(actor: Actor, unit: PlaceUnit, member_ids: Sequence[UUID | None]) -> CardSheet:
    now = clock.now()
    sheet = CardSheet(community_id=actor.tenant, id=new_id(), unit_id=unit.id, made_at=now, actor_id=actor.person_id)
    db.session.add(sheet)
    db.session.flush()
    db.session.add_all(_new_card(sheet, member_id) for member_id in member_ids)
    db.session.flush()
    audit.record(actor, "people.make_cards", sheet.id, count=len(member_ids))
    outbox.announce(actor, "cards.made", sheet_id=sheet.id.hex, count=len(member_ids))
    return sheet


def _new_card(sheet: CardSheet, member_id: UUID | None) -> Card:
    """Of 2⁴⁰ codes none comes twice; if it did, the unique key would make the whole sheet be drawn again."""
    code = secrets.random_code(card_codes.LENGTH)
    return Card(
        community_id=sheet.community_id,
        id=new_id(),
        sheet_id=sheet.id,
        member_id=member_id,
        code_index=card_codes.index_of(sheet.community_id, code),
        sealed=card_codes.seal_code(code),
        state=CardState.BLANK,
        pin_tries=0,
        made_at=sheet.made_at,
        actor_id=sheet.actor_id,
    )


def make_card(actor: Actor, member: Member) -> Card:
    """A blank card for the member, on a sheet of its own, in the present transaction."""
    sheet = _make(actor, load(actor.tenant, PlaceUnit, member.unit_id), [member.id])
    made: Card = db.session.scalars(scoped(actor.tenant, Card).where(Card.sheet_id == sheet.id)).one()
    return made


@dataclass(frozen=True, slots=True)
class SheetView:
    """A sheet with its unit and how many of its cards are in which state."""

    sheet: CardSheet
    unit_name: str
    counts: dict[str, int]


def list_sheets(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[SheetView]:
    """The sheets of the actor's part, newest first. Raises Forbidden."""
    query = scoped(actor.tenant, CardSheet, PlaceUnit).where(
        PlaceUnit.id == CardSheet.unit_id, _within_reach(actor, "manage_cards", PlaceUnit.path)
    )
    if after is not None:
        query = query.where(CardSheet.id < after)
    rows = db.session.execute(query.order_by(CardSheet.id.desc()).limit(limit)).tuples().all()
    counted = select(Card.sheet_id, Card.state, func.count()).where(
        within(actor.tenant, Card), Card.sheet_id.in_([sheet.id for sheet, _ in rows])
    )
    counts: dict[UUID, dict[str, int]] = {}
    for sheet_id, state, count in db.session.execute(counted.group_by(Card.sheet_id, Card.state)):
        counts.setdefault(sheet_id, {})[state] = count
    return [SheetView(sheet, unit.name, counts.get(sheet.id, {})) for sheet, unit in rows]


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """A card as the printer needs it; the name of whom it belongs to or was made for, empty on a blank one."""

    id: UUID
    code: str
    name: str


@atomic
def open_sheet(actor: Actor, sheet_id: UUID) -> tuple[CardSheet, list[PrintedCard]]:
    """The codes of the sheet's cards that are not dead, to be printed; who looked is in the audit.

    Raises NotFound, Forbidden.
    """
    sheet = load(actor.tenant, CardSheet, sheet_id)
    unit = load(actor.tenant, PlaceUnit, sheet.unit_id)
    require(actor, "manage_cards", unit_path=unit.path)
    query = scoped(actor.tenant, Card).where(Card.sheet_id == sheet.id, Card.state.in_(PRINTED)).order_by(Card.id)
    rows = list(db.session.scalars(query))
    names = describe_members(actor.tenant, [row.member_id for row in rows if row.member_id])
    audit.record(actor, "people.print_cards", sheet.id, count=len(rows))
    return sheet, [
        PrintedCard(row.id, card_codes.open_code(row), names[row.member_id].name if row.member_id else "")
        for row in rows
    ]


def list_cards(
    actor: Actor,
    *,
    state: CardState | None = None,
    sheet_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[tuple[Card, Member | None]]:
    """The cards the actor may see with their members, newest first, without codes. Raises Forbidden."""
    home, made_for = aliased(PlaceUnit), aliased(PlaceUnit)
    part = _belongs(_within_reach(actor, "see_cards", home.path), _within_reach(actor, "see_cards", made_for.path))
    query = (
        select(Card, Member)
        .join(CardSheet, and_(within(actor.tenant, CardSheet), CardSheet.id == Card.sheet_id))
        .join(made_for, and_(within(actor.tenant, made_for), made_for.id == CardSheet.unit_id))
        .outerjoin(Member, and_(within(actor.tenant, Member), Member.id == Card.member_id))
        .outerjoin(home, and_(within(actor.tenant, home), home.id == Member.unit_id))
        .where(within(actor.tenant, Card))
    )
    if any(scope & OWN for scope in reach(actor, "see_cards").values()):
        part = or_(part, and_(Card.member_id == actor.member_id, Card.state != CardState.BLANK))
    query = query.where(part)
    if state is not None:
        query = query.where(Card.state == state)
    if sheet_id is not None:
        query = query.where(Card.sheet_id == sheet_id)
    if after is not None:
        query = query.where(Card.id < after)
    return list(db.session.execute(query.order_by(Card.id.desc()).limit(limit)).tuples())


def _belongs(held: ColumnElement[bool], blank: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: a member's card belongs to where they live, one that nobody has to the part it was made for."""
    return or_(and_(Card.member_id.is_not(None), held), and_(Card.member_id.is_(None), blank))


def _within_reach(actor: Actor, verb: str, path: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """SQL: the place lies in a part over which the actor's roles carry the verb. Raises Forbidden."""
    scopes = reach(actor, verb)
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return true()
    return or_(false(), *places_reached(actor, scopes, path))
