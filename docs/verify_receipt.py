#!/usr/bin/env python3
"""Verify a receipt of 小红花 Red Flower without trusting anybody: offline, with Python 3.9 or newer alone.

    python verify_receipt.py receipt.json --checkpoint kept.txt
    python verify_receipt.py receipt.json --checkpoint kept.txt --consistency proof.json
    python verify_receipt.py receipt.json --checkpoint kept.txt --since older.txt --since-consistency other.json

`receipt.json` is the file of the receipt page. `--checkpoint` is the text of a checkpoint that you have kept yourself,
or have from somebody you trust, of the receipt's day or of a later one: only that proves anything, because everything
else can be invented together with the receipt. If it is of a later day, `--consistency` is the answer of
`/api/v1/communities/…/seals/{day}?from={day}` for the two days: it shows that the later books begin with the earlier
ones. `--since` names an older checkpoint that the receipt's must continue, with a proof of its own; by itself it proves
nothing about the receipt, for who published what came after it is not known.

Ends with 0: proven. 1: not true. 2: cannot be decided (no checkpoint that proves it, files unreadable, not sealed yet).
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import re
import struct
import sys

TRANSFER = "redflower.transfer/v1"
RECEIPT = "redflower.receipt/v1"
CHECKPOINT = "redflower.checkpoint/v1"
ORIGIN = "redflower.books/"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
A_DAY = datetime.timedelta(days=1)
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


# --- values in their only form ----------------------------------------------------------------------------------
#
# What can be written in two ways could be shown to two people as two things, so every value has one form.


def whole(value):
    """A whole number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not a whole number")
    return value


def digits_of(value):
    """The bytes that lower-case hexadecimal digits stand for."""
    content = bytes.fromhex(value)
    if content.hex() != value:
        raise ValueError("not in hexadecimal digits as they are written")
    return content


def moment_of(value):
    """A moment in UTC with six digits of a second."""
    moment = datetime.datetime.fromisoformat(value)
    if moment.tzinfo is None or moment.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds") != value:
        raise ValueError("not a moment as it is written")
    return moment


def day_of(value):
    """A day as 2026-10-12."""
    day = datetime.date.fromisoformat(value)
    if day.isoformat() != value:
        raise ValueError("not a day as it is written")
    return day


def hash_of(value):
    """A SHA-256 in base64."""
    content = base64.b64decode(value, validate=True)
    if len(content) != 32 or base64.b64encode(content).decode() != value:
        raise ValueError("not a hash as it is written")
    return content


def hashes(items):
    """A list of SHA-256 in hexadecimal."""
    found = [digits_of(item) for item in items]
    if any(len(item) != 32 for item in found):
        raise ValueError("a hash has 64 hexadecimal digits")
    return found


# --- the bytes that are sealed ----------------------------------------------------------------------------------


