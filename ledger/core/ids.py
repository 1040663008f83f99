"""Identifiers: 128 bits, ordered by time (UUID version 7), made here, unique without the tenant."""

from __future__ import annotations

import random
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from ledger.core import clock

NOBODY = UUID(int=0)
"""Tenant of what belongs to no community, and the actor of the clock's own work."""

NO_SUCH_ID = UUID(int=2**128 - 1)
"""What a malformed id stands for: it is never found, so it answers like any stranger's."""

_lock = threading.Lock()
_last = 0
_random_bits: Callable[[int], int] = secrets.randbits
_choose: Callable[[int], int] = random.randrange


def new_id() -> UUID:
    """A new id, above every id this process made in the same or an earlier millisecond."""
    global _last
    with _lock:
        stamp = int(clock.now().timestamp() * 1000) << 74
        # Within a millisecond the id grows by a random step, so order is kept and the next id is no guess.
        following = _last + 1 + _random_bits(32)
        _last = following if stamp >> 74 == _last >> 74 else stamp | _random_bits(73)
        return _as_uuid7(_last)


def id_after(earlier: UUID | None) -> UUID:
    """A new id, above `earlier` even if the clock was set back since: of decisions, the last one made is the newest."""
    made = new_id()
    return made if earlier is None or made > earlier else UUID(int=earlier.int + 1)


def _as_uuid7(bits: int) -> UUID:
    """Spread 48 bits of time and 74 of chance around the version and variant marks of RFC 9562."""
    moment, chance = bits >> 74, bits & ((1 << 74) - 1)
    return UUID(int=moment << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & ((1 << 62) - 1))


def first_id_at(moment: datetime) -> UUID:
    """Below every id that is made at the moment or later, above those made before."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def random_bytes(count: int) -> bytes:
    """Chance for what must be the same in the same seeded story (salts, not secrets that open something)."""
    with _lock:
        return _random_bits(8 * count).to_bytes(count, "big")


def one_below(count: int) -> int:
    """Any of 0 … count - 1: which of several alike, where chance only spreads the load."""
    return _choose(count)


@contextmanager
def seeded(seed: int) -> Iterator[random.Random]:
    """Make ids and choices reproducible inside the block (demo data, conformance tests); secrets stay apart."""
    global _random_bits, _choose, _last
    source = random.Random(seed)
    before = _random_bits, _choose
    _random_bits, _choose, _last = source.getrandbits, random.Random(seed).randrange, 0
    try:
        yield source
    finally:
        _random_bits, _choose = before


def parse(text: str) -> UUID | None:
    """The id that an outside string names, or None when it cannot be one."""
    # One spelling for each id: int() would also take capitals, signs, blanks and underscores.
    return UUID(hex=text) if re.fullmatch("[0-9a-f]{32}", text) else None
