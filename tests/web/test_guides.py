"""The guides: three steps for each kind of person, each with a picture of its own, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from web.guides import GUIDES

PICTURES = Path(__file__).parents[2] / "web/templates/help/pictures.html"
KINDS = {"volunteer", "card", "leader", "coordinator", "stamper", "shop", "owner", "treasurer", "street"}


def test_every_kind_of_person_has_a_guide():
    assert set(GUIDES) == KINDS


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("who", sorted(KINDS))
def test_a_guide_is_three_steps_with_three_pictures(context, visit, who, language):
    browser = visit(language=language)
    assert browser.get(f"/help/{who}").status_code == 200
    steps = re.findall(
        r'<li class="card"><svg class="drawn".*?</svg><p><b>(\d)\.</b> (.+?)</p></li>', browser.page, re.S
    )
    assert [number for number, _ in steps] == ["1", "2", "3"]
    drawn = re.findall(r'<svg class="drawn"[^>]*>\s*(.+?)</svg>', browser.page, re.S)
    assert len(set(drawn)) == 3
    assert all(bool(re.search(r"[\u4e00-\u9fff]", words)) == (language == "zh") for _, words in steps)


def test_every_picture_of_a_step_is_drawn():
    drawn = set(re.findall(r"name == '(\w+)'", PICTURES.read_text(encoding="utf-8"))) | {"send"}
    assert {step.picture for _, steps in GUIDES.values() for step in steps} == drawn


def test_the_list_leads_to_all_of_them(context, visit):
    browser = visit()
    browser.get("/help")
    assert set(re.findall(r'href="/help/(\w+)"', browser.page)) == KINDS


def test_a_guide_for_nobody_is_not_there(context, visit):
    assert visit().get("/help/nobody").status_code == 404
