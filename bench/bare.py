"""The least that Flask can do, served like the house: what R7 is compared with."""

from __future__ import annotations

from flask import Flask

app = Flask("bare")


@app.get("/")
def show() -> str:
    """A page of a few words."""
    return "<!doctype html><title>bare</title><p>Nothing is asked, nothing is looked up.</p>"


@app.get("/healthz")
def is_alive() -> str:
    return "ok"
