"""Years of visits behind a house: one visit of an activity written again and again."""

from __future__ import annotations

from sqlalchemy import Uuid, bindparam, text

from ledger.core.db import atomic, db
from ledger.service.models import Activity, Checkin


@atomic
def copy_visits(activity: Activity, *, count: int) -> None:
    """The visit of the activity so often again, written past the verbs for each member in turn."""
    columns = [column.name for column in Checkin.__table__.columns if column.name not in ("id", "visit", "member_id")]
    is_sqlite = db.engine.dialect.name == "sqlite"
    new_id = "printf('%032x', n)" if is_sqlite else "lpad(to_hex(n), 32, '0')::uuid"
    db.session.execute(
        text(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count), "
            "people AS (SELECT id, row_number() OVER () - 1 AS place, count(*) OVER () AS many FROM members) "
            f"INSERT INTO checkins (id, visit, member_id, {', '.join(columns)}) "
            f"SELECT {new_id}, n + 1, people.id, {', '.join(f'checkins.{name}' for name in columns)} "
            "FROM checkins, numbers JOIN people ON place = n % many WHERE checkins.activity_id = :activity_id"
        ).bindparams(bindparam("activity_id", type_=Uuid())),
        {"count": count, "activity_id": activity.id},
    )
    db.session.execute(text("ANALYZE checkins"))  # as PostgreSQL's own keeper does after a while
