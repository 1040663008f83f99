"""Service record certificates: a member asks, the community issues and may revoke."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.certificates import (
    CertificatePageSchema,
    CertificateQuery,
    CertificateRequestSchema,
    CertificateStepSchema,
    RevocationSchema,
    WholeCertificateSchema,
)
from api.writing import writes
from ledger.recognition import certificates
from ledger.recognition.certificates import CertificateView
from ledger.recognition.models import Certificate

blp = resource("certificates", "志愿服务记录证明: what a member served, under a number that anybody can verify.")


@blp.get("/certificates")
@blp.arguments(CertificateQuery, location="query")
@blp.response(200, CertificatePageSchema)
def list_certificates(asked: dict[str, Any]) -> dict[str, Any]:
    """Those I may see, newest first unless asked."""
    rows = certificates.list_certificates(
        current_actor(),
        is_mine=asked["mine"],
        status=asked["status"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page(rows, asked["limit"], key="certificate.id")


@blp.get("/certificates/<id:certificate_id>")
@blp.response(200, WholeCertificateSchema)
def get_certificate(certificate_id: UUID) -> CertificateView:
    """One, with what is printed on it."""
    return certificates.see_certificate(current_actor(), certificate_id)


@blp.post("/certificates")
@blp.arguments(CertificateRequestSchema)
@blp.response(201, CertificateStepSchema)
@writes(CertificateStepSchema, status=201)
def post_certificate(asked: dict[str, Any]) -> Certificate:
    """Ask for a certificate of my service, or of whom I help."""
    return certificates.ask_certificate(current_actor(), **asked)


@blp.post("/certificates/<id:certificate_id>/issue")
@blp.response(200, CertificateStepSchema)
@writes(CertificateStepSchema)
def post_issue(certificate_id: UUID) -> Certificate:
    """Number and freeze it."""
    return certificates.issue_certificate(current_actor(), certificate_id)


@blp.post("/certificates/<id:certificate_id>/revoke")
@blp.arguments(RevocationSchema)
@blp.response(200, CertificateStepSchema)
@writes(CertificateStepSchema)
def post_revoke(asked: dict[str, Any], certificate_id: UUID) -> Certificate:
    """It counts no more; one that waits is declined. The member reads why."""
    return certificates.revoke_certificate(current_actor(), certificate_id, **asked)
