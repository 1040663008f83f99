"""Numbers that people read out: they start with the community's short code and end with a check character."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, text
from ledger.core.secrets import ALPHABET
from ledger.core.upserts import Upsert

_SHAPE = re.compile(rf"[A-Z0-9]{{2,6}}(-[{ALPHABET}]{{4}}){{3}}-[{ALPHABET}]")
_VALUES = {one: value % 32 for value, one in enumerate(ALPHABET + "01IO")}


class NumberSeries(Base):
    """The last number given in a gapless series of a community, such as its settlements of a year."""

    __tablename__ = "number_series"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(text(60), primary_key=True)
    last: Mapped[int]


def public_number(short_code: str, thing_id: UUID) -> str:
    """The number of a thing: 60 bits of its id's chance and a check character ("NH-7KQ2-M4XW-9RTH-P").

    The chance of an id is its low end; a number derived from it needs no series and no lock. Among a million
    numbers of a community two are equal with a chance of one in two million.
    """
    body = "".join(ALPHABET[(thing_id.int >> shift) & 31] for shift in range(55, -1, -5))
    return f"{short_code}-{body[:4]}-{body[4:8]}-{body[8:]}-{check_character(short_code + body)}"


def check_character(body: str) -> str:
    """Sees every single wrong character: each place has an odd weight, and an odd weight loses nothing modulo 32.

    The short code may hold 0, 1, I and O, which a number does not: they are read as four further values.
    """
    return ALPHABET[sum((2 * place + 1) * _VALUES[one] for place, one in enumerate(body)) % 32]


def last_four(number: str) -> str:
    """The end of a public number, which two people compare aloud."""
    return "".join(filter(str.isalnum, number))[-4:]


def is_public_number(number: str) -> bool:
    """Is the number well formed, its check character included?"""
    return bool(_SHAPE.fullmatch(number)) and check_character("".join(number.split("-")[:-1])) == number[-1]


def next_in_series(community_id: UUID, series: str) -> int:
    """The following number of a gapless series, from 1; the series stays locked until commit."""
    following = _FOLLOWING.run([{"community_id": community_id, "series": series, "last": 1}])
    return int(following.scalar_one())


_series: Any = NumberSeries.__table__

_FOLLOWING = Upsert(
    _series,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["community_id", "series"], set_={"last": _series.c.last + 1}
    ).returning(_series.c.last),
)
