"""Keys derived from SECRET_KEY: one per purpose, so that a leak of one use opens no other."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZL"
"""32 characters that people read and type without doubt: no 0, O, 1 or I."""

_secret = b""


def configure(secret_key: str) -> None:
    """Use this secret from now on; at least 16 characters."""
    global _secret
    if len(secret_key) < 16:
        raise ValueError("SECRET_KEY is too short")
    _secret = secret_key.encode()
    key_for.cache_clear()


@functools.cache
def key_for(purpose: str) -> bytes:
    """The 32-byte key of a purpose."""
    if not _secret:
        raise RuntimeError("ledger.core.secrets.configure was not called")
    return HKDF(hashes.SHA256(), 32, salt=b"red flower", info=purpose.encode()).derive(_secret)


def seal(plain: bytes, purpose: str) -> bytes:
    """Encrypted and authenticated; a new nonce each time."""
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key_for(purpose)).encrypt(nonce, plain, purpose.encode())


def unseal(sealed: bytes, purpose: str) -> bytes:
    """What `seal` was given; raises cryptography's InvalidTag for anything else."""
    return AESGCM(key_for(purpose)).decrypt(sealed[:12], sealed[12:], purpose.encode())


def blind_index(value: str, purpose: str) -> bytes:
    """A keyed digest that finds equal values without storing them."""
    return mac(value.encode(), purpose)


def mac(message: bytes, purpose: str) -> bytes:
    return hmac.new(key_for(purpose), message, hashlib.sha256).digest()


def token_hash(token: str) -> bytes:
    """What is stored of a random token. Plain SHA-256: 256 bits of chance need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    return secrets.token_urlsafe(32)


def random_code(length: int) -> str:
    """A code of ALPHABET, five bits of chance a character."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def as_code(digest: bytes, length: int) -> str:
    """The first characters of a digest, written in ALPHABET."""
    return "".join(ALPHABET[byte & 31] for byte in digest[:length])


def as_typed(code: str) -> str:
    """A code without its dashes and blanks, in capitals; a QR's whole address gives its fragment."""
    return re.sub(r"[\s-]", "", code.rpartition("#")[2]).upper()


def same(left: bytes, right: bytes) -> bool:
    return hmac.compare_digest(left, right)
