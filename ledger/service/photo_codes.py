"""The QR code on a photo, for phones whose page cannot use the camera. Nothing of the photo is kept."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image

from ledger.core.photos import clean_photo
from ledger.service.errors import NoCodeOnPhoto

QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])

LONGEST_TEXT = 200
"""What any code of ours says is shorter: the address of a poster, or a card's with its code behind the #."""


def code_on(content: bytes) -> str:
    """What the first QR code on the photo says. Raises FileTooLarge, NotAPhoto, NoCodeOnPhoto."""
    with Image.open(io.BytesIO(clean_photo(content))) as photo:
        found = zxingcpp.read_barcodes(photo.convert("L"), formats=QR)
    texts = [one.text for one in found if 0 < len(one.text) <= LONGEST_TEXT]
    if not texts:
        raise NoCodeOnPhoto
    return str(texts[0])
