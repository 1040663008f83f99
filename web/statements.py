"""Statements of accounts: one's own wallet, and for who sees the books a member's or any account's; also as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, render_template, url_for

from api.auth import current_actor
from api.schemas.fields import Moment, Month, Schema, Text
from ledger.book import reading, statements
from ledger.book.accounts import wallet_of
from ledger.book.codes import Kind, Unit
from ledger.book.models import Account
from ledger.book.reversal_requests import SOURCE
from ledger.book.statements import CURSOR_LENGTH, Entry, Statement
from ledger.core import clock, money
from ledger.core.spreadsheets import BOM, safe
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.rewards import funds, merchants
from web.acting import act_for, own_member
from web.books import reads_books
from web.formats import month_name
from web.forms import ask
from web.holders import people
from web.words import ACCOUNT_KINDS, OWN_TRANSFERS, TRANSFERS

page = Blueprint("statements", __name__)

ON_A_PAGE = 50
IN_A_FILE = 10_000
"""Entries of a CSV at most; a longer one says that it ends early."""

MONTHS = 120
"""How far back the months reach that one can choose from."""

COLUMNS = ("发生时间 took effect", "入账时间 recorded", "事项 what", "数量 amount", "余额 balance", "编号 id")

TOO_LONG = "太长了，后面的没有列出：请按月下载。 Too long; the rest is left out: please download month by month."


class StatementQuery(Schema):
    month = Month(load_default=None)
    known_at = Moment(load_default=None)
    cursor = Text(CURSOR_LENGTH, load_default=None)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One account, whose it is in words, and where its page and file are."""

    account: Account
    holder: str
    csv: str
    arguments: dict[str, UUID]
    is_mine: bool = False


def _mine() -> Sheet:
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    wallet = reading.account_of(actor.tenant, wallet_of(actor.member_id))
    return Sheet(wallet, g.me["name"], "web.statements.download_mine", {}, is_mine=True)


def _of_member(member_id: UUID) -> Sheet:
    actor = current_actor()
    member = members.load_member(actor.tenant, member_id)
    account = reading.see_account(actor, wallet_of(member.id).id_in(actor.tenant))
    name = members.shown_names(actor, [member])[member.id]
    return Sheet(account, name, "web.statements.download_member", {"member_id": member_id})


def _of_account(account_id: UUID) -> Sheet:
    actor = current_actor()
    account = reading.see_account(actor, account_id)
    return Sheet(account, _holder(actor, account), "web.statements.download_account", {"account_id": account_id})


def _holder(actor: Actor, account: Account) -> str:
    """The name of the member, shop or fund whose account it is; the community's own have none."""
    if account.kind in (Kind.MERCHANT, Kind.PAYABLE):
        return merchants.describe_merchants([account.owner_id])[account.owner_id].name
    if account.kind == Kind.FUND:
        return funds.name_of(actor.tenant, account.owner_id)
    found = members.describe_members(actor.tenant, [account.owner_id])
    return members.shown_names(actor, found.values()).get(account.owner_id, "")


@page.get("/c/<id:community_id>/statement")
def show_mine() -> Any:
    """What came into my wallet and what went out, with the balance after each."""
    return _show(_mine(), "statements/mine.html")


@page.get("/c/<id:community_id>/statement.csv")
def download_mine() -> Any:
    """The same as a file."""
    return _download(_mine())


@page.get("/c/<id:community_id>/members/<id:member_id>/statement")
def show_member(member_id: UUID) -> Any:
    """A member's wallet, for those who see the books."""
    helps = member_id in current_actor().helps and act_for(member_id) is not None
    return _show(_of_member(member_id), "statements/mine.html" if helps else "statements/account.html")


@page.get("/c/<id:community_id>/members/<id:member_id>/statement.csv")
def download_member(member_id: UUID) -> Any:
    """The same as a file."""
    return _download(_of_member(member_id))


@page.get("/c/<id:community_id>/accounts/<id:account_id>/statement")
def show_account(account_id: UUID) -> Any:
    """Any account that the actor may see."""
    return _show(_of_account(account_id), "statements/account.html")


@page.get("/c/<id:community_id>/accounts/<id:account_id>/statement.csv")
def download_account(account_id: UUID) -> Any:
    """The same as a file."""
    return _download(_of_account(account_id))


