#!/usr/bin/env python3
"""Verify a receipt of 小红花 Red Flower without trusting anybody: offline, with Python 3.9 or newer alone.

    python verify_receipt.py receipt.json
    python verify_receipt.py receipt.json --checkpoint kept.txt
    python verify_receipt.py receipt.json --checkpoint kept.txt --consistency proof.json
    python verify_receipt.py receipt.json --since older.txt --consistency proof.json

`receipt.json` is the file of the receipt page. `--checkpoint` is the text of a checkpoint that you have kept yourself,
or have from somebody you trust: without it the receipt is compared only with the checkpoint that came with it. If you
kept the checkpoint of another day than the receipt's, `--consistency` is the answer of
`/api/v1/communities/…/seals/{day}?from={day}` for the two days: it shows that the newer books begin with the older.
`--since` names an older checkpoint that the receipt's must continue.

Ends with 0: proven. 1: not true. 2: cannot be decided (files missing or unreadable, not sealed yet).
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import struct
import sys

TRANSFER = "redflower.transfer/v1"
RECEIPT = "redflower.receipt/v1"
CHECKPOINT = "redflower.checkpoint/v1"
ORIGIN = "redflower.books/"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
EMPTY_ROOT = hashlib.sha256(b"").digest()

# The fields of a transfer in the order in which they are sealed, and what each is.
FIELDS = (
    ("community_id", "id"),
    ("id", "id"),
    ("code", "text"),
    ("unit", "text"),
    ("debit_account_id", "id"),
    ("credit_account_id", "id"),
    ("amount", "number"),
    ("effective_at", "moment"),
    ("recorded_at", "moment"),
    ("source_type", "text"),
    ("source_id", "id"),
    ("part", "number"),
    ("source_digest", "bytes"),
    ("reverses_id", "id"),
    ("actor_id", "id"),
    ("on_behalf_of", "id"),
    ("expires_on", "day"),
    ("request_digest", "bytes"),
)


class NotTrue(Exception):
    """Something is not as it is claimed to be."""


class Undecided(Exception):
    """There is not enough to say anything."""


# --- the bytes that are sealed ----------------------------------------------------------------------------------


def content_of(kind, value):
    """The bytes of a field's value, as docs/seals.md says them."""
    if kind == "id":
        content = bytes.fromhex(value)
        if len(content) != 16 or value != content.hex():
            raise ValueError("an id has 32 hexadecimal digits")
        return content
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("not a whole number")
        return struct.pack(">q", value)
    if kind == "moment":
        moment = datetime.datetime.fromisoformat(value)
        microseconds = (moment - EPOCH) // datetime.timedelta(microseconds=1)
        return struct.pack(">q", microseconds)
    if kind == "day":
        return datetime.date.fromisoformat(value).isoformat().encode()
    if kind == "bytes":
        return bytes.fromhex(value)
    return value.encode()


def piece(content):
    """A length of four bytes and the content; None is a length without content."""
    return b"\xff\xff\xff\xff" if content is None else struct.pack(">I", len(content)) + content


def encode(transfer):
    """The canonical bytes of a transfer."""
    if set(transfer) != {name for name, _ in FIELDS}:
        raise NotTrue("The receipt does not have exactly the fields of a transfer.")
    pieces = [piece(TRANSFER.encode())]
    for name, kind in FIELDS:
        value = transfer[name]
        try:
            pieces.append(piece(None if value is None else content_of(kind, value)))
        except (ValueError, TypeError, AttributeError, OverflowError, struct.error) as error:
            raise NotTrue("The field %s cannot be what was sealed: %s" % (name, error)) from error
    return b"".join(pieces)


# --- the tree of RFC 6962, verified as RFC 9162 says ------------------------------------------------------------


