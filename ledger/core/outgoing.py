"""Calls to an address that somebody typed: only outside addresses, never followed elsewhere, never long.

The name is looked up once, each of its addresses is judged, and the connection goes to one that was judged: a name
that points inside a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10
"""For each step of a call; the whole call ends after twice that."""

MOST_READ = 16 * 1024

_is_lenient = False


class Answered(NamedTuple):
    """How a call ended: its status, or the fault that there was instead; how long it took."""

    status: int | None
    fault: str
    took_ms: int


class Inside(Exception):
    """The address is not one that the house may call."""


def configure(*, is_lenient: bool) -> None:
    """In development and tests also http, and addresses of the machine itself."""
    global _is_lenient
    _is_lenient = is_lenient


def is_callable(url: str) -> bool:
    """Has the address a form that is called at all? Where its name leads is judged at each call."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return False
    schemes = {"https", "http"} if _is_lenient else {"https"}
    if parts.scheme not in schemes or not host or parts.username or parts.password or parts.fragment or port == 0:
        return False
    return url.isascii() and url.isprintable() and " " not in url and _may_name(host)


def _may_name(host: str) -> bool:
    """A number that stands for an address is judged now; a name, when it is called."""
    try:
        return _may_call(ipaddress.ip_address(host))
    except ValueError:
        return "." in host or (_is_lenient and host == "localhost")


def _may_call(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    if _is_lenient and inner.is_loopback:
        return True
    return inner.is_global and not inner.is_multicast


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
    """POST the body there once. Whatever happens is an answer: nothing is raised."""
    started = time.perf_counter()
    try:
        status, fault = _post(url, body, headers), ""
    except Inside:
        status, fault = None, "inside"
    except ssl.SSLError:
        status, fault = None, "tls"
    except TimeoutError:
        status, fault = None, "timeout"
    except (OSError, http.client.HTTPException, ValueError):
        status, fault = None, "unreachable"
    return Answered(status, fault, int((time.perf_counter() - started) * 1000))


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    if not is_callable(url) or parts.hostname is None:
        raise Inside
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=TIMEOUT_SECONDS)
    connection.sock = _connected(parts.hostname, port)
    watchdog = threading.Timer(2 * TIMEOUT_SECONDS, _shut, [connection.sock])
    watchdog.start()
    try:
        if parts.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=parts.hostname)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        answer.read(MOST_READ)
        return answer.status
    finally:
        watchdog.cancel()
        connection.close()


def _connected(host: str, port: int) -> socket.socket:
    """A connection to the first address of the name, once all of them were judged."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [where[0] for *_, where in found]
    if not addresses or not all(_may_call(ipaddress.ip_address(str(one).partition("%")[0])) for one in addresses):
        raise Inside
    return socket.create_connection((str(addresses[0]), port), timeout=TIMEOUT_SECONDS)


def _shut(connected: socket.socket) -> None:
    """Whoever answers a byte at a time is not waited for."""
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
