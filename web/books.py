"""The books for the community's own people: accounts, transfers, and what led to each."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext as _
from marshmallow import fields, validate

from api.auth import current_actor
from api.schemas.fields import EARLIEST, LATEST, PageQuery, Text
from ledger.book import reading, reversal_reading, reversal_requests
from ledger.book.accounts import AccountKey
from ledger.book.codes import Code, Kind, Unit
from ledger.book.models import Account, ReversalState, Transfer
from ledger.book.reading import TransferFilter
from ledger.book.reversals import account_keys
from ledger.book.transfers import left_to_reverse
from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.permissions import may, reach, reaches_all
from ledger.core.tenancy import Actor
from ledger.people import members
from web import sources
from web.forms import ask
from web.holders import GROUPS, named, people
from web.words import ACCOUNT_KINDS, TRANSFERS

page = Blueprint("books", __name__)

MOST_FOUND = 50
"""So many people of one name are looked for; who types more of the name finds the others."""

WHOSE = {"community": _("社区"), "fund": _("资金"), "shop": _("商户"), "member": _("居民")}


class AccountsQuery(PageQuery):
    """Sixty accounts are those of thirty shops or twenty residents: nobody's are torn apart."""

    limit = fields.Integer(load_default=60, validate=validate.Range(min=1, max=200))
    of = fields.String(load_default="community", validate=validate.OneOf(GROUPS))
    search = Text(40, load_default="")


IN_OUR_TIME = validate.Range(min=EARLIEST.date(), max=LATEST.date())
"""Days with a midnight before and after them; another is as good as not asked."""


class TransfersQuery(PageQuery):
    code = fields.Enum(Code, by_value=True, load_default=None)
    kind = fields.Enum(Kind, by_value=True, load_default=None)
    since = fields.Date(load_default=None, validate=IN_OUR_TIME)
    until = fields.Date(load_default=None, validate=IN_OUR_TIME)
    search = Text(40, load_default="")


def reads_books(actor: Actor) -> bool:
    """Does the actor see the books of the whole community? A member's and a shop's own part has its own pages."""
    return reaches_all(reach(actor, "see_books"))


def book_reader() -> Actor:
    """The actor, who sees the books of the whole community. Raises Forbidden."""
    actor = current_actor()
    if not reads_books(actor):
        raise Forbidden
    return actor


def _found(actor: Actor, search: str) -> list[UUID] | None:
    """The members whose name or pinyin starts so; None when nobody is looked for."""
    if not search:
        return None
    return [member.id for member in members.find_members(actor, search, limit=MOST_FOUND)]


