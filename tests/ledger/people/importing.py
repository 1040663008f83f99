"""Files for the tests of imports, and the two people who take them."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import Workbook  # type: ignore[import-untyped]

from ledger.people import imports, members
from ledger.people.import_models import Import
from ledger.people.models import Member
from tests.stories import Neighbour, Neighbourhood

HEADINGS = "姓名,手机,单元,住户"


def csv_of(*rows: str, headings: str = HEADINGS) -> bytes:
    return "\n".join([headings, *rows]).encode()


def sheet_of(*rows: list[Any]) -> bytes:
    book, packed = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(packed)
    return packed.getvalue()


def check(place: Neighbourhood, content: bytes, kind: str = "members") -> Import:
    return imports.check_file(place.admin.actor, kind, content, file_name="名单.csv")


def take(place: Neighbourhood, content: bytes, kind: str = "members", *, second: Neighbour | None = None) -> Import:
    row = imports.ask_import(place.admin.actor, check(place, content, kind).id)
    return imports.approve_import((second or place.treasurer).actor, row.id)


def named(place: Neighbourhood, name: str) -> list[Member]:
    return [one for one, _ in members.list_members(place.admin.actor, search=name)]


def faults(row: Import) -> list[tuple[int, str, str]]:
    return [tuple(fault) for fault in row.faults]
