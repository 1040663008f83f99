"""A process whose children close a week and are killed on the way. Run by test_closing_crash.py, not by pytest.

Each line on standard input is where a child dies: the beginning of the statement before which it kills itself with
signal 9, `COMMIT`, or `after` it; `together` lets two children close at once, and neither dies. What each child made
and how it ended is said on standard output.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import system_actor
from ledger.settlement import closing
from tests.crash_worker import house

CHILDREN = 2


def die_at(point: str) -> None:
    """From now on this process kills itself at the point."""

    def die(*_details: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def see(_connection: Any, _cursor: Any, statement: str, *_details: Any) -> None:
        if point in statement:
            die()

    event.listen(Engine, "before_cursor_execute", see)
    if point == "COMMIT":
        event.listen(Engine, "commit", die)
    if point == "after":
        event.listen(Session, "after_commit", die)


def close(app: Flask, community_id: UUID, week: str, start: int) -> NoReturn:
    """The week is closed as soon as the other end of `start` is shut."""
    os.read(start, 1)
    with app.app_context():
        clock.move_to(clock.week_bounds(week)[1])
        drafts = closing.close_week(system_actor(community_id), week)
        os.write(1, f"made {len(drafts)}\n".encode())
    os._exit(0)


def main() -> None:
    url, community_id, week = sys.argv[1:]
    app = house(url)
    with app.app_context():
        db.engine.dispose()
    for line in sys.stdin:
        point = line.strip()
        start, begin = os.pipe()
        children = []
        for _ in range(CHILDREN if point == "together" else 1):
            if (child := os.fork()) == 0:
                os.close(begin)
                die_at(point)
                close(app, UUID(community_id), week, start)
            children.append(child)
        os.close(start)
        os.close(begin)
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        os.write(1, f"ended {' '.join(map(str, ends))}\n".encode())


if __name__ == "__main__":
    main()
