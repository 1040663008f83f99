"""docs/verify_receipt.py: one file for outsiders, run as they run it, on real receipts and on every forged one."""

from __future__ import annotations

import ast
import base64
import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ledger.book import checkpoints, encoding, merkle, receipts
from ledger.book.models import Checkpoint, Leaf
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import Actor, Grant, Role, scoped
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_encoding import FULL, GOLDEN
from tests.ledger.book.town import Town, open_town

VERIFIER = Path(__file__).parents[1] / "docs" / "verify_receipt.py"
MONDAY, TUESDAY, WEDNESDAY = date(2026, 10, 12), date(2026, 10, 13), date(2026, 10, 14)

Receipt = dict[str, Any]
Consistency = dict[str, Any]
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
        consistency: Consistency | None = None,
        since_consistency: Consistency | None = None,
    ) -> Verdict:
        command = [sys.executable, "-I", str(VERIFIER)]
        command.append(self._keep("receipt.json", receipt if isinstance(receipt, str) else json.dumps(receipt)))
        if checkpoint is not None:
            command += ["--checkpoint", self._keep("kept.txt", checkpoint)]
        if since is not None:
            command += ["--since", self._keep("older.txt", since)]
        if consistency is not None:
            command += ["--consistency", self._keep("proof.json", json.dumps(consistency))]
        if since_consistency is not None:
            command += ["--since-consistency", self._keep("other.json", json.dumps(since_consistency))]
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


def proof_of(town: Town, one: date, other: date) -> Consistency:
    """What the house answers about two days."""
    pair = checkpoints.continuation(town.id, one, other)
    return {
        "older": {"text": checkpoints.text_of(pair.older)},
        "newer": {"text": checkpoints.text_of(pair.newer)},
        "proof": [step.hex() for step in pair.proof],
        "chain": [checkpoints.text_of(each) for each in pair.chain],
    }


def bare(consistency: Consistency) -> Consistency:
    """The hashes alone, as whoever has something to hide would give them."""
    return {"proof": consistency["proof"]}


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
    assert (status, said.split(":")[0]) == (2, "Undecided")
    assert checkpoints.load_checkpoint(week.id, MONDAY).digest.hex() in said


def test_a_later_kept_checkpoint_serves_with_its_consistency_proof(week: Town, outsider: Outsider) -> None:
    kept, proof = text_of(week, WEDNESDAY), proof_of(week, MONDAY, WEDNESDAY)
    status, said = outsider.verify(receipt_of(week), checkpoint=kept, consistency=proof)
    assert status == 0
    assert "inside the checkpoint of 2026-10-12, which that of 2026-10-14 continues" in said
    status, said = outsider.verify(receipt_of(week), checkpoint=kept)
    assert status == 2
    assert "seals/2026-10-14?from=2026-10-12" in said


def test_an_older_kept_checkpoint_proves_nothing_of_what_came_after_it(week: Town, outsider: Outsider) -> None:
    newest, kept = receipt_of(week, 17), text_of(week, MONDAY)
    for consistency in (None, proof_of(week, MONDAY, WEDNESDAY)):
        status, said = outsider.verify(newest, checkpoint=kept, consistency=consistency)
        assert status == 2
        assert "the checkpoint of 2026-10-14 or of a later day" in said
        assert outsider.verify(newest, since=kept, since_consistency=consistency)[0] == 2


def test_an_older_checkpoint_is_compared_beside_the_one_that_proves(week: Town, outsider: Outsider) -> None:
    newest, kept, older = receipt_of(week, 17), text_of(week, WEDNESDAY), text_of(week, MONDAY)
    proof = proof_of(week, MONDAY, WEDNESDAY)
    assert outsider.verify(newest, checkpoint=kept, since=older, since_consistency=proof)[0] == 0
    # The proof of the one is not taken for the other.
    assert outsider.verify(newest, checkpoint=kept, since=older, consistency=proof)[0] == 2
    other = proof_of(week, TUESDAY, WEDNESDAY)
    assert outsider.verify(newest, checkpoint=kept, since=older, since_consistency=other)[0] == 2
    assert outsider.verify(newest, checkpoint=kept, since=older, since_consistency=bare(other))[0] == 1
    assert outsider.verify(receipt_of(week), checkpoint=older, since=kept, since_consistency=proof)[0] == 2


def grown_by_a_stranger(town: Town, own_leaf: dict[str, Any]) -> tuple[Receipt, Consistency]:
    """Monday's published six leaves and a seventh that nobody recorded, with all that leads to it.

    Of Monday one needs the root and the two hashes of the consistency proof, which is public.
    """
    monday = checkpoints.load_checkpoint(town.id, MONDAY)
    leaves = list(db.session.scalars(scoped(town.id, Leaf.hash).where(Leaf.position < 6).order_by(Leaf.position)))
    leaf = merkle.leaf_hash(_encode(own_leaf))
    grown = [*leaves, leaf]
    forged = Checkpoint(
        community_id=town.id,
        day=TUESDAY,
        origin=monday.origin,
        size=7,
        root=slow_tree(grown),
        previous=monday.digest,
    )
    receipt = {
        "format": receipts.VERSION,
        "encoding": encoding.VERSION,
        "transfer": own_leaf,
        "leaf_hash": leaf.hex(),
        "position": 6,
        "checkpoint": checkpoints.text_of(forged),
        "proof": [slow_tree(leaves[4:]).hex(), slow_tree(leaves[:4]).hex()],
    }
    proof = [slow_tree(leaves[4:]).hex(), leaf.hex(), slow_tree(leaves[:4]).hex()]
    texts = [checkpoints.text_of(monday), receipt["checkpoint"]]
    return receipt, {
        "older": {"text": texts[0]}, "newer": {"text": texts[1]}, "proof": proof, "chain": texts,
    }  # fmt: skip


def slow_tree(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, over hashes of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + slow_tree(leaves[:half]) + slow_tree(leaves[half:])).digest()


def test_an_invented_transfer_that_continues_a_kept_checkpoint_is_not_proven(week: Town, outsider: Outsider) -> None:
    invented = receipt_of(week, 6)["transfer"] | {"amount": 1_000_000}
    receipt, consistency = grown_by_a_stranger(week, invented)
    monday, tuesday = text_of(week, MONDAY), text_of(week, TUESDAY)
    assert outsider.verify(receipt)[0] == 2
    assert outsider.verify(receipt, checkpoint=monday, consistency=consistency)[0] == 2
    assert outsider.verify(receipt, since=monday, since_consistency=consistency)[0] == 2
    assert outsider.verify(receipt, checkpoint=tuesday)[0] == 1
    later = text_of(week, WEDNESDAY)
    assert outsider.verify(receipt, checkpoint=later, consistency=proof_of(week, TUESDAY, WEDNESDAY))[0] == 1
    # What the forgery lacks is only the publishing: with its own checkpoint as the kept one it is whole.
    assert outsider.verify(receipt, checkpoint=receipt["checkpoint"])[0] == 0


def redated(receipt: Receipt, day: date) -> Receipt:
    """The receipt's checkpoint with its size and root, but of another day and after another one."""
    forged = copy.deepcopy(receipt)
    lines = forged["checkpoint"].split("\n")
    previous = base64.b64encode(b"\7" * 32).decode()
    forged["checkpoint"] = "\n".join([*lines[:4], previous, day.isoformat(), ""])
    return forged


