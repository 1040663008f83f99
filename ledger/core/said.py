"""Days and months in the sentences of notices and refusals, as people say them: facts keep what programs write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from ledger.core import clock

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?= |$)")
"""How facts write a day, alone or before an hour."""

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
"""How facts write a month."""


def said(facts: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The facts, with each day that begins one, and each month, said in the language (zh or en)."""
    return {name: _said_of(fact, language) for name, fact in facts.items()}


def _said_of(fact: Any, language: str) -> Any:
    if _begins_with_day(fact):
        return _said(str(fact), language)
    return _said_month(fact, language) if isinstance(fact, str) and _MONTH.fullmatch(fact) else fact


def _begins_with_day(fact: Any) -> bool:
    return isinstance(fact, date | str) and _DAY.match(str(fact)) is not None


def _said(fact: str, language: str) -> str:
    """11月25日 or 25 November, with the year when it is another than this one."""
    day, rest = date.fromisoformat(fact[:10]), fact[10:]
    is_this_year = day.year == clock.today().year
    if language.startswith("zh"):
        return f"{'' if is_this_year else f'{day.year}年'}{day.month}月{day.day}日{rest}"
    return f"{day.day} {day:%B}{'' if is_this_year else f' {day.year}'}{rest}"


def _said_month(fact: str, language: str) -> str:
    """2026年11月 or November 2026: a month is named with its year."""
    month = date.fromisoformat(f"{fact}-01")
    return f"{month.year}年{month.month}月" if language.startswith("zh") else f"{month:%B} {month.year}"
