"""Words on buttons stay whole: a narrow phone breaks lines between them, in either language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.people import Person
from tests.browser.town import Town

pytestmark = pytest.mark.browser

BROKEN_WORDS = """() => {
  const broken = [];
  for (const button of document.querySelectorAll("main .btn")) {
    const walker = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      for (const found of node.textContent.matchAll(/[A-Za-z]+/g)) {
        const range = document.createRange();
        range.setStart(node, found.index);
        range.setEnd(node, found.index + found[0].length);
        if (new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1) broken.push(found[0]);
      }
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("width", [320, 360, 390])
def test_no_word_on_a_button_of_the_desk_is_broken(town: Town, take: Callable[..., Person], width: int) -> None:
    person = take(town.street.place.admin, language="en-GB")
    person.page.set_viewport_size({"width": width, "height": 740})
    broken = []
    for path in ("./members", "./office", "./merchants", "./activities", "./settlements", "./funds", "./stamps"):
        person.open(path)
        broken += [(path, word) for word in person.page.evaluate(BROKEN_WORDS)]
    assert broken == []
