"""Imports: a file is read and checked, one person asks for it, a second one takes it; whole, or not at all.

faulty · checked → awaiting_second → done | declined | withdrawn. What a kind of import knows (its columns, what can be
wrong with a row, what taking it does) is registered by the room that it belongs to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import update

from ledger.core import audit, clock, outbox, registry, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.ids import new_id
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.permissions import require, require_any
from ledger.core.second_person import count_if_stood_in, require_second, stands_in, waiting_step
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people.errors import ImportFaulty
from ledger.people.import_files import read_rows
from ledger.people.import_models import Import, ImportState

SECOND = "second_import"
PURPOSE = "imports"
KEPT_DAYS = 30
MOST_FAULTS = 200
"""So many are told at once; who mends those uploads the file again."""

OPEN = (ImportState.FAULTY, ImportState.CHECKED, ImportState.AWAITING_SECOND)


class Column(NamedTuple):
    """A column of a kind's files: its name, how it may be headed, how long a cell may be, and whether it must be."""

    name: str
    headings: tuple[str, ...]
    most: int = 80
    required: bool = False


class Fault(NamedTuple):
    """What is wrong: the row of the file (1 is the headings), the column ("" for the row), and why, of FAULTS."""

    row: int
    column: str
    code: str


Row = dict[str, str]
Numbered = Sequence[tuple[int, Row]]


@dataclass(frozen=True, slots=True)
class ImportKind:
    """What can be imported: its columns, what is wrong with its rows, what taking them does, and what is one's own."""

    name: str
    columns: tuple[Column, ...]
    find_faults: Callable[[UUID, Numbered], Iterator[Fault]]
    take: Callable[[Actor, UUID, Numbered], None]
    refuse_own: Callable[[Actor, Numbered], None] = lambda _actor, _rows: None
    """Raises when rows without a fault give something to the actor, whether they upload the file or approve it."""


kinds: dict[str, ImportKind] = {}

FAULTS: dict[str, tuple[str, str]] = {
    "no_rows": ("文件里没有内容行。", "The file has no rows."),
    "heading_missing": ("缺少这一列。", "This column is missing."),
    "heading_twice": ("这一列出现了两次。", "This column is there twice."),
    "missing": ("不能空着。", "Must not be empty."),
    "too_long": ("太长。", "Too long."),
    "unreadable": ("含有无法显示的字符。", "Contains characters that cannot be shown."),
    "phone_malformed": ("不是 11 位手机号。", "Not a mobile number of 11 digits."),
    "phone_twice": ("同一个号码在文件里出现了两次。", "The same number stands twice in the file."),
    "already_member": ("这个号码的人已经是本社区成员。", "The person with this number is a member already."),
    "unknown_unit": ("没有这个网格或楼栋。", "There is no such unit."),
    "ambiguous_unit": (
        "有几个同名的，请写全，如“3 号楼/2 单元”。",
        "Several are called so: write the whole, “Building 3/Entrance 2”.",
    ),
    "unknown_post": ("没有这个岗位。", "There is no such post."),
    "post_misplaced": (
        "这个岗位不在网格或楼栋上，请单独任命。",
        "Not held on such a unit: give it by hand.",
    ),
    "not_a_number": ("要填大于零的整数。", "Must be a whole number above zero."),
    "out_of_range": ("数字太大。", "The number is too large."),
    "unknown_member": ("本社区没有这个人。", "Nobody here is called so."),
    "ambiguous_member": ("有几个同名的人，请填手机号。", "Several people are called so: give the phone number."),
    "member_twice": ("同一个人在文件里出现了两次。", "The same person stands twice in the file."),
    "opened_before": ("这个人已经登记过期初红花。", "This person has an opening balance already."),
    "differs": ("同一家店前后写的不一样。", "It says something else for the same shop further up."),
    "owner_twice": ("同一个号码前后写了不同的店主。", "The same number stands for two owners."),
    "name_twice": ("同一个名字在文件里出现了两次。", "The same name stands twice in the file."),
    "already_there": ("已经有同名的了。", "There is one with this name already."),
    "ambiguous_shop": (
        "有几家同名的店，请在店的页面添加门店。",
        "Several shops are called so: add the branch on its page.",
    ),
    "owner_by_hand": ("这家店已登记，店主请在店的页面添加。", "The shop is known already: add its owner on its page."),
    "unknown_card": ("没有这个卡号，或卡不在用。", "There is no such card, or nobody holds it."),
}
"""Every reason for which a row cannot be taken, in zh and en: a closed list."""


