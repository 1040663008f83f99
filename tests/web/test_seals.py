"""The pages of the seals and of a receipt: public days, plain words, a file to keep, in both languages."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.book import checkpoints, reading
from ledger.core import clock
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour, open_neighbourhood
from tests.web.browser import Browser

Visit = Callable[..., Browser]


@pytest.fixture
def person(street: Street) -> Neighbour:
    """A member with an award that was sealed yesterday."""
    member = street.volunteer()
    seal_all(street.id)
    clock.advance(days=1)
    seal_all(street.id)
    return member


def receipt_of(person: Neighbour, number: int = -1) -> str:
    """The address of the receipt of one of the person's transfers, newest first."""
    return f"./receipts/{reading.list_transfers(person.actor)[number].id.hex}"


def newest(street: Street) -> Any:
    found = checkpoints.newest_checkpoint(street.id)
    assert found is not None
    return found


@pytest.mark.parametrize(("language", "words"), [("zh", "已封进"), ("en", "This entry is sealed into the books of")])
def test_a_receipt_says_what_it_proves_and_of_which_day(street, person, visit: Visit, language, words) -> None:
    browser = visit(person, language=language)
    assert browser.get(receipt_of(person)).status_code == 200
    assert words in browser.words
    assert newest(street).digest.hex() in browser.words
    assert "redflower.checkpoint/v1" in browser.words
    assert "<svg" in browser.page


def test_the_file_of_a_receipt_is_what_the_api_gives(street, person, visit: Visit, client) -> None:
    path = receipt_of(person)
    answer = visit(person).get(f"{path}.json")
    shown = client.get(f"{street.place.url}{path[1:]}", headers=person.headers).json
    assert answer.json == shown
    assert json.loads(answer.text)["status"] == "proven"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="receipt-')


@pytest.mark.parametrize(("language", "words"), [("zh", "封账以后可以证明"), ("en", "can be proven after the seal of")])
def test_before_midnight_a_receipt_says_when_it_can_be_proven(street, person, visit: Visit, language, words) -> None:
    street.buy(person)
    browser = visit(person, language=language)
    browser.get(receipt_of(person, 0))
    assert words in browser.words
    assert "redflower.checkpoint/v1" not in browser.words


def test_somebody_elses_receipt_is_refused(street, person, visit: Visit) -> None:
    neighbour = street.place.volunteer("邻居")
    for path in (receipt_of(person), f"{receipt_of(person)}.json"):
        assert visit(neighbour).get(path).status_code == 403


@pytest.mark.parametrize(("language", "words"), [("zh", "每天的封账"), ("en", "The daily seals")])
def test_anybody_reads_the_days_without_signing_in(street, person, visit: Visit, language, words) -> None:
    browser = visit(language=language)
    assert browser.get(f"/c/{street.id.hex}/seals").status_code == 200
    assert words in browser.words
    assert newest(street).digest.hex() in browser.words
    assert person.name not in browser.words


def test_members_and_people_of_other_communities_read_them_too(street, person, visit: Visit) -> None:
    stranger = open_neighbourhood("北塔社区").admin
    for reader in (person, stranger):
        assert visit(reader).get(f"/c/{street.id.hex}/seals").status_code == 200


def test_the_days_are_read_by_month_the_newest_first(street, person, visit: Visit) -> None:
    clock.advance(days=60)
    seal_all(street.id)
    browser, every = visit(), checkpoints.list_checkpoints(street.id, limit=200)
    path = f"/c/{street.id.hex}/seals"
    browser.get(path)
    seen = []
    while True:
        seen += re.findall("<small>([0-9a-f]{64})</small>", browser.page)
        assert every[0].day.isoformat() in browser.page, "the newest day is the one to keep, whatever month is read"
        before = re.search(r'rel="prev" href="([^"]+)"', browser.page)
        if before is None:
            break
        browser.get(before[1])
    assert seen == [one.digest.hex() for one in every]
    assert re.findall(r'rel="next" href="([^"]+)"', browser.page) == [f"{path}?month=2026-12"]


def test_a_month_without_a_seal_says_so_and_one_that_is_none_is_not_asked(street, person, visit: Visit) -> None:
    browser = visit()
    for month, words in (("2020-01", "这个月没有封账。"), ("yesterday", newest(street).digest.hex())):
        assert browser.get(f"/c/{street.id.hex}/seals?month={month}").status_code == 200
        assert words in browser.words


def test_what_is_not_there_is_not_found(context, visit: Visit) -> None:
    assert visit().get("/c/00000000000000000000000000000000/seals").status_code == 404


def test_a_community_without_a_day_says_so(context, visit: Visit) -> None:
    place = open_neighbourhood()
    browser = visit()
    browser.get(f"/c/{place.id.hex}/seals")
    assert "还没有封过账" in browser.words


def test_the_verifier_that_is_offered_is_the_one_of_the_repository(context, visit: Visit) -> None:
    answer = visit().client.get("/verify_receipt.py")
    assert answer.data == (Path(__file__).parents[2] / "docs" / "verify_receipt.py").read_bytes()


def run_as_printed(browser: Browser, folder: Path) -> list[tuple[int, str]]:
    """Every command that the page prints, run in a folder with what the page's links download under their own names."""
    links = [html.unescape(found) for found in re.findall(r'href="([^"]+)"', browser.page)]
    for link in links:
        if ".json" in link or ".txt" in link or ".py" in link or "from=" in link:
            answer = browser.client.get(link)
            assert answer.status_code == 200, link
            [name] = re.findall('filename="(.+)"', answer.headers["Content-Disposition"])
            (folder / name).write_bytes(answer.data)
    commands = re.findall(r"python (verify_receipt\.py [^<]+)", html.unescape(browser.page))
    ran = [
        subprocess.run([sys.executable, *command.split()], cwd=folder, capture_output=True, text=True, check=False)
        for command in commands
    ]
    return [(one.returncode, one.stdout.split(":")[0]) for one in ran]


def test_the_command_of_a_receipt_works_with_the_files_that_it_links(
    street, person, visit: Visit, tmp_path: Path
) -> None:
    browser = visit(person)
    browser.get(receipt_of(person))
    assert run_as_printed(browser, tmp_path) == [(0, "Proven")]


def test_of_an_older_receipt_the_newest_seal_serves_with_the_linked_proof(
    street, person, visit: Visit, tmp_path: Path
) -> None:
    for _ in range(3):
        street.buy(person)
        clock.advance(days=1)
        seal_all(street.id)
    browser = visit(person)
    browser.get(receipt_of(person))
    assert run_as_printed(browser, tmp_path) == [(0, "Proven"), (0, "Proven")]


def test_the_seals_print_no_command_that_cannot_work(street, person, visit: Visit, tmp_path: Path) -> None:
    browser = visit()
    browser.get(f"/c/{street.id.hex}/seals")
    assert "checkpoint.txt" not in browser.words
    assert run_as_printed(browser, tmp_path) == []


def test_before_midnight_a_receipt_prints_no_command(street, person, visit: Visit, tmp_path: Path) -> None:
    street.buy(person)
    browser = visit(person)
    browser.get(receipt_of(person, 0))
    assert "--checkpoint" not in browser.page
