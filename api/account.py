"""/me/password and /me/totp: how I show that it is me."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import global_resource
from api.schemas.account import (
    EnrolmentSchema,
    IdentitySchema,
    PasswordRemovalSchema,
    PasswordRequestSchema,
    PasswordStandingSchema,
    RecoveryCodesSchema,
    TotpRequestSchema,
    TotpStandingSchema,
)
from api.writing import writes
from ledger.people import identities, passwords, second_factor
from ledger.people.second_factor import Enrolment
from ledger.people.sign_in_models import Identity

blp = global_resource("account", "Password and second factor of the signed-in person; no made token opens them.")


@blp.get("/me/password")
@blp.response(200, PasswordStandingSchema)
def get_password() -> dict[str, bool]:
    """Whether I have one."""
    person_id = current_actor().person_id
    return {"is_set": passwords.has_one(person_id), "may_be_set": passwords.may_have_one(person_id)}


@blp.post("/me/password")
@blp.arguments(PasswordRequestSchema)
@blp.response(204)
@writes(None, status=204)
def post_password(asked: dict[str, Any]) -> None:
    """Set or change my password; my other browsers are signed out."""
    passwords.set_password(current_actor(), asked["new"], current=asked["current"])


@blp.post("/me/password/remove")
@blp.arguments(PasswordRemovalSchema)
@blp.response(204)
@writes(None, status=204)
def post_password_removal(asked: dict[str, Any]) -> None:
    """Sign in by code only from now on."""
    passwords.remove_password(current_actor(), current=asked["current"])


@blp.get("/me/totp")
@blp.response(200, TotpStandingSchema)
def get_totp() -> dict[str, Any]:
    """How my second factor stands."""
    return second_factor.standing(current_actor().person_id)._asdict() | {"is_required": second_factor.is_required()}


@blp.post("/me/totp")
@blp.response(201, EnrolmentSchema)
@writes(EnrolmentSchema, status=201)
def post_totp() -> Enrolment:
    """Begin: the secret for my authenticator, shown this once; it counts once confirmed."""
    return second_factor.enrol(current_actor())


@blp.post("/me/totp/confirm")
@blp.arguments(TotpRequestSchema)
@blp.response(200, RecoveryCodesSchema)
@writes(RecoveryCodesSchema)
def post_totp_confirmation(asked: dict[str, Any]) -> dict[str, Any]:
    """Show that the authenticator works; from now on every sign-in asks for it."""
    return {"recovery_codes": second_factor.confirm(current_actor(), asked["totp"])}


@blp.post("/me/totp/recovery-codes")
@blp.arguments(TotpRequestSchema)
@blp.response(200, RecoveryCodesSchema)
@writes(RecoveryCodesSchema)
def post_recovery_codes(asked: dict[str, Any]) -> dict[str, Any]:
    """New recovery codes; the old ones are dead."""
    return {"recovery_codes": second_factor.renew_recovery_codes(current_actor(), asked["totp"])}


@blp.post("/me/totp/remove")
@blp.arguments(TotpRequestSchema)
@blp.response(204)
@writes(None, status=204)
def post_totp_removal(asked: dict[str, Any]) -> None:
    """No second factor from now on."""
    second_factor.remove(current_actor(), asked["totp"])


@blp.get("/me/identities")
@blp.response(200, IdentitySchema(many=True))
def list_identities() -> list[Identity]:
    """The accounts at the identity provider that open my sessions; they are connected on the page."""
    return identities.mine(current_actor())


@blp.post("/me/identities/<id:identity_id>/remove")
@blp.response(204)
@writes(None, status=204)
def post_identity_removal(identity_id: UUID) -> None:
    """It opens nothing any more."""
    identities.disconnect(current_actor(), identity_id)
