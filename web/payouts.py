"""Paying: what is owed, batches for the bank, and its answers."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for

from api.auth import current_actor
from api.schemas.fields import PageQuery
from api.schemas.payouts import PayoutRequestSchema
from ledger.core.errors import REASONS, Forbidden
from ledger.core.spreadsheets import CSV_TYPE
from ledger.settlement import bank_accounts, payout_files, payout_reading, payouts
from web.forms import ask, send
from web.languages import language

page = Blueprint("payouts", __name__)

PAGE_SIZE = 20


@page.get("/c/<id:community_id>/payouts")
def list_all() -> Any:
    """What is owed by age, what can be paid, and the batches."""
    return _list()


def _list(**again: Any) -> str:
    actor = current_actor()
    if not actor.grants:
        raise Forbidden
    may_pay = payout_reading.may_pay(actor)
    rows = payout_reading.list_payouts(actor, after=ask(PageQuery())["cursor"], limit=PAGE_SIZE + 1)
    return render_template(
        "payouts/list.html",
        owed=payout_reading.list_owed(actor),
        payable=[(one, _why_not(one.hindrance)) for one in payout_reading.list_payable(actor)] if may_pay else [],
        may_pay=may_pay,
        shops=bank_accounts.shops_waiting_for(actor),
        payouts=rows[:PAGE_SIZE],
        next_cursor=rows[PAGE_SIZE - 1].payout.id.hex if len(rows) > PAGE_SIZE else None,
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _why_not(code: str) -> str:
    """Why a statement cannot be paid now, in the words of its refusal."""
    if not code:
        return ""
    reason = REASONS[code]
    return (reason.zh if language().startswith("zh") else reason.en)[1]


@page.post("/c/<id:community_id>/payouts")
def create() -> Any:
    """A batch of the ticked statements."""
    actor = current_actor()
    return send(
        PayoutRequestSchema(),
        lambda values: payouts.create_payout(actor, values["settlement_ids"]),
        to=lambda payout: url_for(".show", payout_id=payout.id),
        again=_list,
    )


@page.get("/c/<id:community_id>/payouts/<id:payout_id>")
def show(payout_id: UUID) -> Any:
    """One batch, line by line."""
    return _show(payout_id)


def _show(payout_id: UUID, **again: Any) -> str:
    actor = current_actor()
    return render_template(
        "payouts/show.html",
        view=payout_reading.see_payout(actor, payout_id),
        may_pay=payout_reading.may_pay(actor),
        **({"taken": [], "values": {}, "errors": {}, "refusal": None} | again),
    )


@page.get("/c/<id:community_id>/payouts/<id:payout_id>.csv")
def download(payout_id: UUID) -> Response:
    """The bank's file."""
    file = payout_files.make_bank_file(current_actor(), payout_id)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return Response(file.content, content_type=CSV_TYPE, headers=headers)


@page.post("/c/<id:community_id>/payouts/<id:payout_id>/results")
def take_results(payout_id: UUID) -> Any:
    """The bank's file is taken line by line; what was refused stands above the lines with its row."""
    actor = current_actor()
    sent = request.files.get("file")
    content = sent.read() if sent else b""
    taken: list[payouts.ResultTaken] = []

    def take(_values: Any) -> list[payouts.ResultTaken]:
        taken[:] = payout_files.take_file(actor, payout_id, content)
        return taken

    answer = send(None, take, to=lambda _: url_for(".show", payout_id=payout_id), again=partial(_show, payout_id))
    refused = [(one, payout_files.sentence_of(one, language())) for one in taken if one.status == "refused"]
    return (_show(payout_id, taken=refused), 200) if refused else answer
