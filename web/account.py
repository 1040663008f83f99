"""My password, my second factor, my tokens: the keys of one's account. What is shown once is shown on the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from marshmallow import Schema

from api.auth import current_actor
from api.schemas.account import (
    PasswordRemovalSchema,
    PasswordRequestSchema,
    TokenRequestSchema,
    TotpRequestSchema,
)
from ledger.core.errors import Forbidden
from ledger.people import passwords, second_factor, tokens
from ledger.people.tokens import Scope
from web.forms import mint, read, submit
from web.qr import qr_svg

page = Blueprint("account", __name__)

# --- password ---------------------------------------------------------------------------------------------------


@page.get("/me/password")
def show_password() -> Any:
    """Set, change or remove my password."""
    return _show_password()


def _show_password(**more: Any) -> Any:
    person_id = current_actor().person_id
    if not (passwords.may_have_one(person_id) or passwords.has_one(person_id)):
        raise Forbidden
    shown = {"is_set": passwords.has_one(person_id), "errors": {}, "refusal": None} | more
    return render_template("account/password.html", **shown)


@page.post("/me/password")
def set_password() -> Any:
    """The new password counts, and other browsers are signed out."""
    return _change_password(PasswordRequestSchema(), lambda given: passwords.set_password(current_actor(), **given))


@page.post("/me/password/remove")
def remove_password() -> Any:
    """Sign-in by code only."""
    return _change_password(PasswordRemovalSchema(), lambda given: passwords.remove_password(current_actor(), **given))


def _change_password(schema: Schema, verb: Any) -> Any:
    given, errors = read(schema)
    if errors:
        return _show_password(errors=errors), 422
    done = submit(lambda: verb(given), lambda _: url_for("web.devices.list_mine"), keyed=False)
    return done.go() if not done.refused else (_show_password(refusal=done.refused), done.status)


# --- second factor ----------------------------------------------------------------------------------------------


@page.get("/me/second-factor")
def show_second_factor() -> Any:
    """How it stands, and what can be done."""
    return _show_second_factor()


def _show_second_factor(**more: Any) -> Any:
    standing = second_factor.standing(current_actor().person_id)
    shown = {"standing": standing, "is_required": second_factor.is_required(), "errors": {}, "refusal": None} | more
    return render_template("account/second_factor.html", **shown)


@page.post("/me/second-factor")
def enrol() -> Any:
    """The secret as a QR code, this once, and the field that shows that the authenticator works."""
    made, outcome = mint(lambda: second_factor.enrol(current_actor()))
    if made is None:
        return _show_second_factor(refusal=outcome.refused), outcome.status
    return _show_second_factor(secret=made.secret, qr=qr_svg(made.url, "QR"), confirming=True)


@page.post("/me/second-factor/confirm")
def confirm() -> Any:
    """It counts from now on; the recovery codes, this once."""
    return _with_code(second_factor.confirm, confirming=True)


@page.post("/me/second-factor/codes")
def renew_codes() -> Any:
    """New recovery codes, this once."""
    return _with_code(second_factor.renew_recovery_codes)


@page.post("/me/second-factor/remove")
def remove_second_factor() -> Any:
    """No second factor from now on."""
    return _with_code(second_factor.remove)


def _with_code(verb: Any, **again: Any) -> Any:
    """The verb with the typed code; what it shows once, or what is wrong."""
    given, errors = read(TotpRequestSchema())
    if errors:
        return _show_second_factor(errors=errors, **again), 422
    made, outcome = mint(lambda: (verb(current_actor(), given["totp"]),))
    if made is None:
        return _show_second_factor(refusal=outcome.refused, **again), outcome.status
    return _show_second_factor(recovery_codes=made[0], done=True)


# --- tokens -----------------------------------------------------------------------------------------------------


@page.get("/me/tokens")
def list_tokens() -> Any:
    """My tokens, and the form for another one."""
    return _show_tokens()


def _show_tokens(**more: Any) -> Any:
    shown = {"tokens": tokens.mine(current_actor()), "scopes": list(Scope)}
    return render_template("account/tokens.html", **shown | {"values": {}, "errors": {}, "refusal": None} | more)


@page.post("/me/tokens")
def create_token() -> Any:
    """The token, this once."""
    given, errors = read(TokenRequestSchema())
    if errors:
        return _show_tokens(values=request.form, errors=errors), 422
    made, outcome = mint(lambda: tokens.create_token(current_actor(), **given))
    if made is None:
        return _show_tokens(values=request.form, refusal=outcome.refused), outcome.status
    return _show_tokens(made=made[0])


@page.post("/me/tokens/<id:token_id>/revoke")
def revoke_token(token_id: UUID) -> Any:
    """Dead, at once."""
    to = url_for("web.account.list_tokens")
    done = submit(lambda: tokens.revoke_token(current_actor(), token_id), lambda _: to, keyed=False)
    return done.go() if not done.refused else (_show_tokens(refusal=done.refused), done.status)
