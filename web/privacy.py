"""The privacy notice: what is kept of people, why, who sees it, how long, and what they may ask for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from api.auth import public
from ledger.people.erasures import COOLING_DAYS, DUE_DAYS
from ledger.people.exports import KEPT_DAYS
from ledger.people.models import Purpose

page = Blueprint("privacy", __name__)


@page.get("/privacy")
@public
def show() -> Any:
    """The notice, in the reader's language."""
    return render_template(
        "privacy.html", purposes=list(Purpose), kept_days=KEPT_DAYS, cooling_days=COOLING_DAYS, due_days=DUE_DAYS
    )
