"""What the detectors found: the treasurer's list, each flag with its redemptions, and the dry run on history."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.flags import FlagDecisionSchema, FlagDryRunRequestSchema, FlagQuery
from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.permissions import require
from ledger.rewards.models import Redemption
from ledger.risk import flags, reading
from ledger.risk.models import FlagState
from ledger.risk.reading import FlagView, WaitingLine
from web.forms import ask, send
from web.languages import language
from web.last_time import as_last_time
from web.stamps import sentence_of
from web.state_words import FLAG
from web.words import FLAG_DECISIONS, FLAG_KINDS

page = Blueprint("flags", __name__)

PAGE_SIZE = 50
REDEMPTION = ("id", "receipt_number", "confirmed_at", "points", "gross_fen")
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}


@page.get("/c/<id:community_id>/flags")
@as_last_time(FlagQuery)
def list_all() -> Any:
    """What waits for a decision, the first due first; or all of a state."""
    actor = current_actor()
    asked = ask(FlagQuery())
    status = asked["status"] or (None if asked["kind"] else FlagState.OPEN)
    wanted = {"kind": asked["kind"], "order": asked["sort"], "after": asked["cursor"]}
    rows = reading.list_flags(actor, status=status, **wanted, limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="flag.id")
    return render_template(
        "flags/list.html",
        flags=[_shown(view) for view in found["items"]],
        states=[(state, word.text) for state, word in FLAG.items()],
        kinds=FLAG_KINDS.items(),
        asked=request.args,
        next_cursor=found["next_cursor"],
    )


def _shown(view: FlagView) -> dict[str, Any]:
    """A flag as the templates name it."""
    is_open = view.state == FlagState.OPEN
    names = ("id", "kind", "opened_at", "due_at", "decided_at", "note")
    return {name: getattr(view.flag, name) for name in names} | {
        "state": view.state,
        "member": view.member_name,
        "shop": view.merchant_name,
        "explanation": view.explanation[language()],
        "extent": view.extent,
        "may_decide": view.refusal is None,
        "blocked": sentence_of(view.refusal) if is_open and view.refusal not in (None, Forbidden.code) else "",
    }


@page.post("/c/<id:community_id>/flags/find")
def find() -> Any:
    """The detectors have looked; what is new stands in the list."""
    actor = current_actor()
    return send(
        None, lambda _: flags.find_now(actor), to=lambda _: url_for(".list_all"), again=lambda **_again: list_all()
    )


@page.get("/c/<id:community_id>/flags/<id:flag_id>")
def show(flag_id: UUID) -> Any:
    """One flag with the redemptions that it is about."""
    return _show(flag_id)


def _show(flag_id: UUID, **again: Any) -> str:
    actor = current_actor()
    return render_template(
        "flags/show.html",
        flag=_shown(reading.see_flag(actor, flag_id)),
        redemptions=[_row(*one) for one in reading.redemptions_of(actor, flag_id)],
        most=reading.MOST_WAITING,
        decisions=FLAG_DECISIONS.items(),
        **(EMPTY | again),
    )


def _row(redemption: Redemption, member: str, waits: bool) -> dict[str, Any]:
    shown = {name: getattr(redemption, name) for name in REDEMPTION}
    return shown | {"member": member, "waits": waits, "left_fen": redemption.gross_fen - redemption.refunded_fen}


@page.post("/c/<id:community_id>/flags/<id:flag_id>/decide")
def decide(flag_id: UUID) -> Any:
    """Decided by the treasurer."""
    actor = current_actor()
    return send(
        FlagDecisionSchema(),
        lambda said: flags.decide_flag(actor, flag_id, **said),
        to=lambda _: url_for(".list_all"),
        again=partial(_show, flag_id),
    )


@page.get("/c/<id:community_id>/flags/dry-run")
def try_out() -> Any:
    """What the detectors would have said of the days asked for. Nothing is stored."""
    actor = current_actor()
    require(actor, flags.SEE)
    typed = {name: request.args[name] for name in ("from", "to") if request.args.get(name)}
    schema = FlagDryRunRequestSchema()
    errors = schema.validate(typed) if typed else {}
    tried = reading.dry_run(actor, **schema.load(typed)) if typed and not errors else None
    today = clock.today()
    four_weeks = {"from": (today - timedelta(days=28)).isoformat(), "to": today.isoformat()}
    page_shown = render_template(
        "flags/dry_run.html",
        tried=tried,
        found=[
            {
                "kind": one.found.kind,
                "member": one.member_name,
                "shop": one.merchant_name,
                "redemptions": one.redemptions,
                "explanation": one.explanation[language()],
            }
            for one in (tried.flags if tried else ())
        ],
        values=typed or four_weeks,
        errors=errors,
    )
    return page_shown, 422 if errors else 200


def waiting_shown(lines: list[WaitingLine]) -> list[dict[str, Any]]:
    """What no statement takes yet, as the pages of the statements show it."""
    return [
        {name: getattr(one.redemption, name) for name in REDEMPTION}
        | {"shop": one.merchant_name, "reason": one.reason[language()], "until": one.until}
        for one in lines
    ]
