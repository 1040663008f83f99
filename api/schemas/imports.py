"""Imports, over HTTP."""

from __future__ import annotations

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from api.errors import language
from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age
from ledger.people.import_kinds import MEMBERS, OPENINGS
from ledger.people.import_models import ImportState
from ledger.people.imports import FAULTS, said
from ledger.rewards.import_kinds import MERCHANTS

KINDS = validate.OneOf([MEMBERS.name, OPENINGS.name, MERCHANTS.name])


class ImportQuery(PageQuery):
    sort = Sort(Age.NEWEST)


class ImportFormSchema(Schema):
    kind = fields.String(required=True, validate=KINDS, metadata={"example": "members"})


class ImportFileSchema(Schema):
    file = Upload(required=True, metadata={"description": "CSV (UTF-8 or GBK) or XLSX, at most 5 MB and 5,000 rows."})


class ImportDeclineSchema(Schema):
    note = Text(300, least=1, required=True, metadata={"example": "名单不是最新的"})


class FaultSchema(Schema):
    row = fields.Integer(metadata={"description": "As the spreadsheet counts: 1 is the headings."})
    column = fields.String()
    code = fields.String(validate=validate.OneOf(sorted(FAULTS)))
    sentence = fields.String()


class ImportSchema(Schema):
    id = Id()
    kind = fields.String(validate=KINDS)
    status = fields.String(attribute="state", validate=validate.OneOf([str(state) for state in ImportState]))
    file_name = fields.String()
    sha256 = fields.Function(lambda row: row.sha256.hex())
    row_count = fields.Integer()
    faults = fields.Method("told", metadata={"description": "What is wrong, by row; at most 200."})
    asked_at = Moment()
    decided_at = Moment(allow_none=True)
    note = fields.String()

    def told(self, row: Any) -> list[dict[str, Any]]:
        found = [
            {"row": number, "column": column, "code": code, "sentence": said(code, language())}
            for number, column, code in row.faults
        ]
        dumped: list[dict[str, Any]] = FaultSchema(many=True).dump(found)
        return dumped


ImportPageSchema = page_of(ImportSchema)
