"""The rows behind a figure of a month's summary, for whoever may see them for the whole community."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.fields import Id, Text
from api.schemas.summaries import PartQuery
from ledger.book import reading
from ledger.book.accounts import AccountKey
from ledger.book.codes import Kind, Unit
from ledger.core.errors import NotFound
from ledger.core.tenancy import Actor
from ledger.people.members import describe_members, shown_names
from ledger.recognition import figures, summary_rows
from ledger.recognition.figures import Span
from ledger.recognition.parts import part_of
from ledger.recognition.summary_rows import FUNDS, LEGS, SHOPS, Behind, Rows
from ledger.service import feedback_reading
from web import formats
from web.books import transfers_in_words
from web.forms import ask
from web.holders import named
from web.state_words import EVIDENCE
from web.summaries import PARTS, TOTALS, called, seen, shop_or_fund_words
from web.words import ACCOUNT_KINDS, TRANSFERS

page = Blueprint("summary_rows", __name__)

Line = dict[str, Any]
"""{href, what, more, adds}: where a row leads, what it is, when or whose, what it adds to the figure."""


class RowsQuery(PartQuery):
    of = Text(40, load_default="")
    owner_id = Id(load_default=None)


@page.get("/c/<id:community_id>/summaries/<month>/rows")
def show(month: str) -> Any:
    """One figure of the month with all its rows, counted and added up, newest first."""
    actor, asked = current_actor(), ask(RowsQuery())
    name, owner_id, limit = asked["of"], asked["owner_id"], asked["limit"]
    view = seen(month)
    document, span = view.document or {}, view.span(actor.tenant)
    part = part_of(document, asked["part"], asked["key"]) if asked["part"] else None
    which: dict[str, Any] = {"owner_id": owner_id, "part": part}
    rows = summary_rows.list_rows(actor, span, name, **which, before=asked["cursor"], limit=limit + 1)
    figure = int(part.row[name] or 0) if part else _figure(document, name, owner_id)
    shown = rows.shown[:limit]
    said = saying(name)
    return render_template(
        "summaries/rows.html",
        month=view.month,
        address=month,
        words=_words(document, name, owner_id),
        part=f"{PARTS[part.of]} · {called(part.of, part.row)}" if part else "",
        number=rows.number,
        of_accounts=rows.kind is Behind.ACCOUNTS,
        amount=said(rows.amount),
        figure="" if rows.amount == figure else said(figure),
        lines=_lines(actor, span, rows, shown, said),
        next_cursor=shown[-1][0].hex if len(rows.shown) > len(shown) else None,
    )


def saying(name: str) -> Callable[[int], str]:
    """How an amount of this figure is said; a negative one with the true minus sign."""
    if name == "minutes":
        return lambda value: formats.amount(value, Unit.MINUTES)
    if name == "outstanding":
        return lambda value: formats.amount(value, Unit.POINTS)
    legs = LEGS.get(name)
    if legs is None or legs.counts:
        return formats.number
    return lambda value: formats.amount(value, legs.unit)


def _part(document: dict[str, Any], name: str, owner_id: UUID | None) -> dict[str, Any]:
    """The summary's line of this shop or fund."""
    part, key = ("shops", "merchant_id") if name in SHOPS else ("funds", "fund_id")
    found = [row for row in document[part] if owner_id is not None and row[key] == owner_id.hex]
    if not found:
        raise NotFound
    line: dict[str, Any] = found[0]
    return line


def _figure(document: dict[str, Any], name: str, owner_id: UUID | None) -> int:
    if name in SHOPS or name in FUNDS:
        return int(_part(document, name, owner_id)[name.partition("_")[2]])
    return int(document["totals"][name])


def _words(document: dict[str, Any], name: str, owner_id: UUID | None) -> str:
    if name in SHOPS or name in FUNDS:
        return f"{_part(document, name, owner_id)['name']} · {shop_or_fund_words(name)}"
    found = [total.words for total in TOTALS if total.name == name]
    if not found:
        raise NotFound
    return str(found[0])


# --- lines ------------------------------------------------------------------------------------------------------


def _lines(
    actor: Actor, span: Span, rows: Rows, shown: list[tuple[UUID, int]], said: Callable[[int], str]
) -> list[Line]:
    describe: dict[Behind, Callable[[Collection[UUID]], dict[UUID, Line]]] = {
        Behind.PEOPLE: lambda ids: _people(actor, span, ids),
        Behind.VISITS: lambda ids: _visits(actor, ids),
        Behind.TRANSFERS: lambda ids: _transfers(actor, ids),
        Behind.ACCOUNTS: lambda ids: _accounts(actor, ids),
        Behind.FEEDBACK: lambda ids: _feedback(actor, ids),
    }
    found = describe[rows.kind]([row_id for row_id, _adds in shown])
    return [found[row_id] | {"adds": said(adds)} for row_id, adds in shown]


def _people(actor: Actor, span: Span, ids: Collection[UUID]) -> dict[UUID, Line]:
    served = figures.served_by_member(span)
    names = shown_names(actor, describe_members(actor.tenant, ids).values())
    return {
        one: {
            "href": "",
            "what": names[one],
            "more": formats.served(served[one].minutes, served[one].visits),
        }
        for one in ids
    }


def _visits(actor: Actor, ids: Collection[UUID]) -> dict[UUID, Line]:
    return {
        stamp_id: {
            "href": url_for("web.checkins.show", checkin_id=row.checkin.id),
            "what": row.name,
            "more": f"{row.activity.name} · {EVIDENCE[row.checkin.evidence].text} · "
            f"{formats.when(row.stamp.stamped_at)}",
        }
        for stamp_id, row in summary_rows.describe_visits(actor, ids).items()
    }


def _transfers(actor: Actor, ids: Collection[UUID]) -> dict[UUID, Line]:
    rows = transfers_in_words(actor, reading.transfers_by_id(actor.tenant, ids))
    return {
        one["id"]: {
            "href": url_for("web.books.show_transfer", transfer_id=one["id"]),
            "what": TRANSFERS[one["code"]],
            "more": f"{_account(one['debit'])} → {_account(one['credit'])} · {formats.when(one['effective_at'])}",
        }
        for one in rows
    }


def _accounts(actor: Actor, ids: Collection[UUID]) -> dict[UUID, Line]:
    rows = [reading.see_account(actor, one) for one in ids]
    words = named(actor, {row.id: AccountKey(Kind(row.kind), Unit(row.unit), row.owner_id) for row in rows})
    return {
        one: {"href": url_for("web.books.show_account", account_id=one), "what": _account(words[one]), "more": ""}
        for one in ids
    }


def _account(account: dict[str, Any]) -> str:
    kind = str(ACCOUNT_KINDS[account["kind"]])
    return kind if account["group"] == "community" else f"{account['holder']} · {kind}"


def _feedback(actor: Actor, ids: Collection[UUID]) -> dict[UUID, Line]:
    return {
        view.feedback.id: {
            "href": url_for("web.feedback.show", feedback_id=view.feedback.id),
            "what": view.name,
            "more": f"{view.unit.name} · {formats.calendar_day(view.feedback.day)}",
        }
        for view in feedback_reading.feedback_by_id(actor, ids)
    }
