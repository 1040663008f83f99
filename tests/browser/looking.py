"""What is wrong with a page that stands in the browser: found by axe, and by the house's own rules."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Response

from tests.browser.people import Person

AXE = Axe()
EVERY_RULE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All that axe knows by itself, of every level, and the size of targets, which it leaves out unless asked."""

MOST_FIRST, MOST_NEXT, MOST_SCRIPT = 90 * 1024, 20 * 1024, 10 * 1024
"""Compressed bytes of a page with all that it brings, of the page alone, and of its scripts as they are."""

MOST_MANUAL = 60 * 1024
"""Compressed bytes of the two pages that print the whole manual of the API."""

MOST_SCANNER_SCRIPT = 40 * 1024

TEXTS_OF_BROWSER = {"standard": 16, "fixed": 13}

OWN_RULES = """() => {
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const box = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (text && !box.closest("code, pre, script, style, main [lang], header [lang]")) texts.push(text);
  }
  for (const name of ["placeholder", "aria-label", "title", "alt"])
    for (const one of document.querySelectorAll(`[${name}]:not([lang])`)) texts.push(one.getAttribute(name));
  const links = [...document.querySelectorAll("a[href]")].map((one) => one.getAttribute("href"));
  return {
    texts, title: document.title,
    dead: links.filter((one) => one.startsWith("#") && !document.getElementById(one.slice(1))),
    links: links.filter((one) => one.startsWith("/")).map((one) => one.split("#")[0]),
    more: performance.getEntriesByType("resource")
      .map((one) => [one.name, one.initiatorType, one.decodedBodySize]),
  };
}"""

TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .filter((one) => !one.closest(".scroll, .rail ul"))
  .slice(-3).map((one) => one.outerHTML.slice(0, 90))"""

ENGLISH_SENTENCE = re.compile(r"[A-Za-z]{2,}(?:,? [A-Za-z']+){3,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def faults_of_axe(person: Person) -> Iterator[str]:
    """One line for each rule that the page breaks, with the first places."""
    for rule in AXE.run(person.page, options=EVERY_RULE).response["violations"]:
        where = [f"{node['target'][0]} {node['html'][:120]}" for node in rule["nodes"][:3]]
        yield f"{rule['id']} ({rule['impact']}, {len(rule['nodes'])}): {where}"


def faults_of_ours(seen: dict[str, Any], *, language: str, typed: str) -> Iterator[str]:
    """A title, a way on, no link into nothing, and no word of the other language but what people typed."""
    if not seen["title"] or seen["title"].startswith("小红花 · "):
        yield f"no title of its own: {seen['title']!r}"
    if not seen["links"]:
        yield "no way back"
    yield from (f"leads nowhere: {link}" for link in seen["dead"])
    for text in seen["texts"]:
        if language == "zh":
            yield from (f"English: {words}" for words in ENGLISH_SENTENCE.findall(text))
        else:
            yield from (f"Chinese: {text[:60]}" for run in CHINESE.findall(text)[:1] if run not in typed)


def faults_of_weight(seen: dict[str, Any], answer: Response) -> Iterator[str]:
    page = len(gzip.compress(answer.body()))
    brought = sum(size for _name, _kind, size in seen["more"])
    scripts = sum(size for _name, kind, size in seen["more"] if kind == "script")
    most = MOST_MANUAL if "/api/v1/docs" in answer.url else MOST_NEXT
    most_script = MOST_SCANNER_SCRIPT if "/scanner" in answer.url else MOST_SCRIPT
    if page > most or page + brought > MOST_FIRST or scripts > most_script:
        yield f"{page} bytes, {page + brought} with what it brings, {scripts} of scripts"


def faults_of_width(person: Person) -> Iterator[str]:
    """Nothing is wider than the screen, also where the reader's browser has text of twice the size."""
    browser = person.page.context.new_cdp_session(person.page)
    for times in (1, 2):
        browser.send(
            "Page.setFontSizes", {"fontSizes": {kind: times * size for kind, size in TEXTS_OF_BROWSER.items()}}
        )
        if person.spill():
            yield f"wider than the screen at text of {times} times: {person.page.evaluate(TOO_WIDE)}"
    browser.send("Page.setFontSizes", {"fontSizes": TEXTS_OF_BROWSER})
    browser.detach()
