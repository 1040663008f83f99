"""ETag and If-Match: whoever changes a versioned thing says which version they have read."""

from __future__ import annotations

import re

from flask import request

from ledger.core.errors import VersionChanged, VersionRequired

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "The ETag of what was read; without it 428, with an older one 412.",
    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
}
"""How the OpenAPI document describes the header; given to `blp.doc(parameters=[IF_MATCH])`."""


def etag_of(version: int) -> dict[str, str]:
    """The header that goes out with a versioned thing."""
    return {"ETag": f'"{version}"'}


def version_in_hand() -> int:
    """The version that the caller has read. Raises VersionRequired, VersionChanged (no version of ours)."""
    version = version_in_hand_or_none()
    if version is None:
        raise VersionRequired
    return version


def version_in_hand_or_none() -> int | None:
    """The same where it need not be said."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        return None
    match = re.fullmatch(r'(?:W/)?"([0-9]{1,9})"', header)
    if match is None:
        raise VersionChanged
    return int(match[1])
