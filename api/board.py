"""The notice board: what anybody may know of a community."""

from __future__ import annotations

from flask import g

from api.auth import for_strangers, public
from api.documents import resource
from api.schemas.board import BoardSchema, DonorsSchema
from api.seals import of_known_community
from ledger.recognition import notice_board
from ledger.recognition.notice_board import Board
from ledger.rewards import donors
from ledger.rewards.donors import Donors

blp = resource("board", "The notice board. Public: no sign-in, and nobody is named who did not agree.")


@blp.get("/board")
@public
@for_strangers
@of_known_community
@blp.response(200, BoardSchema)
def get_board() -> Board:
    """Totals, funds, settled amounts, the manual share, open objections, the latest seal, published summaries."""
    return notice_board.board_of(g.community_id)


@blp.get("/board/donors")
@public
@for_strangers
@of_known_community
@blp.response(200, DonorsSchema)
def get_donors() -> Donors:
    """Who gave money to the funds, named if they wish it, and what it became."""
    return donors.donors_of(g.community_id)