def said(code: str, language: str) -> str:
    """The sentence of a fault; everything that is not Chinese is English."""
    zh, en = FAULTS[code]
    return zh if language.startswith("zh") else en


def register(kind: ImportKind) -> ImportKind:
    """Files of this kind can be imported."""
    kinds[kind.name] = kind
    return kind


# --- reading ------------------------------------------------------------------------------------------------------


def understand(kind: ImportKind, table: list[list[str]]) -> tuple[list[tuple[int, Row]], list[Fault]]:
    """The rows by column name with their number in the file, and what is wrong with their form."""
    if not table:
        return [], [Fault(1, "", "no_rows")]
    places, faults = _places(kind, table[0])
    if faults:
        return [], faults
    rows = [
        (number, {name: cells[place] if place < len(cells) else "" for name, place in places.items()})
        for number, cells in enumerate(table[1:], 2)
    ]
    faults = [fault for number, row in rows for fault in _faults_of_form(kind, number, row)]
    return rows, faults or ([] if rows else [Fault(1, "", "no_rows")])


def _places(kind: ImportKind, headings: list[str]) -> tuple[dict[str, int], list[Fault]]:
    said = [heading.strip("*＊ ").casefold() for heading in headings]
    places: dict[str, int] = {}
    faults = []
    for column in kind.columns:
        found = [place for place, heading in enumerate(said) if heading in (column.name, *column.headings)]
        if len(found) > 1:
            faults.append(Fault(1, column.name, "heading_twice"))
        elif found:
            places[column.name] = found[0]
        elif column.required:
            faults.append(Fault(1, column.name, "heading_missing"))
    return places, faults


def _faults_of_form(kind: ImportKind, number: int, row: Row) -> Iterator[Fault]:
    for column in kind.columns:
        cell = row.get(column.name, "")
        if column.required and not cell:
            yield Fault(number, column.name, "missing")
        elif len(cell) > column.most:
            yield Fault(number, column.name, "too_long")
        elif not cell.isprintable():
            yield Fault(number, column.name, "unreadable")


# --- verbs --------------------------------------------------------------------------------------------------------


@atomic
def check_file(actor: Actor, kind_name: str, content: bytes, *, file_name: str) -> Import:
    """The file is read and kept, encrypted, with all that is wrong with it; nothing of it is taken.

    Raises Forbidden, FileTooLarge, ImportUnreadable, ImportTooLong, and what the kind refuses (OwnOpening, OwnCounter).
    """
    require(actor, "import")
    kind = kinds[kind_name]
    rows, faults = understand(kind, read_rows(content))
    ill_formed = {fault.row for fault in faults}
    faults += kind.find_faults(actor.tenant, [(number, row) for number, row in rows if number not in ill_formed])
    if not faults:
        kind.refuse_own(actor, rows)
    row = Import(
        community_id=actor.tenant,
        id=new_id(),
        kind=kind.name,
        state=ImportState.FAULTY if faults else ImportState.CHECKED,
        file_name=file_name[:120],
        sha256=hashlib.sha256(content).digest(),
        row_count=len(rows),
        rows=secrets.seal(json.dumps(rows, ensure_ascii=False).encode(), PURPOSE),
        faults=[list(fault) for fault in sorted(faults)[:MOST_FAULTS]],
        asked_by=actor.person_id,
        asked_at=clock.now(),
        note="",
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "people.check_import", row.id, kind=kind.name, rows=len(rows), faults=len(faults))
    return row


@atomic
def ask_import(actor: Actor, import_id: UUID) -> Import:
    """The checked file waits for a second person. Raises NotFound, Forbidden (read by somebody else), ImportFaulty,
    WrongState."""
    row = load(actor.tenant, Import, import_id, lock=True)
    require(actor, "import")
    if not actor.is_person(row.asked_by):
        raise Forbidden
    if row.state == ImportState.FAULTY:
        raise ImportFaulty(faults=len(row.faults))
    if row.state != ImportState.CHECKED:
        raise WrongState(state=row.state)
    row.state, row.asked_at = ImportState.AWAITING_SECOND, clock.now()
    db.session.flush()
    _tell(actor, row, "ask_import")
    return row


