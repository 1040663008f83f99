"""Telephones that everybody may call: an office's, so neither encrypted nor hidden. Those of persons: `phones`."""

from __future__ import annotations

import re
import unicodedata

from ledger.people.errors import NotATelephone

MOST = 16
"""Characters of a telephone as it is kept."""

_AREA = r"(?P<area>010|02[0-9]|0[3-9][0-9]{2})(?P<line>[0-9]{7,8})"
_MOBILE = r"1[3-9][0-9]{9}"
_SHARED = r"(?P<shared>[48]00)(?P<rest>[0-9]{7})"
_KNOWN = re.compile(rf"(?:{_AREA}|{_SHARED}|{_MOBILE})\Z")


def normalise_telephone(typed: str) -> str:
    """The number as one reads and dials it inside China: 0758-2812345, 400-8123456 or 13800000000.

    Blanks, brackets and dashes may stand anywhere between the digits, and +86 before them. Raises NotATelephone.
    """
    plain = re.sub(r"[\s()\-–—]", "", unicodedata.normalize("NFKC", typed))
    digits = _without_country(plain)
    found = _KNOWN.match(digits)
    if found is None:
        raise NotATelephone
    if found["area"]:
        return f"{found['area']}-{found['line']}"
    return f"{found['shared']}-{found['rest']}" if found["shared"] else digits


def _without_country(plain: str) -> str:
    """Abroad the 0 of an area code is left out: behind +86 it is put back."""
    if not plain.startswith("+86"):
        return plain
    national = plain.removeprefix("+86")
    return national if re.match(rf"0|{_MOBILE}|[48]00[0-9]{{7}}\Z", national) else f"0{national}"
