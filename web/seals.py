"""The seals of the books, for anybody: what each day's books were, and the file with which one verifies a receipt."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, g, render_template

from api.auth import for_strangers, public
from api.schemas.seals import SealQuery
from ledger.book import checkpoints
from ledger.core import clock, second_person
from web.acting import enter_with_code
from web.forms import ask

page = Blueprint("seals", __name__)


@page.get("/c/<id:community_id>/seals")
@public
@for_strangers
def list_days() -> Any:
    """The checkpoints of a month, newest first. No sign-in: whoever keeps one can hold the community to it."""
    community_id = g.community_id
    enter_with_code(community_id)
    newest, months = checkpoints.newest_checkpoint(community_id), _months(community_id)
    month = ask(SealQuery(only=("month",)))["month"] or (months[0] if months else clock.today())
    shown = checkpoints.list_checkpoints(community_id, month=month)
    return render_template(
        "seals/list.html",
        community_id=community_id,
        stood_in=sum(second_person.count_stand_ins(community_id).values()),
        days=[{"day": one.day, "size": one.size, "digest": one.digest.hex()} for one in shown],
        newest=newest,
        text=checkpoints.text_of(newest) if newest else "",
        month=month,
        months=months,
    )


def _months(community_id: UUID) -> list[date]:
    """The first day of each month from the first that has a sealed day to the last, newest first."""
    span = checkpoints.span_of(community_id)
    if span is None:
        return []
    first, months = span[0].replace(day=1), [span[1].replace(day=1)]
    while months[-1] > first:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


@page.get("/verify_receipt.py")
@public
def download_verifier() -> Any:
    """The one file that verifies a receipt offline; the same as in our repository."""
    file = Path(current_app.root_path) / "docs" / "verify_receipt.py"
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)