def test_a_day_that_the_chain_does_not_show_is_not_said(week: Town, outsider: Outsider) -> None:
    """A consistency proof is about size and root: the day of the receipt's own checkpoint can be forged beside it."""
    clock.advance(days=1)
    seal_all(week.id)
    kept, consistency = text_of(week, date(2026, 10, 15)), proof_of(week, MONDAY, date(2026, 10, 15))
    forged = redated(receipt_of(week), TUESDAY)
    status, said = outsider.verify(forged, checkpoint=kept, consistency=bare(consistency))
    assert status == 0
    assert "in the books by 2026-10-15" in said
    assert "2026-10-13" not in said
    with_chain = bare(consistency) | {"chain": consistency["chain"]}
    assert outsider.verify(forged, checkpoint=kept, consistency=with_chain)[0] == 1
    shorter = bare(consistency) | {"chain": [forged["checkpoint"], *consistency["chain"][2:]]}
    status, said = outsider.verify(forged, checkpoint=kept, consistency=shorter)
    assert status == 1
    assert "does not continue" in said
    gap = bare(consistency) | {"chain": [consistency["chain"][0], consistency["chain"][-1]]}
    assert outsider.verify(receipt_of(week), checkpoint=kept, consistency=gap)[0] == 1


def test_the_day_before_the_kept_one_needs_no_chain(week: Town, outsider: Outsider) -> None:
    kept, consistency = text_of(week, TUESDAY), bare(proof_of(week, MONDAY, TUESDAY))
    status, said = outsider.verify(receipt_of(week), checkpoint=kept, consistency=consistency)
    assert status == 0
    assert "inside the checkpoint of 2026-10-12" in said
    forged = receipt_of(week)
    lines = forged["checkpoint"].split("\n")
    forged["checkpoint"] = "\n".join([*lines[:4], "A" * 42 + "E=", *lines[5:]])
    assert outsider.verify(forged, checkpoint=kept, consistency=consistency)[0] == 1


def test_an_entry_cannot_be_in_the_books_of_a_day_before_it_was_recorded(week: Town, outsider: Outsider) -> None:
    forged = redated(receipt_of(week, 6), MONDAY)
    assert outsider.verify(forged, checkpoint=forged["checkpoint"])[0] == 1


def test_a_consistency_file_of_other_days_is_undecided(week: Town, outsider: Outsider) -> None:
    kept, other = text_of(week, WEDNESDAY), proof_of(week, TUESDAY, WEDNESDAY)
    status, said = outsider.verify(receipt_of(week), checkpoint=kept, consistency=other | {"chain": []})
    assert status == 2
    assert "other days" in said


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
    named = {
        "effective_at": "2026-10-12T00:59:59.000000+00:00",
        "recorded_at": "2026-10-12T01:00:01.000000+00:00",
    }
    other = named.get(field, "2027-01-01" if field == "expires_on" else OTHER[type(value)])
    assert other != value
    return other


def _encoder() -> Callable[[dict[str, Any]], str]:
    """The leaf hash as the verifier itself computes it: whoever forges has the file too."""
    return lambda transfer: merkle.leaf_hash(_encode(transfer)).hex()


def _encode(transfer: dict[str, Any]) -> bytes:
    space: dict[str, Any] = {"__name__": "verifier"}
    exec(compile(VERIFIER.read_text(encoding="utf-8"), str(VERIFIER), "exec"), space)
    content: bytes = space["encode"](transfer)
    return content


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
    proof = bare(proof_of(week, MONDAY, WEDNESDAY))
    for option in ("checkpoint", "since"):
        consistency = {"consistency" if option == "checkpoint" else "since_consistency": proof}
        assert outsider.verify(receipt_of(week, 17), **{option: kept}, **consistency)[0] == 1


def test_a_day_that_does_not_name_the_one_before_is_not_true(week: Town, outsider: Outsider) -> None:
    receipt = receipt_of(week, 6)
    lines = receipt["checkpoint"].split("\n")
    receipt["checkpoint"] = "\n".join([*lines[:4], "A" * 43 + "=", *lines[5:]])
    proof = bare(proof_of(week, MONDAY, TUESDAY))
    status, said = outsider.verify(receipt, since=text_of(week, MONDAY), since_consistency=proof)
    assert status == 1
    assert "does not continue" in said


def test_the_verifier_reads_the_golden_vectors_as_the_house_does() -> None:
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
