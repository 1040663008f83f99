"""How soon the community stamps: for everybody in it; each stamper's figures for whoever oversees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template

from api.auth import current_actor
from api.schemas.service_level import ServiceLevelQuery
from ledger.core import clock
from ledger.service import service_level
from web.forms import ask

page = Blueprint("service_level", __name__)


@page.get("/c/<id:community_id>/service-level")
def show() -> Any:
    """A month beside the two before it, what waits too long now, and who stamped how fast."""
    found = service_level.see_level(current_actor(), ask(ServiceLevelQuery(only=("month",)))["month"])
    newest = found.months[0].month
    after = (newest + timedelta(days=32)).replace(day=1)
    return render_template(
        "service_level/show.html",
        level=found,
        month=newest,
        before=(newest - timedelta(days=1)).strftime("%Y-%m"),
        after=after.strftime("%Y-%m") if after <= clock.today() else "",
    )