# --- accounts ---------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/books")
def list_accounts() -> Any:
    """Accounts with their balances: the community's own, the funds', the shops', the residents'."""
    actor = book_reader()
    asked = ask(AccountsQuery())
    owners = _found(actor, asked["search"]) if asked["of"] == "member" else None
    kinds = GROUPS[asked["of"]]
    rows = reading.list_accounts_of(actor, kinds, owner_ids=owners, before=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    return render_template(
        "books/accounts.html",
        holders=_by_holder(_accounts(actor, shown)),
        whose=WHOSE,
        of=asked["of"],
        asked=request.args,
        next_cursor=shown[-1].id.hex if len(rows) > len(shown) else None,
    )


def _accounts(actor: Actor, rows: list[Account]) -> list[dict[str, Any]]:
    keys = {row.id: AccountKey(Kind(row.kind), Unit(row.unit), row.owner_id) for row in rows}
    standings = reading.standings_of(actor.tenant, rows)
    words = named(actor, keys)
    return [words[row.id] | standings[row.id]._asdict() | {"owner_id": row.owner_id} for row in rows]


def _by_holder(accounts: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Each holder's accounts together, in the order of GROUPS."""
    places = {str(kind): place for kinds in GROUPS.values() for place, kind in enumerate(kinds)}
    groups = [list(group) for _, group in groupby(accounts, key=lambda one: one["owner_id"])]
    return [sorted(group, key=lambda one: places[one["kind"]]) for group in groups]


@page.get("/c/<id:community_id>/books/accounts/<id:account_id>")
def show_account(account_id: UUID) -> Any:
    """One account: whose it is, its balance, what moved on it."""
    actor = book_reader()
    account = reading.see_account(actor, account_id)
    asked = ask(PageQuery())
    rows = reading.list_transfers(actor, account_id=account_id, before=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    return render_template(
        "books/account.html",
        account=_accounts(actor, [account])[0],
        opened_at=account.opened_at,
        entries=[_seen_from(account_id, one) for one in transfers_in_words(actor, shown)],
        next_cursor=shown[-1].id.hex if len(rows) > len(shown) else None,
    )


def _seen_from(account_id: UUID, transfer: dict[str, Any]) -> dict[str, Any]:
    """A transfer as a line of this account: how much it moved, and whose account stands on the other side."""
    came_in = transfer["credit"]["id"] == account_id
    return transfer | {
        "other": transfer["debit" if came_in else "credit"],
        "moved": transfer["amount"] if came_in else -transfer["amount"],
    }


# --- transfers --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/books/transfers")
def list_transfers() -> Any:
    """Transfers, newest first; found by what they are, their day, the kind of account and a resident's name."""
    actor = book_reader()
    asked = ask(TransfersQuery())
    wanted = TransferFilter(
        code=asked["code"],
        kind=asked["kind"],
        owner_ids=_found(actor, asked["search"]),
        since=clock.start_of_day(asked["since"]) if asked["since"] else None,
        until=clock.start_of_day(asked["until"] + timedelta(days=1)) if asked["until"] else None,
    )
    rows = reading.list_transfers(actor, wanted=wanted, before=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    return render_template(
        "books/transfers.html",
        transfers=transfers_in_words(actor, shown),
        codes=list(TRANSFERS.items()),
        kinds=list(ACCOUNT_KINDS.items()),
        today=clock.today().isoformat(),
        asked=request.args,
        next_cursor=shown[-1].id.hex if len(rows) > len(shown) else None,
    )


def transfers_in_words(actor: Actor, rows: list[Transfer]) -> list[dict[str, Any]]:
    """Transfers with both their accounts named, and how much of each has been taken back."""
    accounts = named(actor, account_keys(actor.tenant, rows))
    left = left_to_reverse(actor.tenant, [row.id for row in rows])
    return [_shown_transfer(row, accounts) | {"reversed": row.amount - left[row.id]} for row in rows]


def _shown_transfer(row: Transfer, accounts: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    """A transfer's figures with both its accounts in words."""
    columns = {column.key: getattr(row, column.key) for column in Transfer.__table__.columns}
    return columns | {"debit": accounts[row.debit_account_id], "credit": accounts[row.credit_account_id]}


@page.get("/c/<id:community_id>/books/transfers/<id:transfer_id>")
def show_transfer(transfer_id: UUID) -> Any:
    """One transfer: both sides, both times, who and why, and its way back."""
    return transfer_page(transfer_id)


def transfer_page(transfer_id: UUID, **again: Any) -> str:
    """The transfer's page, with what was wrong with the form on it."""
    actor = book_reader()
    transfer = reading.see_transfer(actor, transfer_id)
    taken = reversal_reading.reversals_of(transfer)
    original = reading.see_transfer(actor, transfer.reverses_id) if transfer.reverses_id else None
    waiting = reversal_reading.list_reversals(
        actor, transfer_id=transfer_id, status=ReversalState.AWAITING_SECOND, limit=MOST_FOUND
    )
    refused = reversal_requests.why_not_reversible(transfer)
    return render_template(
        "books/transfer.html",
        transfer=transfers_in_words(actor, [transfer])[0],
        source=sources.described(actor, transfer),
        people=people(actor, [transfer.actor_id, transfer.on_behalf_of]),
        taken=transfers_in_words(actor, taken),
        original=transfers_in_words(actor, [original])[0] if original else None,
        waiting=[request for request, _transfer in waiting],
        left=reversal_requests.left_to_ask(actor.tenant, transfer.id) if refused is None else 0,
        not_reversible=refused,
        can_ask=may(actor, "reverse"),
        receipt_url=f"/c/{actor.tenant.hex}/receipts/{transfer.id.hex}",
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )
