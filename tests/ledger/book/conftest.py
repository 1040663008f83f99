"""A town with two members for every test of the books."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.ledger.book.town import Town, open_town


@pytest.fixture
def town(context: Flask) -> Town:
    return open_town(members=2)
