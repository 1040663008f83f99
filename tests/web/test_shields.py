"""Pages: every form is ours, nothing is kept by a cache, no cookie is within a script's or another site's reach."""

from __future__ import annotations

import re

from api.auth import COOKIE
from tests.stories import next_phone, open_neighbourhood
from tests.web.messages import code_for
from tests.web.test_guards import address, pages


def test_every_form_is_refused_without_its_token(app, context, visit):
    """All routes of pages that take a POST, as an admin inside and as somebody not signed in."""
    place = open_neighbourhood()
    inside, outside = visit(place.admin).client, visit().client
    forms = [rule for rule, method in pages(app) if method == "POST"]
    answers = {rule.endpoint: inside.post(address(rule, place.id.hex)).status_code for rule in forms}
    assert {endpoint: status for endpoint, status in answers.items() if status != 400} == {}
    assert len(forms) > 50
    for rule in forms:
        assert outside.post(address(rule, place.id.hex)).status_code in (400, 401), rule.endpoint


def test_a_token_of_another_session_is_refused(app, context, visit):
    place = open_neighbourhood()
    mine, other = visit(place.admin), visit(place.treasurer)
    other.get("./")
    mine.get("./")
    answer = mine.client.post("/sign-out", data={"csrf_token": other._token()})
    assert answer.status_code == 400


def test_every_form_on_a_page_carries_the_token(context, visit):
    place = open_neighbourhood()
    for person in (place.admin, place.treasurer, place.stamper):
        browser = visit(person)
        for path in ("./", "./office", "./members", "./units", "/me/devices"):
            browser.get(path)
            forms = re.findall(r'<form method="post".*?</form>', browser.page, re.DOTALL)
            assert all('name="csrf_token"' in form for form in forms), path


def test_every_page_has_the_strict_policy_and_is_kept_by_no_cache(app, context, visit):
    place = open_neighbourhood()
    client = visit(place.admin).client
    for rule, method in pages(app):
        answer = client.open(address(rule, place.id.hex), method=method)
        if answer.mimetype != "text/html":
            continue
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, rule.endpoint
        assert "unsafe" not in policy, rule.endpoint
        assert "frame-ancestors 'none'" in policy, rule.endpoint
        assert "script-src 'self'" in policy, rule.endpoint
        assert answer.headers["Cache-Control"] == "no-store", rule.endpoint
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "geolocation=(self)" in answer.headers["Permissions-Policy"]


def test_every_cookie_of_a_sign_in_is_out_of_reach(context, visit):
    browser, phone = visit(), next_phone()
    browser.get("/sign-in")
    cookies = browser.post("/sign-in/code", phone=phone).headers.getlist("Set-Cookie")
    cookies += browser.post("/sign-in", phone=phone, code=code_for(phone)).headers.getlist("Set-Cookie")
    cookies += browser.post("/size", size="large").headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} >= {COOKIE, "device", "size"}
    for cookie in cookies:
        parts = {part.strip() for part in cookie.split(";")}
        assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= parts, cookie.partition("=")[0]


def test_a_browser_keeps_its_label_over_sign_ins(context, visit):
    browser = visit()
    browser.get("/sign-in")
    first = browser.post("/sign-in/code", phone=next_phone())
    assert any(one.startswith("device=") for one in first.headers.getlist("Set-Cookie"))
    second = browser.post("/sign-in/code", phone=next_phone())
    assert not any(one.startswith("device=") for one in second.headers.getlist("Set-Cookie"))


def test_codes_are_limited_by_the_browser_that_asks(context, visit):
    browser = visit()
    browser.get("/sign-in")
    answers = [browser.post("/sign-in/code", phone=next_phone()) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert "操作太频繁" in browser.words
    assert visit().get("/sign-in").status_code == 200