def content_of(kind, value):
    """The bytes of a field's value, as docs/seals.md says them."""
    if kind == "id":
        content = digits_of(value)
        if len(content) != 16:
            raise ValueError("an id has 32 hexadecimal digits")
        return content
    if kind == "number":
        return struct.pack(">q", whole(value))
    if kind == "moment":
        return struct.pack(">q", (moment_of(value) - EPOCH) // datetime.timedelta(microseconds=1))
    if kind == "day":
        return day_of(value).isoformat().encode()
    if kind == "bytes":
        return digits_of(value)
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
        if not re.fullmatch("0|[1-9][0-9]{0,18}", lines[2]):
            raise Undecided("This is not the text of a checkpoint: its size is no number.")
        self.size = int(lines[2])
        try:
            self.root, self.previous, self.day = hash_of(lines[3]), hash_of(lines[4]), day_of(lines[5])
        except (ValueError, binascii.Error) as error:
            raise Undecided("This is not the text of a checkpoint: %s" % error) from error
        self.digest = hashlib.sha256(self.text.encode()).digest()


class Consistency:
    """What the house says about two days, read. Nothing in it is believed before it fits what was kept."""

    def __init__(self, document):
        self.proof = hashes(document["proof"])
        both = [document.get(name) for name in ("older", "newer")]
        self.ends = [Checkpoint(one["text"]) for one in both if one is not None]
        self.chain = [Checkpoint(text) for text in document.get("chain") or []]


def require_one_community(one, other):
    if one.origin != other.origin:
        raise NotTrue("The checkpoints are of different communities.")


def require_beginning(older, newer, consistency, option):
    """The books of the newer checkpoint begin with those of the older one."""
    if consistency is None:
        community = newer.origin[len(ORIGIN) :]
        raise Undecided(
            "The checkpoints are of %s and %s: %s is needed, the answer of /api/v1/communities/%s/seals/%s?from=%s"
            % (older.day, newer.day, option, community, newer.day, older.day)
        )
    for said, wanted in zip(consistency.ends, (older, newer)):
        if said.day != wanted.day:
            raise Undecided("The file of %s is of other days than %s and %s." % (option, older.day, newer.day))
        if said.text != wanted.text:
            raise NotTrue("There are two different checkpoints of %s: somebody was shown other books." % said.day)
    if not is_consistent(older.size, newer.size, consistency.proof, older.root, newer.root):
        raise NotTrue(
            "The books of %s are not shown to begin with those of %s: they were rewritten, or the file is another's."
            % (newer.day, older.day)
        )


def is_chained(older, newer, chain):
    """Whether the text of each day names the digest of the one before, from the older to the newer checkpoint.

    Only then is the older text what was published on its day: the proof of consistency is about its size and root
    alone. False if the days between are not given; NotTrue if they do not lead from one to the other.
    """
    days = [older, newer] if newer.day - older.day == A_DAY else chain
    if not days:
        return False
    if days[0].text != older.text or days[-1].text != newer.text:
        raise NotTrue("The chain of days does not lead from %s to %s." % (older.day, newer.day))
    for before, after in zip(days, days[1:]):
        require_one_community(before, after)
        if after.previous != before.digest or after.day - before.day != A_DAY or after.size < before.size:
            raise NotTrue("The checkpoint of %s does not continue that of %s." % (after.day, before.day))
    return True


# --- the receipt ------------------------------------------------------------------------------------------------


def own_checkpoint(receipt):
    """The checkpoint that came with the receipt, which its transfer is inside of; NotTrue or Undecided otherwise."""
    if receipt.get("format") != RECEIPT or receipt.get("encoding") != TRANSFER:
        raise Undecided("This verifier does not know this format of receipts.")
    transfer = receipt["transfer"]
    leaf = leaf_hash(encode(transfer))
    if leaf.hex() != receipt["leaf_hash"]:
        raise NotTrue("The fields are not those that were sealed: they give another hash.")
    if receipt["checkpoint"] is None:
        when = moment_of(receipt["provable_from"])
        raise Undecided("The transfer is inside no checkpoint yet; fetch the receipt again after %s." % when)
    own = Checkpoint(receipt["checkpoint"])
    if own.origin != ORIGIN + transfer["community_id"]:
        raise NotTrue("The checkpoint is of another community than the transfer.")
    if not is_included(leaf, whole(receipt["position"]), own.size, hashes(receipt["proof"]), own.root):
        raise NotTrue("The proof does not lead to the root of the checkpoint of %s." % own.day)
    if moment_of(transfer["recorded_at"]).astimezone(SHANGHAI).date() > own.day:
        raise NotTrue("What was recorded at %s cannot be in the books of %s." % (transfer["recorded_at"], own.day))
    return own


def require_since(since, own, consistency):
    """The receipt's checkpoint continues the older one."""
    require_one_community(since, own)
    if since.text == own.text:
        return
    if since.day > own.day:
        raise Undecided("--since is of %s, after the receipt's %s: give it as --checkpoint." % (since.day, own.day))
    if since.day == own.day:
        raise NotTrue("There are two different checkpoints of %s: somebody was shown other books." % own.day)
    require_beginning(since, own, consistency, "--since-consistency")
    is_chained(since, own, consistency.chain)


def shown_by(kept, own, consistency):
    """In which books the kept checkpoint shows the transfer to be; NotTrue or Undecided if in none."""
    what_to_do = (
        "Give --checkpoint the text of the checkpoint of %s or of a later day, which you or somebody you trust kept."
        % own.day
    )
    if kept is None:
        raise Undecided(
            "The receipt fits the checkpoint that came with it, of %s with SHA-256 %s; both can be invented at once. %s"
            % (own.day, own.digest.hex(), what_to_do)
        )
    require_one_community(kept, own)
    if kept.text == own.text:
        return "inside the checkpoint of %s" % own.day
    if kept.day == own.day:
        raise NotTrue("There are two different checkpoints of %s: somebody was shown other books." % own.day)
    if kept.day < own.day:
        if consistency is not None:
            require_beginning(kept, own, consistency, "--consistency")
            is_chained(kept, own, consistency.chain)
        raise Undecided("The checkpoint of %s is older than the receipt's. %s" % (kept.day, what_to_do))
    require_beginning(own, kept, consistency, "--consistency")
    if is_chained(own, kept, consistency.chain):
        return "inside the checkpoint of %s, which that of %s continues" % (own.day, kept.day)
    return "in the books by %s (from which day on, a chain of the days between would show)" % kept.day


def verify(receipt, kept, consistency, since=None, since_consistency=None):
    """The sentence to say when everything holds; NotTrue or Undecided otherwise."""
    own = own_checkpoint(receipt)
    if since is not None:
        require_since(since, own, since_consistency)
    shown = shown_by(kept, own, consistency)
    transfer = receipt["transfer"]
    return "Proven: %d %s (%s), recorded %s, leaf %d of the books of community %s, %s." % (
        transfer["amount"],
        transfer["unit"],
        transfer["code"],
        transfer["recorded_at"],
        receipt["position"],
        transfer["community_id"],
        shown,
    )


# --- files ------------------------------------------------------------------------------------------------------


def once_each(pairs):
    """A name that is there twice would be read by one reader as this and by another as that."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def read_text(path):
    # Some editors put a mark before the first letter.
    with open(path, encoding="utf-8-sig", newline="") as file:
        return file.read()


def read_json(path):
    return json.loads(read_text(path), object_pairs_hook=once_each)


def read_checkpoint(path):
    return None if path is None else Checkpoint(read_text(path))


def read_consistency(path):
    return None if path is None else Consistency(read_json(path))


def main():
    sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(description="Verify a receipt of Red Flower, offline.")
    parser.add_argument("receipt", help="the file of the receipt page")
    parser.add_argument("--checkpoint", metavar="TEXT", help="the checkpoint that you have kept, of its day or later")
    parser.add_argument("--consistency", metavar="JSON", help="how that checkpoint continues the receipt's")
    parser.add_argument("--since", metavar="TEXT", help="an older checkpoint that the receipt's must continue")
    parser.add_argument("--since-consistency", metavar="JSON", help="how the receipt's checkpoint continues that one")
    asked = parser.parse_args()
    try:
        kept, since = read_checkpoint(asked.checkpoint), read_checkpoint(asked.since)
        consistencies = [read_consistency(path) for path in (asked.consistency, asked.since_consistency)]
        print(verify(read_json(asked.receipt), kept, consistencies[0], since, consistencies[1]))
        return 0
    except NotTrue as reason:
        print("NOT TRUE: %s" % reason)
        return 1
    except Undecided as reason:
        print("Undecided: %s" % reason)
        return 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print("Undecided: a file cannot be read as it should be (%s: %s)" % (type(error).__name__, error))
        return 2


if __name__ == "__main__":
    sys.exit(main())
