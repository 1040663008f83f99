"""Fixtures of all tests: the house on both databases, restored before every test. tests/README.md explains them."""

from __future__ import annotations

import contextvars
import gc
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from _pytest.nodeid import coerce_node_id
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Engine, create_engine, make_url, text

from tests import logs, narrowed, postgres, touched
from tests.emptying import Emptying

SERVER = "REDFLOWER_TEST_SERVER"
"""Environment variable through which the pytest process tells its xdist workers where the server is."""

WALLS = "REDFLOWER_TEST_WALLS"
"""Environment variable: the house on PostgreSQL runs behind walls (ledger/core/walls.py), and on both engines every
statement must name its community or stand above them. What a test asks by itself stands above; a request, a job have
only what they name.
"""

OWNER = "OWNERS_ENGINE"
"""Where a house behind walls keeps, for tests, the engine of its tables' owner (tests/owning.py)."""

_server: postgres.Postgres | None = None


def pytest_configure(config: pytest.Config) -> None:
    """One PostgreSQL for the whole run, started by the process that collects the results; every log line is kept."""
    logs.keep()
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        os.environ[SERVER] = os.environ.get("TEST_POSTGRES_URL") or _start_server()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A group stays on one worker: xdist 3.8 writes its name where pytest 9.2 no longer reads it."""
    if getattr(config.option, "loadgroup", False):
        for item in items:
            group = item.get_closest_marker("xdist_group")
            if group is not None:
                item._id = coerce_node_id(f"{item.nodeid}@{group.args[0]}")


def pytest_collection_finish() -> None:
    """What is loaded now stays until the end: the collector need not walk through it again with every test."""
    gc.collect()
    gc.freeze()


def _start_server() -> str:
    global _server
    _server = postgres.Postgres()
    return _server.url


def pytest_unconfigure(config: pytest.Config) -> None:
    gc.unfreeze()  # Libraries in C count what is left at the end.
    if _server is not None:
        _server.stop()


class Database:
    """The database of one app: made once from the migrations, then copied back before every test."""

    url: str

    def keep_as_template(self) -> None:
        """What is in the database now is what every test starts with."""
        raise NotImplementedError

    def restore(self, engine: Engine) -> None:
        """The database equals the template; the engine may keep a connection that is in no transaction."""
        raise NotImplementedError

    def drop(self) -> None:
        raise NotImplementedError


class SqliteDatabase(Database):
    def __init__(self) -> None:
        self._folder = folder = Path(tempfile.mkdtemp(prefix="redflower-sqlite-", dir=postgres.memory()))
        self._file = folder / "redflower.db"
        self._template = folder / "template.db"
        self.url = f"sqlite:///{self._file}"

    def keep_as_template(self) -> None:
        self._file.rename(self._template)

    def restore(self, engine: Engine) -> None:
        engine.dispose()
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        # A new file, not the old one overwritten: whoever still has the old one open cannot spoil it.
        self._file.unlink(missing_ok=True)
        shutil.copyfile(self._template, self._file)

    def drop(self) -> None:
        shutil.rmtree(self._folder)


class PostgresqlDatabase(Database):
    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._name = f"redflower_test_{uuid.uuid4().hex[:12]}"
        self._template = f"{self._name}_template"
        postgres.create_database(server_url, self._name)
        self.url = postgres.database_url(server_url, self._name)

    def keep_as_template(self) -> None:
        postgres.create_database(self._server_url, self._template, template=self._name)
        self._emptying = Emptying(make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False))

    @cached_property
    def owner(self) -> Engine:
        """An engine as the owner, for a house that is none."""
        return create_engine(self.url)

    def restore(self, engine: Engine) -> None:
        if WALLS in os.environ:
            engine.dispose()
        if self._emptying.bring_back(self.owner if WALLS in os.environ else engine):
            return
        engine.dispose()
        self.owner.dispose()
        postgres.create_database(self._server_url, self._name, template=self._template)

    def drop(self) -> None:
        self.owner.dispose()
        for name in (self._name, self._template):
            postgres.drop_database(self._server_url, name)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every test that uses the house runs once on each engine."""
    return str(request.param)


@pytest.fixture(scope="session")
def database(engine_name: str) -> Iterator[Database]:
    """The database behind `app`, still empty until `app` has migrated it."""
    found = database_of(engine_name)
    yield found
    found.drop()


def database_of(engine_name: str) -> Database:
    """A new, empty database on the engine."""
    if engine_name == "sqlite":
        return SqliteDatabase()
    return PostgresqlDatabase(os.environ[SERVER])


@pytest.fixture(scope="session")
def app(database: Database) -> Iterator[Flask]:
    """The house on one engine, its schema made by the migrations. Push no context here: use `context`."""
    from ledger.core.db import db

    house = house_on(database)
    database.keep_as_template()
    yield house
    with house.app_context():
        db.engine.dispose()


def house_on(database: Database, **settings: Any) -> Flask:
    """The house on an empty database, which has all its tables afterwards; nobody is connected."""
    from api.app import create_app
    from ledger.core.db import db

    house = create_app(
        {
            "TESTING": True,
            "REDFLOWER_ENV": "testing",
            "SECRET_KEY": "only for tests " * 3,
            "SQLALCHEMY_DATABASE_URI": database.url,
            **settings,
        }
    )
    with house.app_context():
        upgrade()
        db.engine.dispose()
    if WALLS in os.environ and isinstance(database, PostgresqlDatabase):
        house = behind_walls(house, database)
    house.test_client_class = ClientOfItsOwn
    with house.app_context():
        touched.listen_to(db.engine)
        if WALLS in os.environ:
            narrowed.listen_to(db.engine)
    return house


