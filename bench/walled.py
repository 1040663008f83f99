"""R21: what the walls between communities cost a check-in: the same house on the same rows, with them and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import make_url, text

from bench.checking_in import WARM_UP, CheckInOverHttp
from bench.houses import Pace, served
from bench.neighbourhood import Place
from ledger.book.roles import build_walls, give_rights
from ledger.core.db import db

ROLE = "bench_house"


class CheckInBehindWalls(CheckInOverHttp):
    """R21. Both houses are no owners; the limit's is told nothing, and PostgreSQL lets its role through all walls."""

    number = "R21"
    path = "HTTP check-in behind walls, c=8"
    limit = "the same without walls"
    target = 0.95

    def __init__(self, place: Place, port: int, port_without: int, *, size: int) -> None:
        super().__init__(place, port, "", size=size)
        self._without = CheckInOverHttp(place, port_without, "", size=size)

    def prepare(self) -> None:
        for one in (self, self._without):
            visits = self._place.plan_visits(min(WARM_UP, len(self._place.volunteers)))
            one._check_in(visits, clients=16)
            self._place.call_off(visits)

    def run_limit(self) -> Pace:
        return self._without.run_ours()


@contextmanager
def served_twice(url: str) -> Iterator[tuple[int, int]]:
    """The ports of two houses on the database: one behind walls, one whose role may see through them."""
    address = make_url(url)
    with db.engine.begin() as connection:
        for role, how in ((ROLE, "NOBYPASSRLS"), (f"{ROLE}_above", "BYPASSRLS")):
            connection.execute(text(f"CREATE ROLE {role} LOGIN {how}"))
            give_rights(connection, role)
        build_walls(connection)
    walled, without = (
        address.set(username=role).render_as_string(hide_password=False) for role in (ROLE, f"{ROLE}_above")
    )
    with ExitStack() as stack:
        yield (
            stack.enter_context(served("wsgi:app", walled, DATABASE_WALLS="yes")),
            stack.enter_context(served("wsgi:app", without)),
        )
