"""A person's browser without JavaScript: it keeps cookies, follows links and sends forms as they stand on the page."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.auth import COOKIE
from tests.stories import Neighbour

TAGS = re.compile(r"<style>.*?</style>|<[^>]+>", re.DOTALL)
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """One browser. `page` is the HTML of the last answer; `words` what one reads of it."""

    def __init__(self, client: FlaskClient, person: Neighbour | None = None, *, language: str = "zh") -> None:
        self.client = client
        self.page = ""
        if person is not None:
            self.root = f"/c/{person.community_id.hex}"
            client.set_cookie(COOKIE, person.token)
        client.set_cookie("language", language)

    def get(self, path: str, *, came_from: str = "") -> TestResponse:
        """The answer to an address; one that starts with "./" is of the person's community.

        `came_from`: the address of the page whose link or form led there, as a browser tells it.
        """
        told = {"Referer": came_from} if came_from else {}
        return self._keep(self.client.get(self._whole(path), headers=told))

    def post(self, path: str, *, key: str | None = None, follow: bool = False, **fields: Any) -> TestResponse:
        """The answer to a form, sent with the CSRF token of the page one looks at and a fresh key unless given."""
        sent = {"csrf_token": self._token(), "_key": key or uuid.uuid4().hex} | fields
        answer = self._keep(self.client.post(self._whole(path), data=sent))
        return self.get(answer.location) if follow and answer.status_code == 303 else answer

    def value(self, name: str) -> str:
        """What a field of the page one looks at holds."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page.partition("<main")[2])
        assert found is not None, f"the page has no field {name}"
        return unescape(found[1])

    @property
    def words(self) -> str:
        return " ".join(unescape(TAGS.sub(" ", self.page)).split())

    def _whole(self, path: str) -> str:
        return f"{self.root}{path[1:]}" if path.startswith("./") else path

    def _token(self) -> str:
        found = TOKEN.search(self.page)
        if found is None:
            self.get("/nowhere")
            found = TOKEN.search(self.page)
        assert found is not None, "the page has no form"
        return unescape(found[1])

    def _keep(self, answer: TestResponse) -> TestResponse:
        if answer.mimetype == "text/html":
            self.page = answer.get_data(as_text=True)
        return answer
