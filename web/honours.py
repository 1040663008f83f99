"""The certificates of a commendation: all of them in one print, one's own, and the revoking of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from api.addresses import public_root
from api.auth import current_actor
from api.schemas.commendations import HonourRevocationSchema
from ledger.recognition import honours
from ledger.recognition.honours import Paper
from web import commendations
from web.forms import send
from web.qr import qr_svg

page = Blueprint("honours", __name__)


@page.get("/c/<id:community_id>/commendations/<id:commendation_id>/certificates")
def print_all(commendation_id: UUID) -> Any:
    """Up to 500 sheets, one A4 page each; the audit knows that they were printed."""
    actor = current_actor()
    papers = honours.see_papers(actor, commendation_id)
    honours.record_print(actor, commendation_id, count=len(papers))
    return _sheets(papers)


@page.get("/c/<id:community_id>/honours/<id:honour_id>")
def show(honour_id: UUID) -> Any:
    """One certificate, as it is printed."""
    return _sheets([honours.see_paper(current_actor(), honour_id)])


def _sheets(papers: Sequence[Paper]) -> str:
    root, label = public_root(), _("核对证明")
    sheets = []
    for paper in papers:
        address = root + url_for("web.verify.show", number=paper.honour.number)
        sheets.append(
            {
                "name": paper.name,
                "document": paper.document,
                "digest": paper.honour.digest.hex(),
                "is_revoked": paper.honour.revoked_at is not None,
                "address": address,
                "qr": qr_svg(address, label),
            }
        )
    return render_template("commendations/papers.html", sheets=sheets)


@page.post("/c/<id:community_id>/commendations/<id:commendation_id>/honours/<id:honour_id>/revoke")
def revoke(commendation_id: UUID, honour_id: UUID) -> Any:
    """It counts no more."""
    actor = current_actor()
    return send(
        HonourRevocationSchema(),
        lambda values: honours.revoke_honour(actor, honour_id, **values),
        to=lambda _row: url_for("web.commendations.show", commendation_id=commendation_id),
        again=lambda **again: commendations.show_again(commendation_id, wrong=honour_id, **again),
    )
