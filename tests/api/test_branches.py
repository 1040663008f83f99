"""Branches and their posters over HTTP."""

from __future__ import annotations

from tests.api.shopping import Shopping


def test_a_branch_says_what_its_poster_names(shopping: Shopping):
    branch = shopping.street.branch
    shown = shopping.get(shopping.street.place.admin, f"/branches/{branch.id.hex}").json
    assert shown["merchant_code"] == shopping.street.poster.code
    assert shown["poster_url"] == f"http://localhost/s/{shown['merchant_code']}"
    listed = shopping.get(shopping.street.volunteer(), f"/branches?merchant_id={shopping.street.bakery.id.hex}")
    assert [one["id"] for one in listed.json["items"]] == [branch.id.hex]


def test_a_poster_is_a_picture_in_two_forms(shopping: Shopping):
    url = f"/branches/{shopping.street.branch.id.hex}/poster"
    svg, png = (shopping.get(shopping.street.clerk, f"{url}.{form}") for form in ("svg", "png"))
    assert (svg.mimetype, png.mimetype) == ("image/svg+xml", "image/png")
    assert b"<svg" in svg.data
    assert png.data.startswith(b"\x89PNG")
