"""Monthly summaries, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, Month, PageQuery, Schema, Text
from api.schemas.seals import Hexadecimal
from ledger.recognition.models import SummaryState
from ledger.recognition.parts import PARTS
from ledger.recognition.summary_rows import Behind

STATES = [one.value for one in SummaryState]


class SummaryQuery(Schema):
    """Paging by month: `cursor` is the last month of the answer before."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    cursor = Month(load_default=None, metadata={"description": "`next_cursor` of the answer before."})


class SummarySchema(Schema):
    month = Month(metadata={"description": "The month, in Asia/Shanghai.", "example": "2026-10"})
    status = fields.String(metadata={"enum": STATES, "description": "`draft`: computed now, nothing is frozen."})
    known_at = Moment(metadata={"description": "Up to which recorded rows it tells."})
    digest = Hexadecimal(allow_none=True, metadata={"description": "SHA-256 of the frozen bytes, hexadecimal."})
    signed_at = Moment(allow_none=True)
    published_at = Moment(allow_none=True)


class SummaryPageSchema(Schema):
    items = fields.List(fields.Nested(SummarySchema))
    next_cursor = fields.String(allow_none=True)


class WholeSummarySchema(SummarySchema):
    document = fields.Dict(
        metadata={
            "description": "`totals`; `programmes`, `grids`, `posts`, `evidence` (people, visits, minutes; what "
            "fewer than three people did is `pooled`), `days`, `shops`, `funds`, and `compared` totals. No names."
        }
    )


class PartQuery(PageQuery):
    """One row of a list of the summary: `?part=grids&key=…`."""

    part = fields.String(
        load_default="",
        validate=validate.OneOf(["", *PARTS]),
        metadata={"description": "Only what was served in one row of this list (people, visits, minutes)."},
    )
    key = Text(
        40,
        load_default="",
        metadata={"description": "Its `key` or `day`; empty: of what belongs to none; `pooled`: of the rest."},
    )


class FigureRowsQuery(PartQuery):
    owner_id = Id(load_default=None, metadata={"description": "Whose, of a figure of one shop (merchant) or one fund."})


class FigureRowSchema(Schema):
    id = Id(metadata={"description": "Of what `kind` says; of a visit the stamp's, of a person the member's."})
    adds = fields.Integer(metadata={"description": "What the row adds to the figure, in the figure's unit."})


class FigureRowsSchema(Schema):
    """The rows behind one figure of a month: `amount` is what all of them add up to, not the page alone."""

    kind = fields.String(metadata={"enum": [one.value for one in Behind]})
    number = fields.Integer(metadata={"description": "How many rows there are."})
    amount = fields.Integer(metadata={"description": "Their sum: the figure, as it was known at `known_at`."})
    known_at = Moment(metadata={"description": "Up to which recorded rows the summary tells."})
    items = fields.List(fields.Nested(FigureRowSchema))
    next_cursor = fields.String(allow_none=True)


def shown_summary(view: Any) -> dict[str, Any]:
    """A row of the table as the list shows it."""
    return {name: getattr(view, name) for name in ("month", "known_at", "digest", "signed_at", "published_at")} | {
        "status": view.state
    }
