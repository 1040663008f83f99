"""Reversals by hand: the last look before asking, the desk of the second person, and what a member reads of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from api.auth import current_actor
from api.schemas.fields import Fen
from api.schemas.reversals import DeclineRequestSchema, ReversalQuery, ReversalRequestSchema, WithdrawRequestSchema
from ledger.book import reading, reversal_reading, reversal_requests
from ledger.book.codes import Code, Unit
from ledger.book.errors import OverReversed
from ledger.book.models import ReversalRequest, ReversalState, Transfer
from ledger.book.reversal_reading import Seen
from ledger.book.reversals import Leg
from ledger.book.transfers import left_to_reverse
from ledger.core import money
from ledger.core.errors import Refused
from ledger.core.permissions import may, reach, reaches_all, require
from ledger.core.second_person import stands_in, street_may_since
from ledger.core.tenancy import Actor
from web import formats
from web.books import book_reader, transfer_page, transfers_in_words
from web.errors import refusal
from web.forms import ask, read, send
from web.holders import named, people
from web.last_time import as_last_time
from web.proofs import proof_of
from web.state_words import REVERSAL
from web.words import TRANSFERS

page = Blueprint("reversals", __name__)


# --- asking -----------------------------------------------------------------------------------------------------


class MoneyReversalSchema(ReversalRequestSchema):
    """The same for money, which people type in yuan."""

    amount = Fen(least=1, load_default=None)


def _form_of(transfer: Transfer) -> ReversalRequestSchema:
    return MoneyReversalSchema() if transfer.unit == Unit.FEN else ReversalRequestSchema()


@page.post("/c/<id:community_id>/books/transfers/<id:transfer_id>/reverse/preview")
def preview(transfer_id: UUID) -> Any:
    """What would move: from whom, how much, and what becomes a debt. Stores nothing."""
    actor = book_reader()
    transfer = reading.see_transfer(actor, transfer_id)
    require(actor, "reverse")
    asked, errors = read(_form_of(transfer))
    if errors:
        return transfer_page(transfer_id, values=request.form, errors=errors), 422
    return _preview(actor, transfer, **asked)


def _preview(actor: Actor, transfer: Transfer, *, amount: int | None, reason: str) -> Any:
    refused: Refused | None = reversal_requests.why_not_reversible(transfer)
    left = reversal_requests.left_to_ask(actor.tenant, transfer.id)
    if refused is None and left < (amount or 1):
        refused = OverReversed(left=left)
    if refused is not None:
        return transfer_page(transfer.id, values=request.form, refusal=refusal(refused)), 409
    wanted = amount or left
    return render_template(
        "reversals/preview.html",
        transfer=transfers_in_words(actor, [transfer])[0],
        amount=wanted,
        typed=money.yuan(wanted).replace(",", "") if transfer.unit == Unit.FEN else wanted,
        reason=reason,
        legs=_legs(actor, reversal_reading.what_would_move(transfer, wanted)),
    )


def _legs(actor: Actor, legs: list[Leg]) -> list[dict[str, Any]]:
    """What moves, account by account, in words."""
    keys = {key.id_in(actor.tenant): key for leg in legs for key in (leg.debit, leg.credit)}
    accounts = named(actor, keys)
    return [
        {
            "debit": accounts[leg.debit.id_in(actor.tenant)],
            "credit": accounts[leg.credit.id_in(actor.tenant)],
            "amount": leg.amount,
        }
        for leg in legs
    ]


@page.post("/c/<id:community_id>/books/transfers/<id:transfer_id>/reverse")
def ask_for(transfer_id: UUID) -> Any:
    """The reversal waits for a second person."""
    actor = current_actor()
    return send(
        _form_of(reading.see_transfer(actor, transfer_id)),
        lambda asked: reversal_requests.ask_reversal(actor, transfer_id, **asked),
        to=lambda made: url_for(".show", reversal_id=made.id),
        again=lambda **again: transfer_page(transfer_id, **again),
    )


# --- the second person ------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/reversals")
@as_last_time(ReversalQuery)
def list_all() -> Any:
    """Reversals of the community; those that wait for a second person by themselves if asked."""
    actor = book_reader()
    asked = ask(ReversalQuery())
    wanted = {"status": asked["status"], "order": asked["sort"], "after": asked["cursor"]}
    rows = reversal_reading.list_reversals(actor, **wanted, limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    return render_template(
        "reversals/list.html",
        reversals=_in_words(actor, shown),
        states=[(state, word.text) for state, word in REVERSAL.items()],
        asked=request.args,
        next_cursor=shown[-1][0].id.hex if len(rows) > len(shown) else None,
    )


def _in_words(actor: Actor, rows: list[Seen]) -> list[dict[str, Any]]:
    transfers = {one["id"]: one for one in transfers_in_words(actor, [transfer for _, transfer in rows])}
    names = people(actor, [person for row, _ in rows for person in (row.asked_by, row.decided_by)])
    return [
        {column.key: getattr(row, column.key) for column in ReversalRequest.__table__.columns}
        | {
            "transfer": transfers[row.transfer_id],
            "asked_by": names.get(row.asked_by, ""),
            "decided_by": names.get(row.decided_by, ""),
        }
        for row, _ in rows
    ]


@page.get("/c/<id:community_id>/reversals/<id:reversal_id>")
def show(reversal_id: UUID) -> Any:
    """One reversal: at the desk with its next step, for the member with its reason."""
    actor = current_actor()
    seen = reversal_reading.see_reversal(actor, reversal_id)
    if reaches_all(reach(actor, "see_reversals")):
        return _at_desk(actor, seen)
    return render_template(
        "reversals/mine.html", entry=entries([seen])[0], what=_what(seen), reversal=seen[0], proofs=_proofs(seen[0])
    )


def _at_desk(actor: Actor, seen: Seen, **again: Any) -> str:
    row, transfer = seen
    waits = row.state == ReversalState.AWAITING_SECOND
    left = left_to_reverse(actor.tenant, [transfer.id])[transfer.id]
    return render_template(
        "reversals/show.html",
        reversal=_in_words(actor, [seen])[0],
        legs=_legs(actor, reversal_reading.what_would_move(transfer, row.amount)) if waits else [],
        posted=transfers_in_words(actor, reversal_reading.transfers_of(row)),
        left=left,
        may_decide=reversal_reading.may_decide(actor, row),
        may_withdraw=waits and may(actor, "reverse") and actor.is_person(row.asked_by),
        waits_for=_whom_it_waits_for(actor, row),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _whom_it_waits_for(actor: Actor, row: ReversalRequest) -> str:
    """Why this reader cannot decide now; empty when nothing is to be said."""
    if actor.is_person(row.asked_by):
        return str(_("这是您提出的，要另一位管理员或财务同意。"))
    if may(actor, reversal_requests.SECOND) and stands_in(actor, reversal_requests.SECOND):
        day = formats.day(street_may_since(row.asked_at))
        return str(_("社区自己的第二人还在时限内，%(day)s起街道可以代办。", day=day))
    return str(_("等另一位管理员或财务同意。"))


def _take(reversal_id: UUID, verb: Callable[[dict[str, Any]], ReversalRequest], schema: Any = None) -> Any:
    """One step, then the reversal again."""
    actor = current_actor()
    return send(
        schema,
        verb,
        to=lambda done: url_for(".show", reversal_id=done.id),
        again=lambda **again: _at_desk(actor, reversal_reading.see_reversal(actor, reversal_id), **again),
    )


@page.post("/c/<id:community_id>/reversals/<id:reversal_id>/approve")
def approve(reversal_id: UUID) -> Any:
    """Taken back now."""
    actor = current_actor()
    return _take(reversal_id, lambda _values: reversal_requests.approve_reversal(actor, reversal_id))


@page.post("/c/<id:community_id>/reversals/<id:reversal_id>/decline")
def decline(reversal_id: UUID) -> Any:
    """The second person says no, and why."""
    actor = current_actor()
    return _take(
        reversal_id, lambda why: reversal_requests.decline_reversal(actor, reversal_id, **why), DeclineRequestSchema()
    )


@page.post("/c/<id:community_id>/reversals/<id:reversal_id>/withdraw")
def withdraw(reversal_id: UUID) -> Any:
    """Who asked takes it back."""
    actor = current_actor()
    return _take(
        reversal_id, lambda why: reversal_requests.withdraw_reversal(actor, reversal_id, **why), WithdrawRequestSchema()
    )


# --- what a member reads ----------------------------------------------------------------------------------------


def entries(rows: list[Seen]) -> list[dict[str, Any]]:
    """What was taken back from a member, as kit.log_list shows it: the reason beside the amount."""
    return [
        {
            "kind": "correction",
            "href": url_for("web.reversals.show", reversal_id=row.id),
            "title": _("更正：%(what)s", what=TRANSFERS[transfer.code]),
            "at": row.decided_at,
            "status": row.state,
            "points": _effect(row, transfer) if transfer.unit == Unit.POINTS else 0,
            "explanation": row.reason,
        }
        for row, transfer in rows
    ]


def _proofs(row: ReversalRequest) -> list[dict[str, Any]]:
    return [proof_of(transfer) for transfer in reversal_reading.transfers_of(row)]


def in_one_line(seen: Seen) -> str:
    """更正：发放 −2 朵"""
    row, transfer = seen
    effect = formats.moved(_effect(row, transfer), transfer.unit)
    return f"{_('更正：%(what)s', what=TRANSFERS[transfer.code])} {effect}"


def _effect(row: ReversalRequest, transfer: Transfer) -> int:
    """What it did to the member: a donation taken back came in, everything else went out."""
    return row.amount if transfer.code == Code.DONATE else -row.amount


def _what(seen: Seen) -> dict[str, Any]:
    row, transfer = seen
    names = ("code", "unit", "amount", "effective_at")
    return {name: getattr(transfer, name) for name in names} | {"effect": _effect(row, transfer)}
