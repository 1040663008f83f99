"""The member's one-time code."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _

from api.addresses import public_root
from ledger.rewards import member_codes
from web.acting import own_member
from web.forms import mint
from web.qr import qr_svg

page = Blueprint("member_codes", __name__)

STATES = {"live": "live", "used": "taken"}
"""What the page says of a code's status; of every other one that it is over."""


@page.get("/c/<id:community_id>/my-code")
def show_mine() -> Any:
    """The button that makes a code: a GET makes none."""
    own_member()
    return render_template("member_codes/show.html", state="none")


@page.post("/c/<id:community_id>/my-code")
def create() -> Any:
    """A new code, shown once as QR and to read aloud; the older one is dead."""
    code, outcome = mint(lambda: member_codes.create_member_code(own_member()))
    if code is None:
        return render_template("member_codes/show.html", state="none", refusal=outcome.refused), outcome.status
    qr = qr_svg(f"{public_root()}/till#{code.code}", _("我的码"))
    return render_template("member_codes/show.html", state="live", code=code, qr=qr)


@page.get("/c/<id:community_id>/my-code/<id:code_id>")
def show_waiting(code_id: UUID) -> Any:
    """Waiting for the shop; leads to the confirmation when there is one."""
    code = member_codes.see_member_code(own_member(), code_id)
    if code.redemption_id is not None:
        return redirect(url_for("web.redemptions.show", redemption_id=code.redemption_id), 303)
    return render_template("member_codes/show.html", state=STATES.get(code.status, "expired"), code=code)
