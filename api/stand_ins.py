"""How often the street was the second person for an absent one: a public figure."""

from __future__ import annotations

from typing import Any

from flask import g

from api.auth import for_strangers, public
from api.documents import resource
from api.schemas.stand_ins import StandInsSchema
from api.seals import of_known_community
from ledger.core import second_person

blp = resource("stand-ins", "Steps that the street took for an absent second person. Public figures without names.")


@blp.get("/stand-ins")
@public
@for_strangers
@of_known_community
@blp.response(200, StandInsSchema)
def get_stand_ins() -> dict[str, Any]:
    """How often, in all and by right."""
    by_verb = second_person.count_stand_ins(g.community_id)
    return {"total": sum(by_verb.values()), "by_verb": by_verb}
