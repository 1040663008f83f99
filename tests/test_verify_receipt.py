"""docs/verify_receipt.py: one file for outsiders, run as they run it, on real receipts and on every forged one."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ledger.book import checkpoints, encoding, receipts
from ledger.core import clock
from ledger.core.tenancy import Actor, Grant, Role
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_encoding import FULL, GOLDEN
from tests.ledger.book.town import Town, open_town

VERIFIER = Path(__file__).parents[1] / "docs" / "verify_receipt.py"
MONDAY, TUESDAY, WEDNESDAY = date(2026, 10, 12), date(2026, 10, 13), date(2026, 10, 14)

Receipt = dict[str, Any]
Verdict = tuple[int, str]


class Outsider:
    """Somebody with the file, a folder, and nothing of the house."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def verify(
        self,
        receipt: Receipt | str,
        *,
        checkpoint: str | None = None,
        since: str | None = None,
        consistency: list[bytes] | None = None,
    ) -> Verdict:
        command = [sys.executable, "-I", str(VERIFIER)]
        command.append(self._keep("receipt.json", receipt if isinstance(receipt, str) else json.dumps(receipt)))
        if checkpoint is not None:
            command += ["--checkpoint", self._keep("kept.txt", checkpoint)]
        if since is not None:
            command += ["--since", self._keep("older.txt", since)]
        if consistency is not None:
            proof = json.dumps({"proof": [step.hex() for step in consistency]})
            command += ["--consistency", self._keep("proof.json", proof)]
        ran = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        assert ran.stderr == ""
        return ran.returncode, ran.stdout

    def _keep(self, name: str, content: str) -> str:
        path = self._folder / name
        path.write_text(content, encoding="utf-8")
        return str(path)


@pytest.fixture
def outsider(tmp_path: Path) -> Outsider:
    return Outsider(tmp_path)


@pytest.fixture
def week(context: Flask) -> Iterator[Town]:
    """Three days of transfers, each day closed."""
    with clock.set_to(datetime(2026, 10, 12, 1, tzinfo=UTC)):
        town = open_town(members=2)
        for _ in range(3):
            town.post(*(town.award_of(town.member_ids[0], 5) for _ in range(5)))
            town.spend(town.member_ids[0], 2)
            seal_all(town.id)
            clock.advance(days=1)
        seal_all(town.id)
        yield town


def auditor_of(town: Town) -> Actor:
    return Actor(town.actor.person_id, community_id=town.id, grants=(Grant(Role.SUPERVISOR),))


def receipt_of(town: Town, number: int = 0) -> Receipt:
    """The receipt of the number-th transfer, as the page gives it."""
    from ledger.book import reading

    transfers = reading.list_transfers(auditor_of(town), limit=200)[::-1]
    return receipts.document_of(receipts.see_receipt(auditor_of(town), transfers[number].id))


def text_of(town: Town, day: date) -> str:
    return checkpoints.text_of(checkpoints.load_checkpoint(town.id, day))


def proof_of(town: Town, one: date, other: date) -> list[bytes]:
    return checkpoints.continuation(town.id, one, other).proof


def test_a_receipt_is_proven_by_the_checkpoint_that_one_has_kept(week: Town, outsider: Outsider) -> None:
    status, said = outsider.verify(receipt_of(week), checkpoint=text_of(week, MONDAY))
    assert (status, said.split(":")[0]) == (0, "Proven")
    assert "5 points (award)" in said
    assert "2026-10-12" in said


def test_every_transfer_of_the_week_is_proven(week: Town, outsider: Outsider) -> None:
    days = [MONDAY] * 6 + [TUESDAY] * 6 + [WEDNESDAY] * 6
    for number, day in enumerate(days):
        assert outsider.verify(receipt_of(week, number), checkpoint=text_of(week, day))[0] == 0


def test_without_a_kept_checkpoint_the_digest_to_compare_is_said(week: Town, outsider: Outsider) -> None:
    status, said = outsider.verify(receipt_of(week))
    assert status == 0
    assert checkpoints.load_checkpoint(week.id, MONDAY).digest.hex() in said


