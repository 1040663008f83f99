"""R16: a file of 5,000 rows, read, checked, asked for and taken by the verbs, against 250 rows a second."""

from __future__ import annotations

import time
from itertools import count

from flask import Flask

from bench.houses import Pace
from ledger.core.db import db
from ledger.people import imports
from ledger.people.import_files import MOST_ROWS
from tests.stories import Neighbourhood, next_phone, open_neighbourhood

RATE = 250
"""Rows a second, at least: 5,000 in 20 seconds."""

HEADINGS = {
    "members": "姓名,手机,单元,住户,职务",
    "openings": "姓名,手机,红花,分钟",
    "merchants": "店名,做什么的,门店,地址,店主,店主手机",
}


class ImportOfRows:
    """Files of one kind; each run has a community of its own."""

    number, limit, target = "R16", f"{RATE} rows a second", 1.0

    def __init__(self, kind: str, engine: str, *, rows: int = MOST_ROWS) -> None:
        self.kind, self.rows = kind, rows
        self.path = f"import of {rows:,} {kind}, {engine}"
        self._towns = count(1)

    def is_built(self, app: Flask) -> bool:
        return self.kind in imports.kinds

    def prepare(self) -> None:
        """The community is there, and for opening balances its members."""
        self.place = open_neighbourhood(f"第{next(self._towns)}社区")
        self.phones = [next_phone() for _ in range(self.rows)]
        if self.kind == "openings":
            take(self.place, "members", self.file_of("members"))
        db.session.remove()

    def file_of(self, kind: str) -> bytes:
        rows = [self._row(kind, number, phone) for number, phone in enumerate(self.phones)]
        return "\n".join([HEADINGS[kind], *rows]).encode()

    def _row(self, kind: str, number: int, phone: str) -> str:
        """A member in three to a home, one post in a hundred, two branches a shop."""
        if kind == "members":
            return f"欧阳{number},{phone},第一网格/第一微网格,{number // 3},{'' if number % 100 else '楼组长'}"
        if kind == "openings":
            return f"欧阳{number},{phone},{1 + number % 9},60"
        shop = number // 2
        return f"店{shop},餐饮,店{number},胜利街 {number} 号,店主{shop},{self.phones[shop]}"

    def run_ours(self) -> Pace:
        content = self.file_of(self.kind)
        started = time.perf_counter()
        take(self.place, self.kind, content)
        took = time.perf_counter() - started
        db.session.remove()
        return Pace(self.rows / took, took)

    def run_limit(self) -> Pace:
        return Pace(RATE)


def take(place: Neighbourhood, kind: str, content: bytes) -> None:
    """The file is in, by two people."""
    checked = imports.check_file(place.admin.actor, kind, content, file_name=f"{kind}.csv")
    asked = imports.ask_import(place.admin.actor, checked.id)
    imports.approve_import(place.treasurer.actor, asked.id)
