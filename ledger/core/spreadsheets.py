"""Text for files that people open in a spreadsheet."""

from __future__ import annotations

BOM = b"\xef\xbb\xbf"
"""Begins a UTF-8 file, else a spreadsheet on Windows reads Chinese as something else."""

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""How a formula begins; with a Chinese input method the signs are full-width, and spreadsheets take those too."""


def safe(words: str) -> str:
    """Text that a spreadsheet would take for a formula is quoted."""
    return "'" + words if words.startswith(FORMULA) else words
