"""Tenant first: a row cannot point into another community, and every query says whose rows it wants."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from ledger.core.db import atomic
from ledger.core.errors import NotFound
from ledger.core.files import File, keep_file
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, load, scoped, within
from tests.schema import every_table

TABLES = sorted(every_table().tables.values(), key=lambda table: table.name)
TENANTS = [table for table in TABLES if "community_id" in table.c]

IDENTITY = {
    *("communities", "streets", "persons", "phones", "sign_in_codes", "deliveries", "sessions", "consents"),
    *("oversight_grants", "merchants", "branches", "passwords", "authenticators", "recovery_codes", "sign_in_tries"),
    *("data_exports", "erasures", "number_changes", "verify_tries", "identities"),
}
"""What stands above communities: who signs in, and whose shop it is."""

ONE_ROW = {"check_marks", "feeds"}
"""Of these a community has one row."""


def test_every_table_is_a_communitys_or_of_identity() -> None:
    assert {table.name for table in TABLES if table not in TENANTS} == IDENTITY


@pytest.mark.parametrize("table", TENANTS, ids=lambda table: table.name)
def test_the_tenant_is_the_first_part_of_the_primary_key(table: Table) -> None:
    columns = [column.name for column in table.primary_key.columns]
    assert columns[0] == "community_id"
    assert len(columns) > 1 or table.name in ONE_ROW


@pytest.mark.parametrize("table", TENANTS, ids=lambda table: table.name)
def test_the_tenant_is_the_first_part_of_every_foreign_key(table: Table) -> None:
    for key in table.constraints:
        if isinstance(key, ForeignKeyConstraint):
            target = key.elements[0].column
            tenant_of_target = "id" if target.table.name == "communities" else "community_id"
            assert (key.column_keys[0], target.name) == ("community_id", tenant_of_target), key.name


@pytest.mark.parametrize("table", TENANTS, ids=lambda table: table.name)
def test_the_tenant_is_part_of_every_unique_constraint(table: Table) -> None:
    unique = [list(key.columns) for key in table.constraints if isinstance(key, UniqueConstraint)]
    unique += [list(index.columns) for index in table.indexes if index.unique]
    assert all(columns[0].name == "community_id" for columns in unique)


@pytest.mark.parametrize("table", TENANTS, ids=lambda table: table.name)
def test_the_tenant_is_never_missing(table: Table) -> None:
    assert not table.c.community_id.nullable


def test_no_table_of_identity_points_into_a_community() -> None:
    for table in TABLES:
        if table.name in IDENTITY:
            assert {key.column.table.name for key in table.foreign_keys} <= IDENTITY


def test_a_strangers_id_is_not_found(context: Flask) -> None:
    here, there = new_id(), new_id()
    file = atomic(keep_file)(Actor(person_id=new_id(), community_id=here), b"", media_type="text/plain")
    assert atomic(load)(here, File, file.id).id == file.id
    with pytest.raises(NotFound):
        atomic(load)(there, File, file.id)
    with pytest.raises(NotFound):
        atomic(load)(here, File, None)


def test_every_table_of_a_query_is_bound_to_the_community() -> None:
    from ledger.book.models import Account, Hold

    sql = str(scoped(new_id(), Hold, Account.kind))
    assert "holds.community_id =" in sql
    assert "accounts.community_id =" in sql


def test_outside_a_community_there_is_no_tenant() -> None:
    with pytest.raises(NotFound):
        _ = Actor(person_id=new_id()).tenant


def test_a_condition_names_each_table_once() -> None:
    assert str(within(new_id(), File)).count("community_id") == 2  # the column and its parameter
