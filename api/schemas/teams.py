"""Service teams, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.people.teams import TeamOrder


class TeamQuery(PageQuery):
    sort = Sort(TeamOrder.NEWEST)


class TeamRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "晚霞巡逻队"})
    unit_id = Id(required=True)
    leader_id = Id(required=True, metadata={"description": "A member, who is in the team from then on."})
    member_ids = fields.List(Id(), load_default=list, validate=validate.Length(max=200))


class TeamChangeSchema(Schema):
    """What is not named stays as it is."""

    name = Text(80, least=1, metadata={"example": "晚霞巡逻队"})
    leader_id = Id()


class TeamMemberRequestSchema(Schema):
    member_id = Id(required=True)


class TeamPersonSchema(Schema):
    member_id = Id()
    name = fields.String(metadata={"description": "Masked where the members' list masks."})


class TeamSchema(Schema):
    id = Id()
    name = fields.String()
    unit_id = Id()
    leader_id = Id()
    since = Moment()
    until = Moment(allow_none=True)
    size = fields.Integer(metadata={"description": "How many are in it now."})
    members = fields.List(
        fields.Nested(TeamPersonSchema), metadata={"description": "Those of them whom the caller may see."}
    )


TeamPageSchema = page_of(TeamSchema)
