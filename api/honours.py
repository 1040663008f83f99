"""Honours of commendations: their certificates, and the revoking of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.commendations import HonourRevocationSchema, HonourStepSchema, PaperListSchema, PaperSchema
from api.writing import writes
from ledger.recognition import honours
from ledger.recognition.commendation_models import Honour
from ledger.recognition.honours import Paper

blp = resource("honours", "Certificates of commendations, under numbers that anybody can verify.")


@blp.get("/commendations/<id:commendation_id>/certificates")
@blp.response(200, PaperListSchema)
def list_papers(commendation_id: UUID) -> dict[str, Any]:
    """The certificates of a published list that count, at most 500, to be printed; audited."""
    actor = current_actor()
    papers = honours.see_papers(actor, commendation_id)
    honours.record_print(actor, commendation_id, count=len(papers))
    return {"items": papers}


@blp.get("/honours/<id:honour_id>")
@blp.response(200, PaperSchema)
def get_paper(honour_id: UUID) -> Paper:
    """One certificate, for whom it honours, whoever helps, and staff."""
    return honours.see_paper(current_actor(), honour_id)


@blp.post("/honours/<id:honour_id>/revoke")
@blp.arguments(HonourRevocationSchema)
@blp.response(200, HonourStepSchema)
@writes(HonourStepSchema)
def post_revoke(asked: dict[str, Any], honour_id: UUID) -> Honour:
    """It counts no more; whom it honours reads why. Points stay."""
    return honours.revoke_honour(current_actor(), honour_id, **asked)
