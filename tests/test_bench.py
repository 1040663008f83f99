"""The bench's parts start, and its limits write what our verbs write. How fast anything is, no test asks."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from bench import (
    checking_in,
    closing,
    confirming,
    county,
    exporting,
    growing,
    houses,
    importing,
    limits,
    mixing,
    on_sqlite,
    pages,
    parted,
    peers,
    report,
    soak,
    stamping,
    summing,
)
from bench.houses import Call
from bench.neighbourhood import Place, settle_place
from bench.rounds import Found, Pair, measure
from ledger.core.db import db
from ledger.people.models import Member, PlaceUnit, Post, UnitKind
from ledger.rewards import redemptions

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("bench")]

WRITTEN = (
    "balances", "holds", "transfers", "rollups", "redemptions", "checkins", "stamps", "stamp_batches", "audit_lines",
    "outbox_events", "once_keys",
)  # fmt: skip
AN_ID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
A_MOMENT = r"\d{4}-\d\d-\d\d[ T][\d:.+]*"


@pytest.fixture(scope="module")
def place_on_postgresql() -> Iterator[tuple[Flask, Place]]:
    with houses.postgresql() as url:
        app = houses.house_on(url)
        with app.app_context():
            yield app, settle_place(volunteers=8, shops=2)
            db.session.remove()
            db.engine.dispose()


Rows = Counter[str]


def rows() -> Rows:
    """All rows of the written tables, without what is by chance."""
    return Counter(
        f"{table}: {_plain(dict(row))}"
        for table in WRITTEN
        for row in db.session.execute(text(f"SELECT * FROM {table}")).mappings()
    )


def _plain(row: dict[str, Any]) -> str:
    """The row by its columns, without answers, transaction numbers, and the request id that only a request has."""
    shown = {
        name: "a digest" if isinstance(value, bytes) else str(value)
        for name, value in sorted(row.items())
        if name not in ("answer", "request_id", "xid")
    }
    return re.sub(A_MOMENT, "a moment", re.sub(AN_ID, "an id", str(shown)))


def changed(before: Rows, after: Rows) -> tuple[Rows, Rows]:
    """The rows that went and the rows that came."""
    return before - after, after - before


def changed_by(write: Callable[[], object]) -> tuple[Rows, Rows]:
    """What a call changes that keeps its own transactions."""
    before = rows()
    db.session.close()
    write()
    after = rows()
    db.session.close()
    return changed(before, after)


def would_be_changed_by(write: Callable[[], object]) -> tuple[Rows, Rows]:
    """What a call changes in the session's open transaction, which is then taken back."""
    before = rows()
    write()
    after = rows()
    db.session.rollback()
    return changed(before, after)


def ask(app: Flask, call: Call, *, status: int) -> None:
    answer = app.test_client().open(call.path, method=call.method, headers=dict(call.headers), data=call.body)
    assert answer.status_code == status, answer.text


def test_the_limit_of_a_confirmation_writes_the_same_rows(place_on_postgresql):
    app, place = place_on_postgresql
    work = place.reserve(1)
    limits.install("confirm")
    limits.give("bench_confirmations", confirming.jobs(place, work, "{}"))
    by_limit = would_be_changed_by(lambda: db.session.execute(text("SELECT bench_confirm(0)")))
    assert by_limit == changed_by(lambda: ask(app, confirming.call_of(place, work[0]), status=200))


def test_the_limit_of_a_check_in_writes_the_same_rows(place_on_postgresql):
    app, place = place_on_postgresql
    visits = place.plan_visits(1)
    limits.install("check_in")
    limits.give("bench_checkins", checking_in.jobs(place, visits, "{}"))
    by_limit = would_be_changed_by(lambda: db.session.execute(text("SELECT bench_check_in(0)")))
    assert by_limit == changed_by(lambda: ask(app, checking_in.call_of(place, visits[0]), status=201))


def test_the_limit_of_a_batch_stamp_writes_the_same_rows(place_on_postgresql):
    app, place = place_on_postgresql
    batch = place.serve(5)
    limits.install("stamp")
    limits.give("bench_stampings", stamping.jobs(place, [batch], "{}"))
    by_limit = would_be_changed_by(lambda: db.session.execute(text("SELECT bench_stamp(0)")))
    assert by_limit == changed_by(lambda: ask(app, stamping.call_of(place, batch), status=200))


