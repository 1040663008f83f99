"""A person in front of a screen: what they open, press and read."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, ViewportSize, expect

from api.auth import COOKIE
from tests.stories import Neighbour

PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 800}

WIDER_THAN_SCREEN = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Person:
    """One context of the browser with one page. `complaints` is what went wrong without being seen on the page;
    `clicks` how often something was pressed, `typed` how many characters."""

    def __init__(self, context: BrowserContext, address: str, neighbour: Neighbour | None = None) -> None:
        self.address = address
        self.complaints: list[str] = []
        self.clicks = 0
        self.typed = 0
        self.requests: list[Request] = []
        self.root = f"/c/{neighbour.community_id.hex}" if neighbour else ""
        if neighbour is not None:
            context.add_cookies([{"name": COOKIE, "value": neighbour.token, "url": address}])
        self.page: Page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser itself calls every answer from 400 on an error; the tests say where one is expected.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _see(self, request: Request) -> None:
        self.requests.append(request)
        if urlsplit(request.url).scheme in ("http", "https") and not request.url.startswith(self.address):
            self.complaints.append(f"a request to another host: {request.url}")

    def open(self, path: str) -> None:
        """The page at an address; "./" begins one of the person's community."""
        self.requests.clear()
        self.page.goto(f"{self.root}{path[1:]}" if path.startswith("./") else path)

    def choose(self, preference: str, value: str) -> None:
        """What the buttons at the top of each page choose ("size": "large" or nothing)."""
        self.page.context.add_cookies([{"name": preference, "value": value, "url": self.address}])

    def press(self, words: str) -> None:
        """The button, link or fold that says this."""
        self.clicks += 1
        self.page.locator("button, a, summary").filter(has_text=words).first.click()

    def type_in(self, field: str, text: str) -> None:
        self.typed += len(text)
        self.page.fill(f"#{field}", text)

    def sees(self, *sentences: str) -> None:
        """All this stands on the page, now or in a moment."""
        for sentence in sentences:
            expect(self.page.locator("body")).to_contain_text(sentence)

    def spill(self) -> int:
        """How many pixels the page is wider than the screen."""
        return int(self.page.evaluate(WIDER_THAN_SCREEN))
