"""Seals and receipts over HTTP: public checkpoints, proofs between them, and the file of one transfer."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.book import checkpoints, reading
from ledger.core import clock
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import NOON, Street, open_street
from tests.stories import Neighbour, open_neighbourhood

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_receipt.py"


@dataclass
class SealedStreet:
    """A street whose first days are closed, and a member with an award on the first of them."""

    street: Street
    member: Neighbour
    days: list[str]

    @property
    def url(self) -> str:
        return self.street.place.url

    def award(self) -> str:
        return reading.list_transfers(self.member.actor)[-1].id.hex


@pytest.fixture
def sealed(context: Flask) -> Iterator[SealedStreet]:
    try:
        street = open_street()
        member = street.volunteer(100)
        first = clock.today()
        for _ in range(3):
            street.buy(member)
            clock.advance(days=1)
            seal_all(street.id)
        found = SealedStreet(street, member, [(first + timedelta(days=n)).isoformat() for n in range(3)])
        yield found
    finally:
        clock.move_to(None)


def test_anybody_reads_the_checkpoints_newest_first(client: FlaskClient, sealed: SealedStreet) -> None:
    answer = client.get(f"{sealed.url}/seals")
    assert answer.status_code == 200
    assert [one["day"] for one in answer.json["items"]] == sealed.days[::-1]
    assert answer.json["next_cursor"] is None
    for one in answer.json["items"]:
        assert hashlib.sha256(one["text"].encode()).hexdigest() == one["digest"]
    newest, before = answer.json["items"][:2]
    assert base64.b64decode(newest["previous"]).hex() == before["digest"]


def test_checkpoints_are_read_in_pages(client: FlaskClient, sealed: SealedStreet) -> None:
    first = client.get(f"{sealed.url}/seals?limit=2").json
    rest = client.get(f"{sealed.url}/seals?limit=2&cursor={first['next_cursor']}").json
    assert [one["day"] for one in first["items"] + rest["items"]] == sealed.days[::-1]
    assert rest["next_cursor"] is None
    for month, days in ((sealed.days[0][:7], sealed.days[::-1]), ("2026-01", [])):
        found = client.get(f"{sealed.url}/seals?month={month}").json
        assert [one["day"] for one in found["items"]] == days


def test_somebody_of_another_community_reads_them_too(client: FlaskClient, sealed: SealedStreet) -> None:
    stranger = open_neighbourhood("北华社区").admin
    assert client.get(f"{sealed.url}/seals", headers=stranger.headers).status_code == 200


def test_the_text_of_a_checkpoint_is_a_file_to_keep(client: FlaskClient, sealed: SealedStreet) -> None:
    answer = client.get(f"{sealed.url}/seals/{sealed.days[0]}.txt")
    shown = client.get(f"{sealed.url}/seals/{sealed.days[0]}").json
    assert answer.text == shown["text"]
    assert answer.mimetype == "text/plain"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="checkpoint-{sealed.days[0]}.txt"'


@pytest.mark.parametrize(("day", "since"), [(2, 0), (0, 2)])
def test_two_days_are_proven_to_be_one_log_asked_in_either_order(
    client: FlaskClient, sealed: SealedStreet, day: int, since: int
) -> None:
    shown = client.get(f"{sealed.url}/seals/{sealed.days[day]}?from={sealed.days[since]}").json
    assert (shown["older"]["day"], shown["newer"]["day"]) == (sealed.days[0], sealed.days[2])
    assert shown["day"] == sealed.days[day]
    assert shown["proof"]


@pytest.mark.parametrize("day", ["2020-01-01", "today", "2026-13-01", "0" * 32])
def test_a_day_without_checkpoint_is_not_found(client: FlaskClient, sealed: SealedStreet, day: str) -> None:
    for address in (f"seals/{day}", f"seals/{day}.txt"):
        answer = client.get(f"{sealed.url}/{address}")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert client.get(f"{sealed.url}/seals/{sealed.days[0]}?from=2020-01-01").status_code == 404


@pytest.mark.parametrize(
    "asked", ["seals?limit=0", "seals?cursor=yesterday", "seals/2026-10-12?from=yesterday", "seals/today.txt"]
)
def test_an_unknown_community_is_not_found_whatever_is_asked(client: FlaskClient, context: Flask, asked: str) -> None:
    answer = client.get(f"/api/v1/communities/{'0' * 32}/{asked}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_the_proof_between_two_days_is_a_file_with_every_day_between(client: FlaskClient, sealed: SealedStreet) -> None:
    answer = client.get(f"{sealed.url}/seals/{sealed.days[2]}?from={sealed.days[0]}")
    texts = [client.get(f"{sealed.url}/seals/{day}.txt").text for day in sealed.days]
    assert answer.json["chain"] == texts
    name = f"consistency-{sealed.days[0]}-{sealed.days[2]}.json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    plain = client.get(f"{sealed.url}/seals/{sealed.days[2]}")
    assert plain.json["chain"] == []
    assert "Content-Disposition" not in plain.headers


def test_over_more_than_a_year_the_days_between_are_left_out(
    client: FlaskClient, sealed: SealedStreet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MOST_CHAINED", 2)
    shown = client.get(f"{sealed.url}/seals/{sealed.days[2]}?from={sealed.days[0]}").json
    assert shown["chain"] == []
    assert shown["proof"]


def test_a_question_that_is_none_is_refused(client: FlaskClient, sealed: SealedStreet) -> None:
    for asked in ("limit=0", "limit=201", "cursor=yesterday"):
        assert client.get(f"{sealed.url}/seals?{asked}").status_code == 422
    assert client.get(f"{sealed.url}/seals/{sealed.days[0]}?from=yesterday").status_code == 422


def test_a_member_proves_an_own_award_offline(client: FlaskClient, sealed: SealedStreet, tmp_path: Path) -> None:
    """From the two files that anyone may fetch, with nothing of the house."""
    answer = client.get(f"{sealed.url}/receipts/{sealed.award()}", headers=sealed.member.headers)
    assert (answer.status_code, answer.json["status"]) == (200, "proven")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    (tmp_path / "receipt.json").write_text(answer.text, encoding="utf-8")
    kept = client.get(f"{sealed.url}/seals/{sealed.days[0]}.txt").text
    (tmp_path / "kept.txt").write_text(kept, encoding="utf-8")
    command = [sys.executable, "-I", str(VERIFIER), "receipt.json", "--checkpoint", "kept.txt"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split(":")[0]) == (0, "Proven")
    kept_later = client.get(f"{sealed.url}/seals/{sealed.days[2]}.txt").text
    (tmp_path / "kept.txt").write_text(kept_later, encoding="utf-8")
    proof = client.get(f"{sealed.url}/seals/{sealed.days[2]}?from={sealed.days[0]}").json
    (tmp_path / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    again = [*command, "--consistency", "proof.json"]
    assert subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, check=False).returncode == 0


def test_a_receipt_of_today_says_from_when_it_can_be_proven(client: FlaskClient, sealed: SealedStreet) -> None:
    sealed.street.buy(sealed.member)
    newest = reading.list_transfers(sealed.member.actor)[0]
    shown = client.get(f"{sealed.url}/receipts/{newest.id.hex}", headers=sealed.member.headers).json
    assert (shown["status"], shown["checkpoint"], shown["proof"]) == ("waiting", None, [])
    midnight = clock.start_of_day(clock.local_day(NOON) + timedelta(days=4))
    assert shown["provable_from"] == midnight.isoformat(timespec="microseconds")


def test_a_receipt_is_for_whoever_may_see_the_transfer(client: FlaskClient, sealed: SealedStreet) -> None:
    url = f"{sealed.url}/receipts/{sealed.award()}"
    other, supervisor = sealed.street.place.volunteer("邻居"), sealed.street.place.supervisor
    statuses = {
        who: client.get(url, headers=headers).status_code
        for who, headers in {
            "nobody": {}, "other": other.headers, "supervisor": supervisor.headers, "self": sealed.member.headers,
        }.items()
    }  # fmt: skip
    assert statuses == {"nobody": 401, "other": 403, "supervisor": 200, "self": 200}
    unknown = f"{sealed.url}/receipts/{'0' * 32}"
    assert client.get(unknown, headers=sealed.member.headers).status_code == 404