def test_the_raw_loop_on_sqlite_writes_the_same_rows():
    with houses.sqlite() as url, houses.house_on(url).app_context():
        place = settle_place(volunteers=1, shops=1)
        [reserved] = place.reserve(1)
        [job] = on_sqlite.jobs(place, [reserved])

        def write_rows() -> None:
            on_sqlite.write_rows(db.session.connection().connection.driver_connection, job)

        by_loop = would_be_changed_by(write_rows)
        by_verb = changed_by(lambda: redemptions.confirm(reserved.volunteer.actor, reserved.redemption.id))
        db.session.remove()
        db.engine.dispose()
    assert by_loop == by_verb


def test_a_run_over_http_is_measured_and_leaves_clean_books(place_on_postgresql):
    app, place = place_on_postgresql
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with houses.served("wsgi:app", url) as port:
        pairs = [
            confirming.ConfirmOverHttp(place, port, url, size=8),
            checking_in.CheckInOverHttp(place, port, url, size=8),
            stamping.StampOverHttp(place, port, url, size=8),
        ]
        for found in measure(app, pairs, rounds=1, tell=lambda _words: None):
            assert (len(found.ratios), found.voided) == (1, [])


def test_a_peer_that_is_there_is_measured_and_one_that_is_not_is_told(place_on_postgresql):
    app, place = place_on_postgresql
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with houses.served("wsgi:app", url) as port:
        for found in measure(app, peers.present(place, port, url, None, size=8), rounds=1, tell=lambda _words: None):
            assert (len(found.ratios), found.voided) == (1, [])
    told = {found.row.number: found.instead for found in peers.absent(None)}
    assert told["R10"] == peers.NOT_RUN["R10"]
    assert ("R9" in told) is (find_spec("hordak") is None)


def test_a_house_with_parts_and_one_without_are_prepared_alike_and_measured():
    with ExitStack() as stack:
        with_parts, pairs = parted.open_houses(stack, size=8)
        for found in measure(with_parts, pairs, rounds=1, tell=lambda _words: None):
            assert (len(found.ratios), found.voided) == (1, [])
        for app in pairs[0].apps:
            with app.app_context():
                swept = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'communities'"
                assert db.session.scalar(text(swept))


def test_imports_are_measured_and_leave_clean_books(place_on_postgresql):
    app, _ = place_on_postgresql
    pairs: list[Pair] = [importing.ImportOfRows(kind, "any", rows=20) for kind in importing.HEADINGS]
    pairs += [closing.CloseOfAWeek("any", lines=20), summing.SummaryOfAMonth("any", visits=20)]
    pairs += [exporting.FileOfMyData("any", visits=20)]
    for found in measure(app, pairs, rounds=1, tell=lambda _words: None):
        assert (len(found.ratios), found.voided) == (1, [])


@pytest.mark.parametrize("engine", ["PostgreSQL", "SQLite"])
def test_a_page_behind_years_is_measured_and_leaves_clean_books(place_on_postgresql, engine):
    app, _ = place_on_postgresql
    with ExitStack() as stack:
        pair = pages.CheckInPageAfterYears(engine, stack, visits=20, size=4)
        [found] = measure(app, [pair], rounds=1, tell=lambda _words: None)
    assert (len(found.ratios), found.voided) == (1, [])


def test_a_run_with_an_unexpected_answer_is_void(place_on_postgresql):
    _, place = place_on_postgresql
    with houses.served("bench.bare:app") as port, pytest.raises(houses.RoundIsVoid, match="404 NOT FOUND"):
        confirming.confirm_over_http(place, port, place.reserve(1), clients=1)


@pytest.mark.parametrize("database", [houses.postgresql, houses.sqlite])
def test_rows_over_a_long_history_are_measured_and_its_books_check(database):
    with ExitStack() as stack:
        few, many = (
            stack.enter_context(growing.house_with(stack.enter_context(database()), transfers=transfers))
            for transfers in (40, 400)
        )
        pairs = [growing.throughput(transfers=400), *growing.pairs("any", transfers=400)]
        for found in growing.compare(many, few, pairs, rounds=1, size=5, tell=lambda _words: None):
            assert found.instead or (len(found.ratios), found.voided) == (1, []), found