def leaf_hash(content):
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(leaf, position, size, proof, root):
    """RFC 9162, 2.1.3.2."""
    if not 0 <= position < size:
        return False
    place, last, found = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old, new, proof, old_root, new_root):
    """RFC 9162, 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and old_root == (new_root if old == new else EMPTY_ROOT)
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


# --- checkpoints ------------------------------------------------------------------------------------------------


class Checkpoint:
    """The published text, read."""

    def __init__(self, text):
        # A text that went through a mail or an editor may have other line ends; the digest is over the published ones.
        lines = text.replace("\r\n", "\n").strip("\n").split("\n")
        if len(lines) != 6 or lines[0] != CHECKPOINT or not lines[1].startswith(ORIGIN):
            raise Undecided("This is not the text of a checkpoint.")
        self.text = "".join(line + "\n" for line in lines)
        self.origin = lines[1]
        try:
            self.size = int(lines[2])
            self.root = base64.b64decode(lines[3], validate=True)
            self.previous = base64.b64decode(lines[4], validate=True)
            self.day = datetime.date.fromisoformat(lines[5])
        except (ValueError, binascii.Error) as error:
            raise Undecided("This is not the text of a checkpoint: %s" % error) from error
        self.digest = hashlib.sha256(self.text.encode()).digest()


def require_continuation(one, other, consistency):
    """The newer of two checkpoints begins with the older one, and follows it if it is the next day's."""
    if one.origin != other.origin:
        raise NotTrue("The checkpoints are of different communities.")
    older, newer = sorted((one, other), key=lambda checkpoint: checkpoint.day)
    if older.day == newer.day:
        raise NotTrue("There are two different checkpoints of %s: somebody was shown other books." % older.day)
    if newer.day - older.day == datetime.timedelta(days=1) and newer.previous != older.digest:
        raise NotTrue("The checkpoint of %s does not continue that of %s." % (newer.day, older.day))
    if consistency is None:
        raise Undecided("The checkpoints are of different days: their --consistency proof is needed.")
    if not is_consistent(older.size, newer.size, consistency, older.root, newer.root):
        raise NotTrue("The books of %s do not begin with those of %s: they were rewritten." % (newer.day, older.day))


# --- the receipt ------------------------------------------------------------------------------------------------


def hashes(items):
    """A list of SHA-256 in hexadecimal."""
    found = [bytes.fromhex(item) for item in items]
    if any(len(item) != 32 for item in found):
        raise ValueError("a hash has 64 hexadecimal digits")
    return found


def verify(receipt, kept, since, consistency):
    """The sentence to say when everything holds; NotTrue or Undecided otherwise."""
    if receipt.get("format") != RECEIPT or receipt.get("encoding") != TRANSFER:
        raise Undecided("This verifier does not know this format of receipts.")
    transfer = receipt["transfer"]
    leaf = leaf_hash(encode(transfer))
    if leaf.hex() != receipt["leaf_hash"]:
        raise NotTrue("The fields are not those that were sealed: they give another hash.")
    if receipt["checkpoint"] is None:
        raise Undecided(
            "The transfer is inside no checkpoint yet; fetch the receipt again after %s." % (receipt["provable_from"],)
        )
    own = Checkpoint(receipt["checkpoint"])
    if own.origin != ORIGIN + transfer["community_id"]:
        raise NotTrue("The checkpoint is of another community than the transfer.")
    if not is_included(leaf, receipt["position"], own.size, hashes(receipt["proof"]), own.root):
        raise NotTrue("The proof does not lead to the root of the checkpoint of %s." % own.day)
    if kept is not None and kept.text != own.text:
        require_continuation(kept, own, consistency)
    if since is not None and since.text != own.text:
        require_continuation(since, own, consistency)
    said = "Proven: %d %s (%s), recorded %s, leaf %d of the books of community %s, inside the checkpoint of %s." % (
        transfer["amount"],
        transfer["unit"],
        transfer["code"],
        transfer["recorded_at"],
        receipt["position"],
        transfer["community_id"],
        own.day,
    )
    if kept is None and since is None:
        said += " Compare that checkpoint with one that you have kept: its SHA-256 is %s." % own.digest.hex()
    return said


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_checkpoint(path):
    if path is None:
        return None
    with open(path, encoding="utf-8", newline="") as file:
        return Checkpoint(file.read())


def main():
    parser = argparse.ArgumentParser(description="Verify a receipt of Red Flower, offline.")
    parser.add_argument("receipt", help="the file of the receipt page")
    parser.add_argument("--checkpoint", metavar="TEXT", help="the checkpoint that you have kept")
    parser.add_argument("--since", metavar="TEXT", help="an older checkpoint that the receipt's must continue")
    parser.add_argument("--consistency", metavar="JSON", help="the consistency proof between the two checkpoints")
    asked = parser.parse_args()
    try:
        consistency = None if asked.consistency is None else hashes(read_json(asked.consistency)["proof"])
        kept, since = read_checkpoint(asked.checkpoint), read_checkpoint(asked.since)
        print(verify(read_json(asked.receipt), kept, since, consistency))
        return 0
    except NotTrue as reason:
        print("NOT TRUE: %s" % reason)
        return 1
    except Undecided as reason:
        print("Undecided: %s" % reason)
        return 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print("Undecided: a file cannot be read as it should be (%s: %s)" % (type(error).__name__, error))
        return 2


if __name__ == "__main__":
    sys.exit(main())
