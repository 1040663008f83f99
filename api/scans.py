"""POST /scans: what a QR at a place is worth, before anybody has signed in."""

from __future__ import annotations

from typing import Any

from api.auth import public
from api.documents import global_resource
from api.schemas.scans import ScanRequestSchema, ScanSchema
from ledger.core import clock, walls
from ledger.service.codes import Scan, read_scan
from ledger.service.days import shown_at

blp = global_resource("scans", "Scans of the codes at places of service.")


@blp.post("/scans")
@public
@blp.arguments(ScanRequestSchema)
@blp.response(200, ScanSchema)
def post_scan(asked: dict[str, Any]) -> Scan:
    """Turn a code into a grant that a later sign-in cannot lose; nothing is recorded."""
    scan = read_scan(asked["code"], nonce=asked["nonce"])
    with walls.inside(scan.community.id):
        return scan._replace(activity=shown_at(scan.activity, clock.now()))