def test_every_row_is_in_the_report_measured_or_not():
    found = Found(report.ROWS[0], ratios=[0.2, 0.4, 0.3])
    table = report.as_table(report.complete([found], report.ROWS)).splitlines()
    assert [line.split()[0] for line in table[1:]] == [row.number for row in report.ROWS]
    assert table[1].split()[-5:] == ["0.30", "0.20", "–", "0.40", "0.30"], "median, range, target"
    assert all(line.endswith(report.NOT_YET) for line in table[2:])


def test_a_soak_finds_every_acknowledged_write_and_says_what_it_found(place_on_postgresql, capsys) -> None:
    app, place = place_on_postgresql
    plan = soak.plan_of([place], soak.MIXED, seconds=4, errands=4, activities=8) | {"phones": 2}
    before = soak.written([place])
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with houses.serving("wsgi:app", url) as (port, master), soak.watched(master) as memory:
        found = mixing.run(plan | {"port": port})
    new = soak.written([place]) - before
    assert (found["errors"], found["confirmed"] > 0, found["recorded"] > 0) == ([], True, True)
    assert new == (found["confirmed"], found["recorded"] // 2)
    assert soak._report(found, memory, soak.Ticks(), new, 0) == 0
    assert soak._report(found | {"errors": ["reserve: 500"]}, memory, soak.Ticks(), new, 1) == 1
    said = capsys.readouterr().out
    assert "BROKEN no error" in said
    assert "BROKEN the books check" in said


@pytest.mark.parametrize(("method", "asked_anew", "errors"), [("GET", 1, 0), ("POST", 0, 1)])
def test_what_changes_nothing_is_asked_anew_when_the_server_hangs_up(method: str, asked_anew: int, errors: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        plan = {"places": [], "people": [{}], "phones": 1, "errands": [], "port": server.getsockname()[1]}
        phone = mixing.Phone(plan, 0)
        phone._due = 0.0
        waiting = threading.Thread(target=_answer_once_a_connection, args=(server, 3 if asked_anew else 2))
        waiting.start()
        for path in ("/first", "/second"):
            phone._ask("page", method, path, {}, None, 200)
        phone._line.close()
        server.shutdown(socket.SHUT_RDWR)
        waiting.join()
    assert (phone.asked_anew, len(phone.errors), len(phone.took)) == (asked_anew, errors, 2 - errors)


def _answer_once_a_connection(server: socket.socket, connections: int) -> None:
    """The second request of each connection finds nobody."""
    with suppress(OSError):
        for _ in range(connections):
            with server.accept()[0] as line:
                line.recv(4096)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                line.recv(4096)


def test_a_part_of_a_county_is_settled_loaded_and_closed(capsys) -> None:
    size = county.Size(communities=2, compounds=3, buildings=5, leaders=7, people=60)
    with houses.postgresql() as url, houses.house_on(url).app_context():
        places = county.settle_county(size, bought=4, tell=lambda _words: None)
        lives = select(func.count()).where(Member.name.like("居民%"))
        counts = [select(func.count()).where(PlaceUnit.kind == kind) for kind in (UnitKind.COMPOUND, UnitKind.BUILDING)]
        counts += [select(func.count()).select_from(Post), lives]
        settled = county.Size(len(places), *(db.session.scalar(count) or 0 for count in counts))
        db.session.remove()
        assert settled == size
        assert county.load(url, places, size, seconds=9, errands=4, tell=lambda _words: None) == 0
        db.session.remove()
        db.engine.dispose()
    said = capsys.readouterr().out
    assert [phase.name for phase in county.DAYS if phase.name not in said] == []
    assert "8 lines closed" in said


def test_the_whole_county_is_split_without_a_rest() -> None:
    shares = list(county.Size().shares())
    sums = [sum(of) for of in zip(*(one.figures for one in shares), strict=True)]
    assert sums[1:] == list(county.Size().figures[1:])
    assert len(shares) == county.Size().communities
