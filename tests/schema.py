"""All tables of the house, also those of modules that nothing has imported yet."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import MetaData

import ledger
from ledger.core.db import Base


def every_table() -> MetaData:
    """The models' metadata, complete."""
    for module in pkgutil.walk_packages(ledger.__path__, "ledger."):
        importlib.import_module(module.name)
    return Base.metadata
