"""Words that evidence speaks of: kept beside a digest, forgotten without breaking what was sealed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from ledger.core import clock, ids, secrets
from ledger.core.commitments import (
    Commitment,
    commitments_match,
    erase_person,
    erase_words,
    keep_words,
    words_of,
)
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.registry import Part, erasers

keep = atomic(keep_words)
HOME, PERSON, THING = UUID(int=1), UUID(int=2), UUID(int=3)


def only() -> Commitment:
    db.session.remove()
    return db.session.scalars(select(Commitment)).one()


def test_the_digest_is_of_the_salt_and_the_words(context: Flask) -> None:
    digest = keep(HOME, "王阿姨", thing_id=THING, field="donor", owner_id=PERSON)
    kept = only()
    assert kept.digest.hex() == digest == hashlib.sha256(kept.salt + "王阿姨".encode()).hexdigest()
    assert words_of(HOME, THING, "donor") == "王阿姨"


def test_the_words_do_not_stand_in_the_database(context: Flask) -> None:
    keep(HOME, "王阿姨", thing_id=THING, field="donor")
    assert "王阿姨".encode() not in only().value
    assert secrets.unseal(only().value, "commitment").decode() == "王阿姨"


def test_the_same_words_have_another_digest_each_time(context: Flask) -> None:
    digests = {keep(HOME, "王阿姨", thing_id=new_id(), field="donor") for _ in range(3)}
    assert len(digests) == 3


def test_in_a_seeded_story_the_digest_is_the_same(context: Flask) -> None:
    digests = set()
    for _ in range(2):
        with ids.seeded(5):
            digests.add(keep(HOME, "王阿姨", thing_id=new_id(), field="donor"))
        atomic(lambda: db.session.execute(text("DELETE FROM commitments")))()
    assert len(digests) == 1


def test_a_field_of_a_thing_is_kept_once(context: Flask) -> None:
    keep(HOME, "王阿姨", thing_id=THING, field="donor")
    with pytest.raises(IntegrityError):
        keep(HOME, "李阿姨", thing_id=THING, field="donor")


def test_erasing_a_person_takes_salt_and_words_everywhere_and_leaves_the_digest(context: Flask) -> None:
    digests = [keep(home, "坏了", thing_id=new_id(), field="reason", owner_id=PERSON) for home in (HOME, UUID(int=9))]
    others = keep(HOME, "退货", thing_id=THING, field="reason", owner_id=UUID(int=8))
    erase_person(PERSON)
    db.session.remove()
    rows = {one.digest.hex(): one for one in db.session.scalars(select(Commitment))}
    assert set(rows) == {*digests, others}
    assert all((rows[digest].salt, rows[digest].value) == (None, None) for digest in digests)
    assert all(rows[digest].erased_at is not None for digest in digests)
    assert words_of(HOME, THING, "reason") == "退货"


def test_erasing_again_changes_nothing(context: Flask) -> None:
    keep(HOME, "坏了", thing_id=THING, field="reason", owner_id=PERSON)
    erase_person(PERSON)
    first = only().erased_at
    with clock.set_to(clock.now() + timedelta(days=1461)):
        erase_person(PERSON)
    assert only().erased_at == first


def test_words_that_belong_to_nobody_are_erased_with_their_thing(context: Flask) -> None:
    keep(HOME, "某公司", thing_id=THING, field="donor")
    erase_words(UUID(int=9), THING)
    assert words_of(HOME, THING, "donor") == "某公司"
    erase_words(HOME, THING)
    assert words_of(HOME, THING, "donor") is None


def test_every_erasure_of_a_person_reaches_the_commitments() -> None:
    assert erasers["commitments"] is erase_person


def test_a_sound_or_erased_commitment_is_no_finding(context: Flask) -> None:
    keep(HOME, "坏了", thing_id=THING, field="reason", owner_id=PERSON)
    assert list(commitments_match(Part())) == []
    erase_person(PERSON)
    assert list(commitments_match(Part())) == []


@pytest.mark.parametrize("column", ["digest", "salt", "value"])
def test_a_changed_commitment_is_found(context: Flask, column: str) -> None:
    keep(HOME, "坏了", thing_id=THING, field="reason")
    atomic(lambda: db.session.execute(update(Commitment).values({column: b"\0" * 32})))()
    [finding] = commitments_match(Part())
    assert (finding.check, finding.community_id) == ("commitments_match", HOME)
    assert "坏了" not in finding.detail


def test_other_words_under_the_same_digest_are_found(context: Flask) -> None:
    keep(HOME, "坏了", thing_id=THING, field="reason")
    forged = secrets.seal("没坏".encode(), "commitment")
    atomic(lambda: db.session.execute(update(Commitment).values(value=forged)))()
    assert len(list(commitments_match(Part()))) == 1


def test_half_an_erasure_is_refused_by_the_database(context: Flask) -> None:
    keep(HOME, "坏了", thing_id=THING, field="reason")
    with pytest.raises(IntegrityError):
        atomic(lambda: db.session.execute(update(Commitment).values(salt=None)))()
