"""All scenarios, and how all of them come out.

Each calls verbs of the books, and what it is answered is part of its outcome. Its name is the document, and the seed of
its ids, so that a new scenario changes no other one's outcome. A new verb brings its scenarios with it; then
golden.json is written anew.
"""

from __future__ import annotations

from zlib import crc32

from tests.conformance import holding, moving, returning
from tests.conformance.scene import SCENARIOS, Outcome, play

PARTS = (moving, holding, returning)
"""The modules whose scenarios these are."""

__all__ = ["PARTS", "SCENARIOS", "outcomes"]


def outcomes() -> dict[str, Outcome]:
    """All scenarios, each in a community of its own."""
    return {name: play(played, seed=crc32(name.encode())) for name, played in SCENARIOS.items()}
