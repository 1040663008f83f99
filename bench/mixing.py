"""The mixed load of a soak or a county: a process whose phones scan, redeem and look at pages at a steady pace.

Read from standard input: the places, for how long, which errands in turn and how many of them a second, and for each
person the number of the place. An answer's time is counted from when its request was due, so that a server which stands
still for a second is seen by all who wait.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import Any

PATIENCE_SECONDS = 20
IDLE_SECONDS = 1
"""A connection that rested longer is not used again: gunicorn hangs up after two."""


class Phone:
    """One connection, open while it is used; the people of its plan are served in turn, each errand to its end."""

    def __init__(self, plan: dict[str, Any], number: int) -> None:
        self._plan = plan
        self._places = plan["places"]
        people = plan["people"][number :: plan["phones"]]
        # A turn for each kind: in one for all, errands and people of like numbers would always meet the same ones.
        self._turns = {errand: cycle(people) for errand in plan["errands"]}
        self._line = http.client.HTTPConnection("127.0.0.1", plan["port"], timeout=PATIENCE_SECONDS)
        self._shop = number
        self._used_at = 0.0
        self._at: Counter[str] = Counter()
        self.took: list[tuple[str, float]] = []
        self.errors: list[str] = []
        self.confirmed = self.recorded = self.asked_anew = 0

    def run(self, begins: float, every: float) -> None:
        """An errand falls due every so many seconds, whether or not the one before has ended."""
        errands = cycle(self._plan["errands"])
        due = begins
        while due < begins + self._plan["seconds"]:
            time.sleep(max(0.0, due - time.perf_counter()))
            self._due = due
            errand = next(errands)
            getattr(self, errand)(next(self._turns[errand]))
            due += every
        self._line.close()

    def look(self, person: dict[str, Any]) -> None:
        """The page behind a poster, and one's own page."""
        place = self._place(person)
        # Where this person was, the poster leads on to the visit.
        poster, home = f"/q/{self._next(person)['poster']}", f"/c/{place['community']}/"
        for name, path in (("poster page", poster), ("own page", home)):
            self._ask(name, "GET", path, {"Cookie": f"session_token={person['token']}"}, None, 200)

    def redeem(self, person: dict[str, Any]) -> None:
        """A loaf is reserved through the shop's poster and confirmed."""
        shops = self._place(person)["shops"]
        self._shop += 1
        shop = shops[self._shop % len(shops)]
        asked = {"offer_id": shop["offer"], "quantity": 1, "via": {"merchant_code": shop["poster"]}}
        answer = self._write("reserve", person, "/redemptions", asked, 201)
        if answer is not None:
            path = f"/redemptions/{answer['id']}/confirm"
            self.confirmed += self._write("confirm", person, path, {}, 200) is not None

    def visit(self, person: dict[str, Any]) -> None:
        """In and out at an activity where this person was not yet."""
        activity = self._next(person)
        self._at[person["token"]] += 1
        for kind in ("in", "out"):
            via = {"poster_code": activity["poster"]}
            asked = {"activity_id": activity["id"], "kind": kind, "via": via}
            self.recorded += self._write(f"check {kind}", person, "/checkins", asked, 201) is not None

    def _next(self, person: dict[str, Any]) -> dict[str, Any]:
        """The next activity, where this person was not yet."""
        activities = self._place(person)["activities"]
        activity: dict[str, Any] = activities[self._at[person["token"]] % len(activities)]
        return activity

    def _place(self, person: dict[str, Any]) -> dict[str, Any]:
        place: dict[str, Any] = self._places[person["place"]]
        return place

    def _write(self, name: str, person: dict[str, Any], path: str, asked: dict[str, Any], status: int) -> Any:
        headers = {
            "Authorization": f"Bearer {person['token']}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        content = self._ask(name, "POST", self._place(person)["url"] + path, headers, json.dumps(asked), status)
        return None if content is None else json.loads(content)

    def _ask(
        self, name: str, method: str, path: str, headers: dict[str, str], body: str | None, status: int
    ) -> bytes | None:
        """The answer's body; None, and an error that is kept, for anything but the expected status."""
        if time.perf_counter() - self._used_at > IDLE_SECONDS:
            self._line.close()
        try:
            found, content = self._send(method, path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self._line.close()
            self.errors.append(f"{name}: {type(error).__name__}")
            return None
        now = time.perf_counter()
        self.took.append((name, now - self._due))
        self._due = self._used_at = now  # The next request of this errand is due when the answer has come.
        if found != status:
            self.errors.append(f"{name}: {found} {content[:300].decode(errors='replace')}")
            return None
        return content

    def _send(self, method: str, path: str, headers: dict[str, str], body: str | None) -> tuple[int, bytes]:
        """The answer's status and body. As browsers do, what changes nothing is asked anew when the server hangs up in
        the moment in which its connection is used again.
        """
        is_used = self._line.sock is not None
        try:
            self._line.request(method, path, body, headers)
            answer = self._line.getresponse()
            return answer.status, answer.read()
        except ConnectionError:
            if method != "GET" or not is_used:
                raise
            self._line.close()
            self.asked_anew += 1
            return self._send(method, path, headers, body)


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Everything that the phones were answered, by kind of request."""
    phones = [Phone(plan, number) for number in range(plan["phones"])]
    every, begins = plan["phones"] / plan["errands_a_second"], time.perf_counter() + 0.1
    threads = [
        threading.Thread(target=phone.run, args=(begins + number * every / len(phones), every))
        for number, phone in enumerate(phones)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took: dict[str, list[float]] = {}
    for name, seconds in _all_of(phones):
        took.setdefault(name, []).append(round(seconds, 5))
    return {
        "took": took,
        "errors": [error for phone in phones for error in phone.errors],
        "confirmed": sum(phone.confirmed for phone in phones),
        "recorded": sum(phone.recorded for phone in phones),
        "asked_anew": sum(phone.asked_anew for phone in phones),
        "seconds": time.perf_counter() - begins,
    }


def _all_of(phones: list[Phone]) -> Iterator[tuple[str, float]]:
    for phone in phones:
        yield from phone.took


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