def test_a_later_kept_checkpoint_serves_with_its_consistency_proof(week: Town, outsider: Outsider) -> None:
    kept, proof = text_of(week, WEDNESDAY), proof_of(week, MONDAY, WEDNESDAY)
    assert outsider.verify(receipt_of(week), checkpoint=kept, consistency=proof)[0] == 0
    assert outsider.verify(receipt_of(week), checkpoint=kept)[0] == 2


def test_an_older_kept_checkpoint_serves_with_its_consistency_proof(week: Town, outsider: Outsider) -> None:
    newest = receipt_of(week, 17)
    kept, proof = text_of(week, MONDAY), proof_of(week, MONDAY, WEDNESDAY)
    assert outsider.verify(newest, since=kept, consistency=proof)[0] == 0
    assert outsider.verify(newest, since=kept, checkpoint=text_of(week, WEDNESDAY), consistency=proof)[0] == 0
    assert outsider.verify(newest, since=kept, consistency=proof_of(week, TUESDAY, WEDNESDAY))[0] == 1


def test_a_text_that_went_through_a_mail_is_still_the_same_checkpoint(week: Town, outsider: Outsider) -> None:
    mailed = text_of(week, MONDAY).replace("\n", "\r\n") + "\r\n"
    assert outsider.verify(receipt_of(week), checkpoint=mailed)[0] == 0


def test_a_transfer_that_no_checkpoint_has_yet_is_undecided(week: Town, outsider: Outsider) -> None:
    week.award(week.member_ids[0], 9)
    fresh = receipt_of(week, -1)
    assert (fresh["status"], fresh["provable_from"]) == ("waiting", "2026-10-15T16:00:00.000000+00:00")
    assert outsider.verify(fresh)[0] == 2
    seal_all(week.id)
    assert receipt_of(week, -1)["status"] == "sealed"
    clock.advance(days=1)
    seal_all(week.id)
    assert outsider.verify(receipt_of(week, -1), checkpoint=text_of(week, date(2026, 10, 15)))[0] == 0


OTHER: dict[type, Any] = {int: 6, str: "0" * 32, type(None): "0" * 32}


def test_a_receipt_with_any_edited_field_is_not_true(week: Town, outsider: Outsider) -> None:
    receipt, kept, leaf_of = receipt_of(week), text_of(week, MONDAY), _encoder()
    assert outsider.verify(receipt, checkpoint=kept)[0] == 0
    found = {}
    for field in encoding.FIELDS:
        forged = receipt | {"transfer": receipt["transfer"] | {field: _other(field, receipt["transfer"][field])}}
        # With a leaf hash that fits the edited fields, it is the proof that leads elsewhere.
        fitting = forged | {"leaf_hash": leaf_of(forged["transfer"])}
        found[field] = {outsider.verify(one, checkpoint=kept)[0] for one in (forged, fitting)}
    assert {field for field, verdicts in found.items() if verdicts != {1}} == set()


def _other(field: str, value: Any) -> Any:
    named = {"effective_at": "2026-10-12T00:59:59+00:00", "recorded_at": "2026-10-12T01:00:01+00:00"}
    other = named.get(field, "2027-01-01" if field == "expires_on" else OTHER[type(value)])
    assert other != value
    return other


def _encoder() -> Callable[[dict[str, Any]], str]:
    """The leaf hash as the verifier itself computes it: whoever forges has the file too."""
    space: dict[str, Any] = {"__name__": "verifier"}
    exec(compile(VERIFIER.read_text(encoding="utf-8"), str(VERIFIER), "exec"), space)
    return lambda transfer: str(space["leaf_hash"](space["encode"](transfer)).hex())


def _dropped_field(receipt: Receipt) -> None:
    del receipt["transfer"]["on_behalf_of"]


def _added_field(receipt: Receipt) -> None:
    receipt["transfer"]["note"] = "x"


def _other_place(receipt: Receipt) -> None:
    receipt["position"] += 1


def _place_outside(receipt: Receipt) -> None:
    receipt["position"] = 99


def _shorter_proof(receipt: Receipt) -> None:
    receipt["proof"].pop()


def _longer_proof(receipt: Receipt) -> None:
    receipt["proof"].append("0" * 64)


def _changed_proof(receipt: Receipt) -> None:
    receipt["proof"][0] = "0" * 64


