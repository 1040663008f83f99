"""QR codes as files: what hangs at a place, as an address that any phone's camera opens."""

from __future__ import annotations

from io import BytesIO

import qrcode
from flask import Response, current_app, request
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pure import PyPNGImage
from qrcode.image.svg import SvgPathImage


def site_url(code: str) -> str:
    """The address behind the QR of a place; GET only shows, the button there posts."""
    root = current_app.config.get("PUBLIC_URL") or request.url_root.rstrip("/")
    return f"{root}/q/{code}"


def svg(text: str) -> Response:
    return _drawn(text, SvgPathImage, "image/svg+xml")


def png(text: str) -> Response:
    return _drawn(text, PyPNGImage, "image/png")


def _drawn(text: str, factory: type[SvgPathImage] | type[PyPNGImage], media_type: str) -> Response:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=10, border=4, image_factory=factory)
    code.add_data(text)
    code.make(fit=True)
    drawing = BytesIO()
    code.make_image().save(drawing)
    return Response(drawing.getvalue(), content_type=media_type)
