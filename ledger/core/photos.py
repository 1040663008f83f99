"""Photos: whatever was sent becomes a plain JPEG of bounded size, without the place and the device that took it."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from ledger.core.errors import Refused
from ledger.core.files import MAX_BYTES, FileTooLarge

MEDIA_TYPE = "image/jpeg"
READ = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 50_000_000
LONGEST_SIDE, SMALL_SIDE = 1600, 240
QUALITY = 80


class NotAPhoto(Refused):
    """The file is none of the pictures that are read here, or has more than 50 million pixels."""

    code = "not_a_photo"
    zh = ("这个文件不是能用的照片。", "请选一张 JPEG、PNG 或 WebP 照片。")
    en = ("This file is no photo that can be used.", "Choose a JPEG, PNG or WebP photo.")


def clean_photo(content: bytes) -> bytes:
    """The same picture upright, at most 1600 pixels a side, as a JPEG that holds nothing but its pixels.

    What kind of picture it is says its content, never its name. Raises FileTooLarge, NotAPhoto.
    """
    return _read(content, LONGEST_SIDE)


def small_photo(content: bytes) -> bytes:
    """The same as a picture for a list, at most 240 pixels a side: a few kilobytes."""
    return _read(content, SMALL_SIDE)


def _read(content: bytes, longest: int) -> bytes:
    if len(content) > MAX_BYTES:
        raise FileTooLarge
    try:
        with Image.open(io.BytesIO(content), formats=READ) as sent:
            return _encode(sent, longest)
    # Damaged pictures fail in many ways, all of which say the same here.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAPhoto from error


def _encode(sent: Image.Image, longest: int) -> bytes:
    if sent.width * sent.height > MOST_PIXELS:
        raise NotAPhoto
    sent.draft("RGB", (longest, longest))  # A large JPEG is read smaller at once, in a tenth of the time.
    upright = ImageOps.exif_transpose(sent).convert("RGB")
    upright.thumbnail((longest, longest))
    # A new picture takes the pixels alone: no EXIF, no comment, no colour profile goes along.
    plain = Image.new("RGB", upright.size)
    plain.paste(upright)
    buffer = io.BytesIO()
    plain.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