def _other_hash(receipt: Receipt) -> None:
    receipt["leaf_hash"] = "0" * 64


def _larger_tree(receipt: Receipt) -> None:
    receipt["checkpoint"] = receipt["checkpoint"].replace("\n6\n", "\n7\n")


def _other_root(receipt: Receipt) -> None:
    lines = receipt["checkpoint"].split("\n")
    receipt["checkpoint"] = "\n".join([*lines[:3], "A" * 43 + "=", *lines[4:]])


def _other_community(receipt: Receipt) -> None:
    lines = receipt["checkpoint"].split("\n")
    receipt["checkpoint"] = "\n".join([lines[0], "redflower.books/" + "0" * 32, *lines[2:]])


FORGERIES = (
    _dropped_field, _added_field, _other_place, _place_outside, _shorter_proof, _longer_proof, _changed_proof,
    _other_hash, _larger_tree, _other_root, _other_community,
)  # fmt: skip


def test_a_forged_receipt_is_not_true(week: Town, outsider: Outsider) -> None:
    found = {}
    for forge in FORGERIES:
        receipt = receipt_of(week)
        forge(receipt)
        found[forge.__name__] = outsider.verify(receipt, checkpoint=text_of(week, MONDAY))[0]
    assert found == dict.fromkeys(found, 1)


def test_two_different_checkpoints_of_one_day_are_not_true(week: Town, outsider: Outsider) -> None:
    kept = text_of(week, MONDAY).replace("\n6\n", "\n5\n")
    status, said = outsider.verify(receipt_of(week), checkpoint=kept)
    assert status == 1
    assert "two different checkpoints" in said


def test_a_checkpoint_of_another_community_is_not_true(week: Town, outsider: Outsider) -> None:
    elsewhere = open_town(members=1)
    elsewhere.award(elsewhere.member_ids[0], 1)
    clock.advance(days=1)
    seal_all(elsewhere.id)
    foreign = checkpoints.newest_checkpoint(elsewhere.id)
    assert foreign is not None
    assert outsider.verify(receipt_of(week), checkpoint=checkpoints.text_of(foreign))[0] == 1


def test_a_tree_that_was_cut_does_not_continue_the_kept_one(week: Town, outsider: Outsider) -> None:
    # The newest receipt's checkpoint claims fewer leaves than the person saw on Monday.
    kept = text_of(week, MONDAY).replace("\n6\n", "\n60\n")
    proof = proof_of(week, MONDAY, WEDNESDAY)
    assert outsider.verify(receipt_of(week, 17), since=kept, consistency=proof)[0] == 1


def test_a_day_that_does_not_name_the_one_before_is_not_true(week: Town, outsider: Outsider) -> None:
    receipt = receipt_of(week, 6)
    lines = receipt["checkpoint"].split("\n")
    receipt["checkpoint"] = "\n".join([*lines[:4], "A" * 43 + "=", *lines[5:]])
    status, said = outsider.verify(
        receipt, since=text_of(week, MONDAY), consistency=proof_of(week, MONDAY, TUESDAY)
    )  # fmt: skip
    assert status == 1
    assert "does not continue" in said


@pytest.mark.parametrize("content", ["", "{}", "[]", "nothing", '{"format": "redflower.receipt/v9"}'])
def test_what_is_no_receipt_is_undecided(outsider: Outsider, content: str) -> None:
    status, said = outsider.verify(content)
    assert status == 2
    assert "Traceback" not in said


def test_what_is_no_checkpoint_is_undecided(week: Town, outsider: Outsider) -> None:
    for text in ("", "hello", text_of(week, MONDAY).replace("\n6\n", "\nsix\n")):
        assert outsider.verify(receipt_of(week), checkpoint=text)[0] == 2


def test_the_verifier_reads_the_golden_vectors_as_the_house_does() -> None:
    from ledger.book import merkle

    leaf = _encoder()
    for fields, _ in GOLDEN.values():
        shown = {name: receipts._plain(value) for name, value in fields.items()}
        assert leaf(shown) == merkle.leaf_hash(encoding.encode(fields)).hex()
    assert set(FULL) == set(encoding.FIELDS)


def test_the_verifier_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(VERIFIER.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        if name
    }
    assert imported <= sys.stdlib_module_names
