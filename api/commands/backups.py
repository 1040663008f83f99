"""`flask backup FILE`, `flask restore FILE`: the whole house as one file, and back, on either engine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
import pyrage
from flask.cli import with_appcontext

from ledger.book.checking import check_books
from ledger.core import walls
from ledger.core.backups import BackupRefused, Manifest, restore_backup, write_backup

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--recipient", help="Encrypt for this age key (age1…): only its identity opens the file.")
@with_appcontext
@walls.above()
def backup(file: Path, recipient: str | None) -> None:
    """Write everything of one moment into FILE while the house goes on; FILE appears whole or not at all.

    The secret key is not in it: without it the phone numbers and files inside cannot be read. Keep it elsewhere.
    """
    key = _recipient(recipient) if recipient else None
    if file.exists():
        raise click.ClickException(f"{file} is there already: name another file.")
    with _whole_or_not_at_all(file) as final, tempfile.TemporaryFile(dir=file.parent) as plain:
        manifest = write_backup(plain, tell=_tell)
        plain.seek(0)
        if key is not None:
            pyrage.encrypt_io(plain, final, [key])
        else:
            shutil.copyfileobj(plain, final)
    click.echo(f"{file}: {_sum_of(manifest)}")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--identity", type=click.Path(exists=True, path_type=Path), help="The age identity that opens FILE.")
@with_appcontext
@walls.above()
def restore(file: Path, identity: Path | None) -> None:
    """Fill the empty database with what FILE holds, and check the books; exit 1 if they are not clean."""
    with file.open("rb") as stored, _opened(stored, identity) as plain:
        try:
            manifest = restore_backup(plain, tell=_tell)
        except BackupRefused as refusal:
            raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{file}: {_sum_of(manifest)}, made at {manifest.made_at}")
    findings = [finding for result in check_books() for finding in result.findings]
    for finding in findings:
        click.echo(f"{finding.check}: community {finding.community_id.hex}: {finding.detail}", err=True)
    click.echo("The books are not clean." if findings else "The books are clean.")
    sys.exit(1 if findings else 0)


@contextmanager
def _whole_or_not_at_all(file: Path) -> Iterator[IO[bytes]]:
    """A file of the owner's alone that gets its name when everything is written and on the disk."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
        try:
            yield draft
            draft.flush()
            os.fsync(draft.fileno())
            os.link(draft.name, file)  # Unlike a rename, it never takes the place of another file.
        finally:
            Path(draft.name).unlink()


@contextmanager
def _opened(stored: IO[bytes], identity: Path | None) -> Iterator[IO[bytes]]:
    if identity is None:
        yield stored
        return
    with tempfile.TemporaryFile() as plain:
        try:
            pyrage.decrypt_io(stored, plain, [_identity(identity)])
        except pyrage.DecryptError as error:
            raise click.ClickException(f"This identity does not open the file: {error}") from error
        plain.seek(0)
        yield plain


def _recipient(key: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        raise click.ClickException(f"This is no age key: {error}") from error


def _identity(file: Path) -> pyrage.x25519.Identity:
    """The key in a file as `age-keygen` writes it: comments, then one line."""
    lines = [line.strip() for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(lines[0] if lines else "")
    except pyrage.IdentityError as error:
        raise click.ClickException(f"{file} holds no age identity: {error}") from error


def _tell(table: str, rows: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"  {table}: {rows:,}", err=True)


def _sum_of(manifest: Manifest) -> str:
    rows = sum(table["rows"] for table in manifest.tables.values())
    return f"{rows:,} rows of {len(manifest.tables)} tables"
