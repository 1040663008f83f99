"""Is a printed certificate one of ours? The page behind its QR, and a field for whoever types the number."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from api.auth import public
from ledger.recognition import verifying

page = Blueprint("verify", __name__)


@page.get("/verify")
@public
def ask_number() -> Any:
    """The field; a typed number leads to its own address."""
    typed = request.args.get("number", "").strip().upper()[:40]
    if typed:
        return redirect(url_for(".show", number=typed.replace("/", "-")), 303)
    return render_template("verify/show.html", found=None)


@page.get("/verify/<number>")
@public
def show(number: str) -> Any:
    """What is known of the number, and no more than stands on the paper."""
    return render_template("verify/show.html", found=verifying.verify(number, address=request.remote_addr or ""))
