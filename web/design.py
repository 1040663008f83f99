"""The living page of the design system: every token and every piece of kit.html in each of its states.

What it shows is drawn by the pieces themselves, so it is never out of date; tests/web/test_look.py finds what it lacks.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext

from api.auth import public
from ledger.core import clock
from ledger.core.errors import NotFound
from web.errors import refusal
from web.look import HAND_CSS

page = Blueprint("design", __name__)

TOKENS = tuple(dict.fromkeys(re.findall(r"--(\w+):#[0-9a-f]{6}", HAND_CSS)))
"""The names of the colours, in the order of hand.css."""


@page.get("/design")
@public
def show() -> Any:
    """Colours, sizes and pieces, in the light, the size and the language of who looks at them."""
    now = clock.now()
    served = {"arrived_at": now, "left_at": now, "minutes": 90, "points": 2, "expected_points": 2, "stamp_by": now}
    offer = {
        "id": "0",
        "name": gettext("商品"),
        "kind": "goods",
        "points": 30,
        "stock": 12,
        "usable": True,
        "pictures": (),
    }
    refused = refusal(NotFound())
    return render_template(
        "design/show.html",
        tokens=TOKENS,
        seen_at=now,
        flowers=[{"at": now, "points": 2}] * 7,
        balance=SimpleNamespace(available=128, held=30, debt=0, minutes=1530),
        offers=[offer, offer | {"usable": False, "reasons": [refused]}, offer | {"minimum_bill_fen": 5000}],
        checkins=[
            {"status": "open", "arrived_at": now},
            served | {"status": "pending"},
            served | {"status": "stamped"},
        ],
        entry={"kind": "redemption", "status": "confirmed", "title": offer["name"], "at": now, "points": -30}
        | {"href": request.path},
        bill={"quantity": 1, "points": 30, "confirmed_at": now, "status": "confirmed", "bill": None, "off": None}
        | {"receipt_number": "2026112700042", "shop": gettext("商户名"), "branch": gettext("门店")}
        | {"offer": offer["name"], "member": gettext("持卡人")},
        series=[{"text": f"{month}", "value": value} for month, value in enumerate((12, 19, 15, 24, 31, 28), 6)],
        refused=refused,
        errors={"wrong": ["Missing data for required field."]},
    )
