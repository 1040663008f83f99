"""Activities, over HTTP."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.schemas.fields import Day, Id, Moment, PageQuery, Schema, Sort, Text, WholeNumber, page_of
from ledger.service.activities import ActivityOrder, ActivityPlan
from ledger.service.changing import Change
from ledger.service.models import NO_END, ActivityKind
from ledger.service.series import Every, Repeats
from ledger.service.standing import Daily

EXAMPLE = {"starts_at": "2026-11-20T09:00:00+08:00", "ends_at": "2026-11-20T11:00:00+08:00"}


class PositionSchema(Schema):
    """Degrees, WGS 84."""

    latitude = fields.Float(required=True, validate=validate.Range(min=-90, max=90), metadata={"example": 38.486})
    longitude = fields.Float(required=True, validate=validate.Range(min=-180, max=180), metadata={"example": 106.278})


class ClockTime(fields.Field[int]):
    """A time of the local day, "08:00"; minutes of the day inside."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value // 60:02d}:{value % 60:02d}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", value) if isinstance(value, str) else None
        if found is None:
            raise ValidationError("Not a time of the day (HH:MM).")
        return int(found[1]) * 60 + int(found[2])


TIME_OF_DAY = {"type": ["string", "null"], "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}


class RepeatsSchema(Schema):
    """The same on more dates, each an activity of its own: at most 100, within a year."""

    every = fields.Enum(Every, by_value=True, required=True, metadata={"example": "week"})
    weekdays = fields.List(
        WholeNumber(1, 7),
        load_default=list,
        validate=validate.Length(max=7),
        metadata={"description": "Of a weekly series: 1 Monday … 7 Sunday; none means the weekday of the first day."},
    )
    until = Day(required=True, metadata={"description": "The last day, included.", "example": "2026-12-31"})

    @validates_schema
    def is_weekly(self, asked: dict[str, Any], **_: Any) -> None:
        if asked.get("weekdays") and asked.get("every") is not Every.WEEK:
            raise ValidationError("Only a weekly series has weekdays.", "weekdays")

    @post_load
    def as_repeats(self, asked: dict[str, Any], **_: Any) -> Repeats:
        return Repeats(every=asked["every"], until=asked["until"], weekdays=frozenset(asked["weekdays"]))


class ActivityRequestSchema(Schema):
    programme_id = Id(required=True)
    unit_id = Id(required=True)
    kind = fields.Enum(
        ActivityKind,
        by_value=True,
        load_default=ActivityKind.SINGLE,
        validate=validate.OneOf((ActivityKind.SINGLE, ActivityKind.STANDING)),
        metadata={"enum": ["single", "standing"], "description": "standing: open every day, without an end."},
    )
    name = Text(80, least=1, required=True, metadata={"example": "早间巡逻"})
    place = Text(120, least=1, required=True, metadata={"example": "东门岗亭"})
    instructions = Text(500, lines=True, load_default="")
    starts_at = Moment(metadata={"example": EXAMPLE["starts_at"], "description": "Of a single one, with ends_at."})
    ends_at = Moment(metadata={"example": EXAMPLE["ends_at"]})
    opens_at = ClockTime(metadata=TIME_OF_DAY | {"description": "Of a standing one, with closes_at: local time."})
    closes_at = ClockTime(metadata=TIME_OF_DAY | {"description": "Not after opens_at: on the next day."})
    since = Day(metadata={"description": "The first day of a standing one; today if left out."})
    opens_before_minutes = WholeNumber(0, 120, load_default=15)
    closes_after_minutes = WholeNumber(0, 240, load_default=30)
    capacity = WholeNumber(1, 100_000, load_default=None, allow_none=True)
    position = fields.Nested(
        PositionSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Where it is, so that a check-in by poster can say how far away it was made."},
    )
    repeats = fields.Nested(RepeatsSchema, load_default=None, allow_none=True)

    @validates_schema
    def has_its_times(self, asked: dict[str, Any], **_: Any) -> None:
        """A single one has two moments, a standing one two times of the day."""
        kind = asked.get("kind", ActivityKind.SINGLE)
        needed = ("starts_at", "ends_at") if kind is ActivityKind.SINGLE else ("opens_at", "closes_at")
        foreign = ("opens_at", "closes_at", "since") if kind is ActivityKind.SINGLE else ("starts_at", "ends_at")
        wrong = {name: ["Missing data for required field."] for name in needed if name not in asked}
        wrong |= {name: [f"Not for a {kind} activity."] for name in foreign if name in asked}
        if kind is ActivityKind.STANDING:
            only_single = [name for name in ("repeats", "capacity") if asked.get(name) is not None]
            wrong |= {name: [f"Not for a {kind} activity."] for name in only_single}
        if wrong:
            raise ValidationError(wrong)

    @post_load
    def as_plan(self, asked: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What `plan_as_asked` takes."""
        place = asked.get("position")
        degrees = {f"{name}_e6": round(value * 1e6) for name, value in place.items()} if place else {}
        names = (
            "name", "place", "instructions", "opens_before_minutes", "closes_after_minutes", "capacity",
        )  # fmt: skip
        is_daily = asked["kind"] is ActivityKind.STANDING
        times = {name: asked.get(name, NO_END) for name in ("starts_at", "ends_at")}
        daily = {"opens_minute": asked.get("opens_at", 0), "closes_minute": asked.get("closes_at", 0)}
        return {
            "programme_id": asked["programme_id"],
            "unit_id": asked["unit_id"],
            "plan": ActivityPlan(**{name: asked[name] for name in names}, **times, **degrees),
            "repeats": asked.get("repeats"),
            "daily": Daily(**daily, since=asked.get("since")) if is_daily else None,
        }


class ActivityCancelSchema(Schema):
    reason = Text(200, least=1, required=True, metadata={"example": "下雨，改到周日"})
    day = Day(load_default=None, metadata={"description": "Which day of a standing one; not for others."})
    later = fields.Boolean(
        load_default=False, metadata={"description": "Also all later dates of its series that are not cancelled yet."}
    )


class ActivityChangeSchema(Schema):
    """What is different this once; what is left out stays."""

    day = Day(metadata={"description": "Which day of a standing one; not for others.", "example": "2026-11-20"})
    place = Text(120, least=1, metadata={"example": "西门岗亭"})
    instructions = Text(500, lines=True)
    starts_at = Moment(metadata={"description": "Until somebody has checked in.", "example": EXAMPLE["starts_at"]})
    ends_at = Moment(metadata={"description": "Until somebody has checked in.", "example": EXAMPLE["ends_at"]})
    capacity = WholeNumber(1, 100_000, metadata={"description": "More go to the line; with fewer nobody loses theirs."})

    @validates_schema
    def says_something(self, asked: dict[str, Any], **_: Any) -> None:
        if not set(asked) - {"day"}:
            raise ValidationError("Say what is to be different.")

    @post_load
    def as_change(self, asked: dict[str, Any], **_: Any) -> dict[str, Any]:
        day = asked.pop("day", None)
        return {"change": Change(**asked), "day": day}


class ActivityEndSchema(Schema):
    reason = Text(200, least=1, required=True, metadata={"example": "微网格合并"})


class ActivityQuery(PageQuery):
    since = Moment(load_default=None, metadata={"description": "Activities that end at this moment or later."})
    until = Moment(load_default=None, metadata={"description": "Activities that start before this moment."})
    unit_id = Id(load_default=None)
    series_id = Id(load_default=None, metadata={"description": "Only the dates of this series."})
    sort = Sort(ActivityOrder.NEWEST)


class ActivitySchema(Schema):
    id = Id(attribute="activity.id")
    kind = fields.String(attribute="activity.kind", metadata={"enum": [kind.value for kind in ActivityKind]})
    series_id = Id(attribute="activity.series_id", allow_none=True)
    standing_id = Id(attribute="activity.standing_id", allow_none=True, metadata={"description": "Whose day it is."})
    day = fields.Date(attribute="activity.day", allow_none=True)
    opens_at = ClockTime(attribute="activity.opens_minute", allow_none=True, metadata=TIME_OF_DAY)
    closes_at = ClockTime(attribute="activity.closes_minute", allow_none=True, metadata=TIME_OF_DAY)
    programme_id = Id(attribute="activity.programme_id")
    programme_name = fields.String(attribute="programme.name")
    unit_id = Id(attribute="activity.unit_id")
    unit_name = fields.String(attribute="unit.name")
    name = fields.String(attribute="activity.name")
    place = fields.String(attribute="activity.place")
    instructions = fields.String(attribute="activity.instructions")
    starts_at = Moment(attribute="activity.starts_at")
    ends_at = Moment(
        attribute="activity.until", allow_none=True, metadata={"description": "None for a standing one that goes on."}
    )
    opens_before_minutes = fields.Integer(attribute="activity.opens_before_minutes")
    closes_after_minutes = fields.Integer(attribute="activity.closes_after_minutes")
    capacity = fields.Integer(attribute="activity.capacity", allow_none=True)
    status = fields.String(attribute="activity.state")
    cancelled_at = Moment(attribute="activity.cancelled_at", allow_none=True)
    cancel_reason = fields.String(attribute="activity.cancel_reason", allow_none=True)
    poster_code = fields.Method(
        "poster_of", metadata={"type": ["string", "null"], "description": "Only for those who manage the activity."}
    )

    def poster_of(self, view: Any) -> str | None:
        return view.activity.poster_code if view.is_mine_to_manage else None


class LiveCodeSchema(Schema):
    code = fields.String(metadata={"example": "NH-7KQ2M4XW"})
    url = fields.Url(metadata={"description": "What the QR on the screen shows."})
    expires_at = Moment(metadata={"description": "When the next code follows."})


ActivityPageSchema = page_of(ActivitySchema)