@contextmanager
def _decision(actor: Actor, import_id: UUID) -> Iterator[Import]:
    """A waiting import, locked, before its second person: NotFound, Forbidden, WrongState, OwnStep,
    SecondPersonPresent. Its rows are gone afterwards."""
    with waiting_step(actor, Import, import_id, verb=SECOND, state=ImportState.AWAITING_SECOND) as row:
        require_second(actor, SECOND, asked_by=row.asked_by, waiting_since=row.asked_at)
        yield row
        row.decided_by, row.decided_at, row.rows = actor.person_id, clock.now(), None


@atomic
def approve_import(actor: Actor, import_id: UUID) -> Import:
    """Every row is taken, in this transaction. The rows are checked again: since then somebody may have joined.

    Raises NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent, ImportFaulty, and what the kind refuses
    (OwnOpening, OwnCounter).
    """
    with _decision(actor, import_id) as row:
        kind, rows = kinds[row.kind], rows_of(row)
        faults = list(kind.find_faults(actor.tenant, rows))
        if faults:
            raise ImportFaulty(faults=len(faults))
        kind.refuse_own(actor, rows)
        kind.take(actor, row.id, rows)
        row.state = ImportState.DONE
    _tell(actor, row, "approve_import")
    return row


@atomic
def decline_import(actor: Actor, import_id: UUID, *, note: str) -> Import:
    """The second person said no, and why. Raises NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent."""
    with _decision(actor, import_id) as row:
        row.state, row.note = ImportState.DECLINED, note
    _tell(actor, row, "decline_import")
    return row


@atomic
def withdraw_import(actor: Actor, import_id: UUID) -> Import:
    """Who read the file takes it back; its rows are gone. Raises NotFound, Forbidden, WrongState."""
    row = load(actor.tenant, Import, import_id, lock=True)
    require(actor, "import")
    if not actor.is_person(row.asked_by):
        raise Forbidden
    if row.state not in OPEN:
        raise WrongState(state=row.state)
    row.state, row.rows = ImportState.WITHDRAWN, None
    row.decided_by, row.decided_at = actor.person_id, clock.now()
    db.session.flush()
    _tell(actor, row, "withdraw_import")
    return row


def _tell(actor: Actor, row: Import, action: str) -> None:
    stood_in = count_if_stood_in(actor, SECOND, row.id)
    audit.record(actor, f"people.{action}", row.id, kind=row.kind, rows=row.row_count, stood_in=stood_in)
    outbox.announce(actor, f"import.{row.state}", import_id=row.id.hex)


@registry.job("forget_imports", period=lambda moment: clock.local_day(moment).isoformat())
def forget_imports(community_id: UUID, _period: str) -> None:
    """Every day: the rows of files that nobody decided on for a month are gone."""
    old: datetime = clock.now() - timedelta(days=KEPT_DAYS)
    forgotten = update(Import).where(
        within(community_id, Import), Import.state.in_(OPEN), Import.rows.is_not(None), Import.asked_at < old
    )
    db.session.execute(
        forgotten.values(rows=None, state=ImportState.WITHDRAWN, decided_by=Import.asked_by, decided_at=clock.now())
    )


# --- what people see ----------------------------------------------------------------------------------------------


def rows_of(row: Import) -> list[tuple[int, Row]]:
    """The rows that are kept; empty once the import has ended."""
    if row.rows is None:
        return []
    return [(number, cells) for number, cells in json.loads(secrets.unseal(row.rows, PURPOSE))]


def list_imports(actor: Actor, *, order: Age = Age.NEWEST, after: UUID | None = None, limit: int = 50) -> list[Import]:
    """The community's imports. Raises Forbidden."""
    require_any(actor, "see_imports")
    query = scoped(actor.tenant, Import)
    return list(db.session.scalars(arrange(query, BY_AGE[order], Import.id, rows=query, after=after).limit(limit)))


def see_import(actor: Actor, import_id: UUID) -> Import:
    """One import. Raises NotFound, Forbidden."""
    row = load(actor.tenant, Import, import_id)
    require_any(actor, "see_imports")
    return row


def preview_of(actor: Actor, row: Import, *, limit: int = 20) -> list[tuple[int, Row]]:
    """The first rows of a file, for whoever asks for it or decides on it; nobody else reads names and numbers."""
    if not (
        actor.is_person(row.asked_by) or (row.state == ImportState.AWAITING_SECOND and not stands_in(actor, SECOND))
    ):
        return []
    return rows_of(row)[:limit]
