"""The look stays small, legible and safe: sizes, contrast, and a policy that lets no foreign style or script in."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from flask import Response, render_template

from web.look import CONTENT_SECURITY_POLICY, HAND_CSS, secure
from web.state_words import STATES

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "web/templates").rglob("*.html"))
ENOUGH = 4.5
"""WCAG 2.2 AA for text."""

TEXT_ON_GROUND = [
    ("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("say", "card"), ("say", "paper"),
    ("say", "rose"), ("leaf", "leafbg"), ("leaf", "card"), ("card", "leaf"), ("gold", "goldbg"), ("blue", "bluebg"),
    ("ink", "rose"), ("ink", "goldbg"), ("ink", "leafbg"), ("ink", "bluebg"), ("#ffffff", "red"),
]  # fmt: skip


def test_the_hand_style_is_at_most_6_kb():
    assert len(HAND_CSS.encode()) <= 6 * 1024


def test_all_scripts_together_are_at_most_10_kb():
    assert sum(script.stat().st_size for script in (ROOT / "static").glob("*.js")) <= 10 * 1024


def test_the_policy_names_the_hash_of_the_style_as_the_page_carries_it(pages):
    refused = {"code": "x", "sentence": "x", "next_step": "x"}
    with pages.test_request_context():
        page = render_template("errors/refusal.html", refused=refused, status=404)
    carried = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(carried) == 1
    digest = base64.b64encode(hashlib.sha256(carried[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in CONTENT_SECURITY_POLICY


def test_every_page_carries_the_policy_and_an_own_one_is_kept(pages):
    with pages.app_context():
        plain = secure(Response("<p>", mimetype="text/html"))
        own = secure(Response("<p>", mimetype="text/html", headers={"Content-Security-Policy": "default-src 'none'"}))
    assert plain.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert own.headers["Content-Security-Policy"] == "default-src 'none'"


def test_the_policy_allows_no_inline_script():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY


def test_the_scripts_of_the_scanner_are_at_most_40_kb():
    assert sum(script.stat().st_size for script in (ROOT / "static/scanner").glob("*.js")) <= 40 * 1024


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_inline_style_or_script(template):
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_stands_out_from_its_ground(scheme, text, ground):
    tokens = tokens_of(scheme)
    assert contrast(tokens.get(text, text), tokens[ground]) >= ENOUGH


OF_A_PAGE_ALONE = {
    *("to_members", "hidden", "picture_url", "pictures", "offer_words", "counter_words", "files", "take_along"),
}
"""Pieces that need a community's page, or are a part of another piece."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_living_page_shows_every_colour_piece_and_state(client, language):
    client.set_cookie("language", language)
    answer = client.get("/design")
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    pieces = set(re.findall(r"macro ([a-z]\w*)\(", (ROOT / "web/templates/kit.html").read_text(encoding="utf-8")))
    assert set(re.findall(r'id="piece-(\w+)"', page)) == pieces - OF_A_PAGE_ALONE
    assert set(re.findall(r'id="chips-(\w+)"', page)) == set(STATES)
    assert set(re.findall(r'fill="var\(--(\w+)\)" stroke', page)) == set(tokens_of("light"))


def tokens_of(scheme: str) -> dict[str, str]:
    """The colours of hand.css; dark replaces some of light's."""
    light, dark = (dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", part)) for part in HAND_CSS.split("@media screen", 1))
    return light if scheme == "light" else {**light, **dark}


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
