"""志愿服务记录证明: a member asks and prints, staff issue and revoke."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from api.addresses import public_root
from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.certificates import CertificateQuery, CertificateRequestSchema, RevocationSchema
from ledger.core import clock
from ledger.core.errors import Forbidden, NotFound
from ledger.core.permissions import may
from ledger.recognition import certificates
from ledger.recognition.certificates import CertificateView
from ledger.recognition.models import CertificateState
from web.acting import asked_for, cursor, own_member
from web.forms import ask, send
from web.last_time import as_last_time
from web.qr import qr_svg
from web.state_words import CERTIFICATE

page = Blueprint("certificates", __name__)

PAGE_SIZE = 50
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None, "wrong": None}


# --- mine -------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/my/certificates")
def list_mine() -> Any:
    """What I asked for and what became of it; the form to ask. With `?for=` of whom I help."""
    return _list_mine()


def _list_mine(**again: Any) -> str:
    actor, helped = own_member(), asked_for()
    rows = certificates.list_certificates(actor, is_mine=helped is None, after=cursor(), limit=PAGE_SIZE + 1)
    whose = {helped} if helped is not None else actor.member_ids
    found = page_of(rows, PAGE_SIZE, key="certificate.id")
    today = clock.today()
    return render_template(
        "certificates/mine.html",
        certificates=[_shown(view) for view in found["items"] if view.certificate.member_id in whose],
        member_id=helped or actor.member_id,
        helped=helped,
        today=today.isoformat(),
        year_begins=today.replace(month=1, day=1).isoformat(),
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


def _shown(view: CertificateView) -> dict[str, Any]:
    row = view.certificate
    names = ("id", "state", "starts_on", "ends_on", "number", "asked_at", "issued_at", "ended_at", "reason")
    return {name: getattr(row, name) for name in names} | {"name": view.member_name, "purpose": view.purpose}


@page.post("/c/<id:community_id>/my/certificates")
def ask_for_one() -> Any:
    """Asked."""
    actor, helped = own_member(), asked_for()
    return send(
        CertificateRequestSchema(),
        lambda values: certificates.ask_certificate(actor, **values),
        to=lambda _row: url_for(".list_mine", **_for(helped)),
        again=_list_mine,
    )


def _for(helped: UUID | None) -> dict[str, Any]:
    """What the address of a helper's page carries along."""
    return {"for": helped.hex} if helped is not None else {}


# --- for staff --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/certificates")
@as_last_time(CertificateQuery)
def list_all() -> Any:
    """What members asked for."""
    return _list_all()


def _list_all(**again: Any) -> str:
    actor, asked = current_actor(), ask(CertificateQuery(exclude=("mine",)))
    if not actor.grants:
        raise Forbidden
    wanted = {"status": asked["status"], "order": asked["sort"], "after": asked["cursor"]}
    rows = certificates.list_certificates(actor, **wanted, limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="certificate.id")
    return render_template(
        "certificates/list.html",
        certificates=[_shown(view) for view in found["items"]],
        states=[(state, word.text) for state, word in CERTIFICATE.items()],
        may_issue=may(actor, certificates.ISSUE),
        asked=request.args,
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


@page.post("/c/<id:community_id>/certificates/<id:certificate_id>/issue")
def issue(certificate_id: UUID) -> Any:
    """Numbered and frozen; the paper follows."""
    actor = current_actor()
    return send(
        None,
        lambda _values: certificates.issue_certificate(actor, certificate_id),
        to=lambda row: url_for(".show", certificate_id=row.id),
        again=partial(_list_all, wrong=certificate_id),
    )


@page.post("/c/<id:community_id>/certificates/<id:certificate_id>/revoke")
def revoke(certificate_id: UUID) -> Any:
    """It counts no more, or will not be issued."""
    actor = current_actor()
    return send(
        RevocationSchema(),
        lambda values: certificates.revoke_certificate(actor, certificate_id, **values),
        to=lambda _row: url_for(".list_all"),
        again=partial(_list_all, wrong=certificate_id),
    )


@page.get("/c/<id:community_id>/certificates/<id:certificate_id>")
def show(certificate_id: UUID) -> Any:
    """The paper, as it is printed, with the QR that anybody verifies it by."""
    view = certificates.see_certificate(current_actor(), certificate_id)
    if view.certificate.state not in (CertificateState.ISSUED, CertificateState.REVOKED):
        raise NotFound
    address = public_root() + url_for("web.verify.show", number=view.certificate.number)
    return render_template(
        "certificates/paper.html",
        paper=view.document,
        state=view.certificate.state,
        digest=(view.certificate.digest or b"").hex(),
        qr=qr_svg(address, _("核对证明")),
        address=address,
    )
