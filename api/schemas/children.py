"""Childhood and the consents of a child, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates

from api.schemas.fields import Moment, Schema
from ledger.core import clock
from ledger.people.children import AGE
from ledger.people.models import Purpose


class ChildRequestSchema(Schema):
    until = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": f"The birthday on which they are {AGE}; null: is no child.", "example": "2030-05-01"},
    )

    @validates("until")
    def lies_ahead(self, until: date | None, **_: Any) -> None:
        if until is not None and not clock.today() < until <= _years_from(clock.today()):
            raise ValidationError(f"Must be after today and within {AGE} years.")


def _years_from(day: date) -> date:
    """The same day, as many years later as a newborn child needs; on 29 February the day before."""
    return day.replace(year=day.year + AGE, day=min(day.day, 28) if day.month == 2 else day.day)


class ChildConsentSchema(Schema):
    purpose = fields.String(metadata={"enum": [one.value for one in Purpose]})
    given_at = Moment(allow_none=True)


class ChildhoodSchema(Schema):
    until = fields.Date(allow_none=True, metadata={"description": "Null: grown up, or nobody said otherwise."})
    has_guardian = fields.Boolean()
    consents = fields.List(fields.Nested(ChildConsentSchema))
