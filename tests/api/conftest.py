"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.api.shopping import Shopping, open_shopping


@pytest.fixture
def shopping(context: object, client: FlaskClient) -> Iterator[Shopping]:
    """A street with a bakery, and a client in front of it."""
    with open_shopping(client) as found:
        yield found
