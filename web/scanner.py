"""The coordinator's scanner: one page that opens without network, its scripts, and what it asks while there is one.

The page itself says nothing of anybody, so that the phone may keep it; where it scans stands behind the # of its
address. What it knows of the activity and of its recorder it asks for, and it sends by the API with a device's grant.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]
from werkzeug.wrappers import Response as AnyResponse

from api.auth import actor_or_none, current_actor, public
from api.errors import status_of
from ledger.core import clock, ids
from ledger.core.errors import REASONS, NotFound, Refused
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, load
from ledger.people import devices, sessions, tokens
from ledger.people.models import PlaceUnit, Session
from ledger.service import activities, photo_codes
from ledger.service.models import Activity
from web.errors import refusal
from web.forms import mint

page = Blueprint("scanner", __name__)

OWN = ("page.js", "store.js", "sender.js", "camera.js", "sound.js", "scanner.css")
DECODER = ("decode.js", "index.js")
"""Files of the package `qr`, for phones that cannot read a QR code themselves; set-up fetches it."""

WORKER_POLICY = "default-src 'none'; connect-src 'self'; script-src 'self'"

TOLD = (
    "duplicate_checkin", "overlap", "no_open_visit", "unknown_card", "card_lost", "card_replaced", "card_void",
    "card_blank", "card_holder_left", "member_gone", "guardian_required", "service_withdrawn", "activity_cancelled",
    "activity_too_far", "forbidden", "not_found", "key_reused", "invalid",
)  # fmt: skip
"""Why a record may be refused after it was kept: the page can say it without network."""


# --- what the phone keeps ---------------------------------------------------------------------------------------


@page.get("/scanner/")
@public
def show() -> str:
    """The page, the same for everybody: it holds no name, no activity and no token."""
    return render_template("scanner/page.html", reasons=[REASONS[code] for code in TOLD])


@page.get("/scanner/<name>")
@public
def load_own(name: str) -> AnyResponse:
    """One of the page's own files; its worker is told which files to keep, and when they have changed."""
    if name == "worker.js":
        return _worker()
    if name not in OWN:
        raise NotFound
    return _file(_folder() / name)


@page.get("/scanner/decoder/<name>")
@public
def load_decoder(name: str) -> AnyResponse:
    """A file of the decoder's package; NotFound where set-up could not fetch it."""
    if name not in DECODER or not (_packaged() / name).is_file():
        raise NotFound
    return _file(_packaged() / name)


def _folder() -> Path:
    return Path(current_app.static_folder or "") / "scanner"


def _packaged() -> Path:
    return Path(current_app.root_path) / "node_modules" / "qr"


def _file(path: Path) -> AnyResponse:
    """The file, asked for again each time: its address does not change with its content."""
    kind = "text/css" if path.suffix == ".css" else "text/javascript"
    answer = Response(path.read_bytes(), mimetype=kind, headers={"Cache-Control": "no-cache"})
    answer.add_etag()
    return answer.make_conditional(request)


def _worker() -> Response:
    kept, version = _kept(_folder(), _packaged())
    head = f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(kept)};\n"
    answer = Response(head + (_folder() / "worker.js").read_text(encoding="utf-8"), mimetype="text/javascript")
    answer.headers["Content-Security-Policy"] = WORKER_POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@cache
def _kept(own: Path, packaged: Path) -> tuple[list[str], str]:
    """The addresses that the phone keeps, and a digest of all that stands behind them."""
    files = {f"/scanner/{name}": own / name for name in OWN}
    files |= {f"/scanner/decoder/{name}": packaged / name for name in DECODER}
    there = {address: path for address, path in files.items() if path.is_file()}
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [*there.values(), own / "worker.js"]))
    return list(there), digest.hexdigest()[:12]


# --- what the page asks -----------------------------------------------------------------------------------------


@page.get("/scanner/who")
@public
def tell_who() -> Response:
    """The server's time, by which a phone corrects its own, and who is signed in here."""
    actor = actor_or_none()
    person = sessions.person_of(actor).hex if actor else None
    answer: Response = jsonify(now=clock.now().timestamp() * 1000, person=person)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@page.get("/c/<id:community_id>/activities/<id:activity_id>/scanner")
def open_scanner(activity_id: UUID) -> AnyResponse:
    """The way from the activity to the page: the ids go behind the #, which is never sent."""
    actor = current_actor()
    _recorded_by(actor, activity_id)
    return redirect(f"{url_for('.show')}#{actor.tenant.hex}/{activity_id.hex}", 303)


@page.get("/c/<id:community_id>/activities/<id:activity_id>/scanner/state")
def tell_activity(activity_id: UUID) -> Response:
    """What the page shows of the activity, for who records at it."""
    activity = _recorded_by(current_actor(), activity_id)
    shown = {"name": activity.name, "place": activity.place, "state": activity.state}
    times = {name: getattr(activity, name).isoformat() for name in ("starts_at", "ends_at")}
    answer: Response = jsonify(shown | times | {"csrf": generate_csrf()})
    return answer


def _recorded_by(actor: Actor, activity_id: UUID) -> Activity:
    activity = activities.see_activity(actor, activity_id).activity
    require(actor, "record_checkin", unit_path=load(actor.tenant, PlaceUnit, activity.unit_id).path)
    return activity


@page.post("/c/<id:community_id>/scanner/grant")
def grant_device() -> Any:
    """A grant that records and reads nothing, for a week; the one that this phone had before is dead."""
    actor = current_actor()
    require_any(actor, "record_checkin")
    before = ids.parse(request.form.get("before", ""))
    made, outcome = mint(lambda: _grant(actor, before))
    if made is None:
        return jsonify(outcome.refused), outcome.status
    token, session = made
    return jsonify(token=token, id=session.id.hex, expires_at=session.expires_at.timestamp() * 1000)


def _grant(actor: Actor, before: UUID | None) -> tuple[str, Session]:
    if before in {one.id for one in tokens.mine(actor)}:
        assert before is not None
        tokens.revoke_token(actor, before)
    called = devices.called(request.user_agent.string)
    return tokens.grant_device(actor, " · ".join(filter(None, (_("扫码签到"), called)))[:80])


@page.post("/c/<id:community_id>/scanner/photo")
def read_photo() -> Any:
    """The code on a photo; nothing of it is kept, and nothing is recorded."""
    require_any(current_actor(), "record_checkin")
    sent = request.files.get("photo")
    content = sent.read() if sent else b""
    if sent:
        sent.close()
    try:
        return jsonify(code=photo_codes.code_on(content))
    except Refused as reason:
        return jsonify(refusal(reason)), status_of(reason)
