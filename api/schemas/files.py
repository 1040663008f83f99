"""Bodies of photos that are sent ahead."""

from __future__ import annotations

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, Schema


class PhotoFileSchema(Schema):
    file = Upload(required=True, metadata={"description": "JPEG, PNG or WebP, at most 5 MB."})


class PhotoFormSchema(Schema):
    purpose = fields.String(
        data_key="for",
        load_default="feedback",
        validate=validate.OneOf(["feedback", "dispute", "complaint", "offer"]),
        metadata={
            "description": "What the photo goes with: a day's feedback, a shop's dispute, a complaint, or an offer."
        },
    )


class PhotoSchema(Schema):
    id = Id()
    sent_at = Moment()
