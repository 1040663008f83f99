"""Service: programmes with versioned rules, activities, codes, check-ins with evidence, stamps that award."""

from ledger.service import forgotten as forgotten  # Its job must be registered wherever the room is used.
