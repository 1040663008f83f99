"""The API's pages: public, complete, and made from what the API itself says."""

from __future__ import annotations

import re

import pytest

from api.errors import status_of
from ledger.core.errors import REASONS


@pytest.fixture
def reader(visit):
    """Somebody who has never signed in."""
    return visit()


def test_every_operation_of_the_document_is_on_the_page(app, reader):
    assert reader.get("/api/v1/docs").status_code == 200
    document = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    for path, methods in document["paths"].items():
        for method in set(methods) - {"parameters"}:
            assert f"{method.upper()} {path}<" in reader.page


def test_an_operation_names_its_fields_with_their_bounds(reader):
    reader.get("/api/v1/docs")
    rows = re.findall(r"<code>quantity</code>.*?</tr>", reader.page, re.DOTALL)
    assert any("integer 1–99 = 1" in row for row in rows)
    assert "<code>merchant_code</code>" in reader.page


def test_every_reason_stands_at_its_anchor_with_status_and_both_languages(reader):
    assert reader.get("/api/v1/docs/reasons").status_code == 200
    for code, kind in REASONS.items():
        entry = re.search(rf'<li id="{code}">.*?</li>', reader.page, re.DOTALL)[0]
        assert code in entry
        assert 'lang="zh-Hans"' in entry
        assert f'id="status-{status_of(kind())}"' in reader.page


def test_a_refusal_points_to_its_reason(client, reader):
    where = client.get("/api/v1/me").json["type"]
    page, _, anchor = where.partition("#")
    reader.get(page)
    assert f'id="{anchor}"' in reader.page


@pytest.mark.parametrize(("language", "words"), [("zh", "接口说明"), ("en", "The API")])
def test_the_frame_speaks_the_readers_language(visit, language, words):
    reader = visit(language=language)
    reader.get("/api/v1/docs")
    assert words in reader.words


def test_a_bad_token_is_refused_even_here(client):
    assert client.get("/api/v1/docs", headers={"Authorization": "Bearer nonsense"}).status_code == 401