def _show(sheet: Sheet, template: str) -> str:
    asked = ask(StatementQuery())
    in_books = reads_books(current_actor()) and not sheet.is_mine
    made = _make(sheet.account, asked, limit=ON_A_PAGE, cursor=asked["cursor"])
    month = asked["month"]
    known_at = made.period.known_at.isoformat()
    return render_template(
        template,
        account=sheet.account,
        holder=sheet.holder,
        month=month,
        months=[(one.strftime("%Y-%m"), month_name(one)) for one in _months(sheet.account, month)],
        statement=made,
        entries=_in_words(made.entries, in_books=in_books),
        in_books=in_books,
        csv={"endpoint": sheet.csv, "known_at": known_at, "month": month and month.strftime("%Y-%m")} | sheet.arguments,
        next_cursor=made.next_cursor,
    )


def _make(account: Account, asked: dict[str, Any], *, limit: int, cursor: str | None = None) -> Statement:
    since, until = clock.month_bounds(asked["month"]) if asked["month"] else (None, None)
    return statements.make_statement(
        account.community_id,
        account,
        since=since,
        until=until,
        known_at=None if cursor else asked["known_at"],
        limit=limit,
        cursor=cursor,
    )


def _in_words(entries: list[Entry], *, in_books: bool) -> list[dict[str, Any]]:
    """Entries with their ways, and with the name of who acted for the account's owner."""
    helped = [entry.actor_id for entry in entries if entry.on_behalf_of is not None]
    names = people(current_actor(), helped) if helped else {}
    return [
        _with_ways(entry, in_books=in_books)
        | {"acted_by": names.get(entry.actor_id, "") if entry.on_behalf_of is not None else ""}
        for entry in entries
    ]


def _with_ways(entry: Entry, *, in_books: bool) -> dict[str, Any]:
    """An entry with the way to its transfer in the books or else to its proof, and to why something was taken back."""
    page_of_it = "web.books.show_transfer" if in_books else "web.receipts.show"
    is_reversal = entry.source_type == SOURCE
    return entry._asdict() | {
        "href": url_for(page_of_it, transfer_id=entry.transfer_id),
        "why": url_for("web.reversals.show", reversal_id=entry.source_id) if is_reversal else "",
    }


def _months(account: Account, chosen: date | None) -> list[date]:
    """From this month back to the one in which the account was opened, and the chosen one wherever it lies."""
    month, first = clock.today().replace(day=1), clock.local_day(account.opened_at).replace(day=1)
    found = {chosen} if chosen else set()
    while month >= first and len(found) < MONTHS:
        found.add(month)
        month = date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
    return sorted(found, reverse=True)


def _download(sheet: Sheet) -> Response:
    asked = ask(StatementQuery())
    name = f"statement-{asked['month'].strftime('%Y-%m') if asked['month'] else 'all'}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(_as_csv(sheet, asked), content_type="text/csv; charset=utf-8", headers=headers)


def _as_csv(sheet: Sheet, asked: dict[str, Any]) -> bytes:
    """UTF-8 with BOM, newest first as on the page; the same bytes again for the same month and `known_at`."""
    file = io.StringIO(newline="")
    write = csv.writer(file, lineterminator="\r\n").writerow
    made, unit = _make(sheet.account, asked, limit=200), Unit(sheet.account.unit)
    write(["社区 community", safe(g.community.name)])
    write(["账户 account", safe(f"{ACCOUNT_KINDS[sheet.account.kind]} {sheet.holder}".strip()), unit])
    write(["月份 month", asked["month"].strftime("%Y-%m") if asked["month"] else ""])
    write(["截至 known at", _local(made.period.known_at)])
    write(["期末 closing", _amount(unit, made.closing)])
    write(COLUMNS)
    words, count = OWN_TRANSFERS if sheet.is_mine else TRANSFERS, 0
    while True:
        for entry in made.entries:
            write(_line(unit, entry, words))
        count += len(made.entries)
        if made.next_cursor is None or count >= IN_A_FILE:
            break
        made = _make(sheet.account, asked, limit=200, cursor=made.next_cursor)
    if made.next_cursor is None:
        write(["期初 opening", _amount(unit, made.opening)])
    else:
        write([TOO_LONG])
    return BOM + file.getvalue().encode()


def _line(unit: Unit, entry: Entry, words: Mapping[str, object]) -> list[str | int]:
    return [
        _local(entry.effective_at),
        _local(entry.recorded_at),
        safe(str(words[entry.code])),
        _amount(unit, entry.amount),
        _amount(unit, entry.balance),
        entry.transfer_id.hex,
    ]


def _amount(unit: Unit, amount: int) -> str | int:
    """A number that a spreadsheet can add up: points and minutes whole, money in yuan."""
    return money.yuan(amount).replace(",", "") if unit is Unit.FEN else amount


def _local(moment: datetime) -> str:
    return moment.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
