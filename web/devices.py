"""Where I am signed in, and the way to everything else that opens my account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _

from api.auth import current_actor
from ledger.people import passwords, sessions
from ledger.people.models import Session, SessionKind
from web.forms import submit
from web.sign_in import forget_session

page = Blueprint("devices", __name__)

CHINESE_NAMES = {"WeChat": "微信", "Alipay": "支付宝", "DingTalk": "钉钉"}


@page.get("/me/devices")
def list_mine() -> Any:
    """Each sign-in with its last day, and a button that ends it."""
    return _show()


def _show(refusal: dict[str, str] | None = None, status: int = 200) -> Any:
    actor = current_actor()
    devices = [_described(one) | {"is_here": one.id == actor.session_id} for one in sessions.mine(actor)]
    may_have_password = passwords.may_have_one(actor.person_id) or passwords.has_one(actor.person_id)
    shown = {"devices": devices, "may_have_password": may_have_password, "refusal": refusal}
    return render_template("devices/list.html", **shown), status


@page.post("/me/devices/<id:session_id>/sign-out")
def sign_out(session_id: UUID) -> Any:
    """Signed out there, at once; signing out here leads to the front door."""
    is_here = session_id == current_actor().session_id
    to = url_for("web.welcome.show") if is_here else url_for("web.devices.list_mine")
    done = submit(lambda: sessions.revoke(current_actor(), session_id), lambda _: to, keyed=False)
    if done.refused:
        return _show(done.refused, done.status)
    response = redirect(done.url, 303)
    if is_here:
        forget_session(response)
    return response


@page.post("/me/devices/sign-out-others")
def sign_out_others() -> Any:
    """Signed out everywhere but here, at once."""
    to = url_for("web.devices.list_mine")
    done = submit(lambda: sessions.revoke_others(current_actor()), lambda _: to, keyed=False)
    return done.go() if not done.refused else _show(done.refused, done.status)


def _described(session: Session) -> dict[str, Any]:
    name = " · ".join(CHINESE_NAMES.get(part, part) for part in session.label.split(" · ") if part)
    unnamed = _("程序") if session.kind == SessionKind.API else _("没有说明的设备")
    names = ("id", "kind", "created_at", "expires_at", "last_seen_on")
    return {one: getattr(session, one) for one in names} | {"name": name or unnamed}