def behind_walls(owner: Flask, database: PostgresqlDatabase) -> Flask:
    """The house as a role that owns nothing and sees one community at a time."""
    from api.app import create_app
    from ledger.core.db import db

    role = f"app_{uuid.uuid4().hex[:12]}"
    with owner.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    given = owner.test_cli_runner().invoke(args=["db", "roles", role, "--walls"])
    assert given.exit_code == 0, given.output
    with owner.app_context():
        db.engine.dispose()
    url = make_url(database.url).set(username=role).render_as_string(hide_password=False)
    settings = {name: owner.config[name] for name in ("TESTING", "REDFLOWER_ENV", "SECRET_KEY")}
    touched.listen_to(database.owner)
    return create_app(settings | {"SQLALCHEMY_DATABASE_URI": url, "DATABASE_WALLS": True, OWNER: database.owner})


class ClientOfItsOwn(FlaskClient):
    """A client whose requests never see the test's own app context, so each has its own session, as when served."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        answer = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context():
            from ledger.core.db import db

            db.session.close()  # What the test reads next is what the request left, not an older snapshot.
        return answer


@pytest.fixture
def reset_database(app: Flask, database: Database) -> Callable[[], None]:
    """Call it to start from the template again within a test (each example of a stateful test, say)."""
    from ledger.core.db import db

    def reset() -> None:
        if has_app_context():
            db.session.remove()
        with app.app_context():
            database.restore(db.engine)

    return reset


@pytest.fixture(autouse=True)
def fresh_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test that uses the house finds the template, and leaves books that check clean."""
    if "app" not in request.fixturenames:
        yield
        return
    from api.limits import limiter

    request.getfixturevalue("reset_database")()
    limiter.reset()  # The shield stands in tests, too: addresses that it broke were seen by nobody.
    assert request.getfixturevalue("database").url.startswith(request.getfixturevalue("engine_name"))
    touched.forget()
    yield
    if touched.books_are() and request.node.get_closest_marker("breaks_books") is None:
        assert_books_are_clean(request.getfixturevalue("app"))


def assert_books_are_clean(app: Flask) -> None:
    """The named checks find nothing, if a transfer was written at all."""
    from ledger.book.checking import run_checks
    from ledger.core import walls
    from ledger.core.db import db

    with app.app_context(), walls.above():
        if db.session.execute(text("SELECT 1 FROM transfers LIMIT 1")).first() is not None:
            findings = run_checks()
            assert not findings, f"the books do not check after this test: {findings}"


@pytest.fixture(autouse=True)
def the_clock_is_given_back() -> Iterator[None]:
    """A test that moved the clock leaves it running for the next one; a fixture of several tests keeps its own."""
    from ledger.core import clock

    was_set = clock.is_set()
    yield
    if not was_set:
        clock.move_to(None)


@pytest.fixture(autouse=True)
def the_settings_are_given_back() -> Iterator[None]:
    """What rooms keep from the settings, for the whole process, is after a test what it was before: a gateway that a
    test left behind would fail another one hours later, on another machine. First in, so that it looks last.
    """
    before = _kept_settings()
    yield
    assert _kept_settings() == before or before[0] == b"", "a test changed the settings of the whole process"


def _kept_settings() -> list[Any]:
    from ledger.core import outgoing, secrets
    from ledger.people import deliveries, providers, second_factor

    required = second_factor._is_required
    return [secrets._secret, outgoing._is_lenient, required, deliveries._gateway, providers._provider]


@pytest.fixture(autouse=True)
def nothing_personal_is_logged() -> Iterator[None]:
    """No line that the house logs in any test holds a phone, a code, a token or a card."""
    logs.LOGGED.clear()
    yield
    assert [line for line in logs.LOGGED if logs.PERSONAL.search(line)] == []


@pytest.fixture(autouse=True)
def above_communities(the_settings_are_given_back: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test asks for itself, above communities, and so do its threads; what the house asked named its community, or
    stood above them, too.
    """
    from ledger.core import walls

    walls._named.set(walls.ABOVE)
    monkeypatch.setattr(threading.Thread, "start", _start_where_we_stand(threading.Thread.start))
    narrowed.FOUND.clear()
    yield
    assert narrowed.FOUND == [], "the wall would narrow these: a condition was forgotten, or `walls.above` is missing"


def _start_where_we_stand(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    """A thread of the house would stand nowhere, but it has none: only tests start threads."""
    from ledger.core import walls

    def started(thread: threading.Thread) -> None:
        where, run = walls._named.get(), thread.run

        def run_there() -> None:
            walls._named.set(where)
            run()

        thread.run = run_there  # type: ignore[method-assign]
        start(thread)

    return started


@pytest.fixture
def context(app: Flask, fresh_database: None) -> Iterator[Flask]:
    """The app with its context pushed, for tests that call verbs. Threads push their own."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask, fresh_database: None) -> FlaskClient:
    """A browser or program of one person; `app.test_client()` makes another one."""
    return app.test_client()


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[postgres.Postgres]:
    """A second server that syncs every commit to disk, for tests that kill something."""
    server = postgres.Postgres(durable=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium. Without one the test is skipped, in CI it fails."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("CI installs Chromium (.ci/run), but there is none")
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    return found
