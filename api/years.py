"""A member's year."""

from __future__ import annotations

from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.board import YearSchema
from ledger.recognition import years
from ledger.recognition.years import Year

blp = resource("years", "A member's year of service: hours, visits, flowers, what they became, stars.")


@blp.get("/members/<id:member_id>/years/<int:year>")
@blp.response(200, YearSchema)
def get_year(member_id: UUID, year: int) -> Year:
    """The member's year, for the member and whoever helps."""
    return years.see_year(current_actor(), member_id, year)
