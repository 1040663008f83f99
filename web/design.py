"""The living page of the design system: every token and every piece of kit.html in each of its states.

What it shows is drawn by the pieces themselves, so it is never out of date; tests/web/test_look.py finds what it lacks.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, render_template, request

from api.auth import public
from ledger.core import clock
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
        "name": "洗衣液 500 克",
        "kind": "goods",
        "points": 30,
        "stock": 12,
        "usable": True,
        "pictures": (),
    }
    none_left = {"sentence": "今天的已经换完了。", "next_step": "明天早上再来，或者换别的。"}
    return render_template(
        "design/show.html",
        tokens=TOKENS,
        seen_at=now,
        flowers=[{"at": now, "points": 2}] * 7,
        balance=SimpleNamespace(available=128, held=30, debt=0, minutes=1530),
        offers=[offer, offer | {"usable": False, "reasons": [none_left]}, offer | {"minimum_bill_fen": 5000}],
        checkins=[
            {"status": "open", "arrived_at": now},
            served | {"status": "pending"},
            served | {"status": "stamped"},
        ],
        entry={"kind": "redemption", "status": "confirmed", "title": offer["name"], "at": now, "points": -30}
        | {"href": request.path},
        bill={
            "receipt_number": "2026112700042", "shop": "南华便利店", "branch": "东门店", "offer": offer["name"],
            "quantity": 1, "points": 30, "confirmed_at": now, "member": "林*芳", "status": "confirmed",
            "bill": None, "off": None,
        },
        series=[{"text": f"{month}", "value": value} for month, value in enumerate((12, 19, 15, 24, 31, 28), 6)],
        refused={"sentence": none_left["sentence"], "next_step": none_left["next_step"]},
        errors={"wrong": ["请填写这一项。"]},
    )  # fmt: skip
