"""What the house logs while it is tested: every line is read, so that none says anything personal.

A served house writes to a file, which tests/serving.py reads when it ends.
"""

from __future__ import annotations

import re
from typing import Any

import structlog

from api.logs import PROCESSORS

LOGGED: list[str] = []
"""The lines of the present test, as the house would write them."""

PERSONAL = re.compile(
    r"(?<![0-9a-zA-Z])(\+?86)?1[3-9]\d{9}(?![0-9a-zA-Z])"  # A mobile number,
    r'|"\d{4,6}"'  # a PIN or a one-time code,
    r"|(?<![\w-])[\w-]{43}(?![\w-])"  # a session or a token for programs,
    r"|(?<![\w-])([2-9A-HJ-NP-Z]{4}-){1,2}[2-9A-HJ-NP-Z]{4}(?![\w-])"  # a card, a member's code, a poster.
)


def keep() -> None:
    """From now on structlog writes nothing out; its lines are in LOGGED."""
    structlog.configure(processors=(*PROCESSORS, _witness))


def _witness(_logger: Any, _method: str, line: str) -> str:
    LOGGED.append(line)
    raise structlog.DropEvent
