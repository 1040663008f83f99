"""The notice board of a community: public, no sign-in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template

from api.auth import for_strangers, public
from ledger.recognition import notice_board
from ledger.rewards import donors
from web.acting import enter_with_code

page = Blueprint("board", __name__)


@page.get("/c/<id:community_id>/board")
@public
@for_strangers
def show() -> Any:
    """What anybody may know: totals, money, the manual share, open objections, the latest seal, the summaries."""
    enter_with_code(g.community_id)
    board = notice_board.board_of(g.community_id)
    return render_template("board/show.html", board=board, community_id=g.community_id)


@page.get("/c/<id:community_id>/board/donors")
@public
@for_strangers
def show_donors() -> Any:
    """Who gave money to the funds, named if they wish it, and what it became."""
    enter_with_code(g.community_id)
    found = donors.donors_of(g.community_id)
    return render_template("board/donors.html", donors=found, community_id=g.community_id)
