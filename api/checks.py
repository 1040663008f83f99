"""The checks of the books: how each ended last."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.checks import CheckRunListSchema
from ledger.book import checking

blp = resource("checks", "The named checks of the books, which the clock runs: they find, and never repair.")


@blp.get("/checks")
@blp.response(200, CheckRunListSchema)
def list_checks() -> dict[str, Any]:
    """How each check ended last, over everything and over what is new."""
    return {"items": [run._asdict() for run in checking.runs(current_actor())]}
