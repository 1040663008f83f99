"""Files: kept encrypted, proved by their hash, erased without a trace of the content."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidTag
from flask import Flask
from sqlalchemy import text, update

from ledger.core import secrets
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.files import MAX_BYTES, File, FileTooLarge, erase_file, keep_file, read_file
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, load

SOMEBODY = Actor(person_id=new_id(), community_id=new_id())


def keep(content: bytes = b"a picture of the door", **how: object) -> File:
    return atomic(keep_file)(SOMEBODY, content, media_type="image/png", **how)


def test_a_file_comes_back_as_it_was(context: Flask) -> None:
    assert atomic(read_file)(SOMEBODY.tenant, keep().id) == b"a picture of the door"


def test_what_is_stored_is_not_readable(context: Flask) -> None:
    stored = keep().content
    assert stored is not None
    assert b"picture" not in stored


def test_a_file_knows_its_hash_size_owner_and_actor(context: Flask) -> None:
    owner = new_id()
    file = keep(owner_id=owner)
    assert (file.sha256, file.size) == (hashlib.sha256(b"a picture of the door").digest(), 21)
    assert (file.owner_id, file.actor_id) == (owner, SOMEBODY.person_id)


def test_a_stranger_finds_no_file(context: Flask) -> None:
    with pytest.raises(NotFound):
        atomic(read_file)(new_id(), keep().id)


def test_erasing_takes_the_content_and_leaves_the_proof(context: Flask) -> None:
    file = keep()
    atomic(erase_file)(SOMEBODY, file.id)
    with pytest.raises(NotFound):
        atomic(read_file)(SOMEBODY.tenant, file.id)
    left = atomic(load)(SOMEBODY.tenant, File, file.id)
    assert (left.content, left.sha256, left.erased_at is not None) == (None, file.sha256, True)


def test_erasing_leaves_no_content_in_the_table(context: Flask) -> None:
    atomic(erase_file)(SOMEBODY, keep().id)
    assert atomic(lambda: db.session.scalar(text("SELECT count(content) FROM files")))() == 0


def test_a_file_that_is_too_large_is_refused(context: Flask) -> None:
    with pytest.raises(FileTooLarge):
        keep(b"x" * (MAX_BYTES + 1))


def test_a_file_that_was_tampered_with_is_not_read(context: Flask) -> None:
    file = keep()
    forged = secrets.seal(b"forged", "another purpose")
    atomic(lambda: db.session.execute(update(File).where(File.id == file.id).values(content=forged)))()
    with pytest.raises(InvalidTag):
        atomic(read_file)(SOMEBODY.tenant, file.id)
