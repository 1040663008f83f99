"""Money is integer fen. A rate is a fraction of two integers and is never rounded; a line is, once, half up."""

from __future__ import annotations

from fractions import Fraction

MAX_AMOUNT = 2**53 - 1
"""The largest amount of any unit: exact in JSON, spreadsheets and every database."""


def round_half_up(value: Fraction) -> int:
    """The nearest integer; a half goes away from zero, as a bookkeeper rounds."""
    sign = -1 if value < 0 else 1
    return sign * int(abs(value) + Fraction(1, 2))


def fen_for_points(points: int, rate_fen: int, rate_points: int) -> int:
    """What `points` are worth at `rate_fen` fen for every `rate_points` points, one half-up rounding."""
    return round_half_up(Fraction(points * rate_fen, rate_points))


def yuan(fen: int) -> str:
    """Fen as people read it: 1234567 -> "12,345.67"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
