"""The seals of the books, for anybody: what each day's books were, and the file with which one verifies a receipt."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request

from api.auth import for_strangers, public
from ledger.book import checkpoints
from ledger.core import second_person
from ledger.core.errors import NotFound
from web.acting import enter_with_code

page = Blueprint("seals", __name__)

PAGE_SIZE = 50


@page.get("/c/<id:community_id>/seals")
@public
@for_strangers
def list_days() -> Any:
    """The checkpoints, newest first. No sign-in: whoever keeps one can hold the community to it."""
    community_id = g.community_id
    enter_with_code(community_id)
    found = checkpoints.list_checkpoints(community_id, before=_cursor(), limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return render_template(
        "seals/list.html",
        community_id=community_id,
        stood_in=sum(second_person.count_stand_ins(community_id).values()),
        days=[{"day": one.day, "size": one.size, "digest": one.digest.hex()} for one in shown],
        text=checkpoints.text_of(shown[0]) if shown else "",
        next_cursor=shown[-1].day.isoformat() if len(found) > PAGE_SIZE else None,
    )


@page.get("/verify_receipt.py")
@public
def download_verifier() -> Any:
    """The one file that verifies a receipt offline; the same as in our repository."""
    file = Path(current_app.root_path) / "docs" / "verify_receipt.py"
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)


def _cursor() -> date | None:
    """The last day of the page before this one."""
    asked = request.args.get("cursor")
    try:
        return date.fromisoformat(asked) if asked else None
    except ValueError as error:
        raise NotFound from error
