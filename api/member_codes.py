"""The member's one-time code."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.addresses import public_root
from api.auth import current_actor
from api.documents import resource
from api.schemas.member_codes import MemberCodeSchema, NewMemberCodeSchema
from api.writing import writes
from ledger.rewards import member_codes
from ledger.rewards.member_codes import CodeStatus

blp = resource("member-codes", "What a member shows at a till.")


@blp.post("/member-codes")
@blp.response(201, NewMemberCodeSchema)
@writes(NewMemberCodeSchema, status=201)
def post_member_code() -> dict[str, Any]:
    """Make my code: good for one scan within a minute; an older one is dead."""
    made = member_codes.create_member_code(current_actor())
    url = f"{public_root()}/till#{made.code}"
    return {"id": made.id, "code": made.code, "url": url, "expires_at": made.expires_at}


@blp.get("/member-codes/<id:code_id>")
@blp.response(200, MemberCodeSchema)
def get_member_code(code_id: UUID) -> CodeStatus:
    """What became of my code."""
    return member_codes.see_member_code(current_actor(), code_id)
