"""docs/plans.md tells of every index what it serves."""

from __future__ import annotations

from bench.plans import INDEXES, PAGE, indexes


def test_every_index_is_in_the_list_of_what_serves_what():
    listed = PAGE.read_text().partition(INDEXES)[2]
    missing = [name for name in indexes() if f"| {name} |" not in listed]
    assert missing == [], "`python -m bench.plans --indexes` writes the list anew"


def test_no_index_is_listed_that_the_schema_does_not_have():
    listed = PAGE.read_text().partition(INDEXES)[2].splitlines()
    names = {line.split(" | ")[0].removeprefix("| ") for line in listed if line.startswith(("| ix_", "| uq_"))}
    assert names - set(indexes()) == set()
