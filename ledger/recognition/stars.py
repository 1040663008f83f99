"""Stars of service (星级志愿者): counted from all hours ever stamped, which no spending lowers."""

from __future__ import annotations

from typing import NamedTuple

HOURS = (100, 300, 600, 1000, 1500)
"""Hours of service for one star, two, three, four and five."""


class Stars(NamedTuple):
    """How many stars so many minutes are, and how many minutes the next one needs in all (None: there is none)."""

    earned: int
    next_at_minutes: int | None


def stars_of(minutes: int) -> Stars:
    """The stars of so many minutes of service."""
    earned = sum(minutes >= 60 * hours for hours in HOURS)
    return Stars(earned, 60 * HOURS[earned] if earned < len(HOURS) else None)
