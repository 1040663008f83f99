"""Identity by person; units, members, posts and grants by community."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_waiting", "deliveries", ["delivered_at", "created_at"], unique=False)
    op.create_table(
        "persons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
    )
    op.create_table(
        "sign_in_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_codes")),
    )
    op.create_index("ix_sign_in_codes_address", "sign_in_codes", ["address_index", "created_at"], unique=False)
    op.create_index("ix_sign_in_codes_phone", "sign_in_codes", ["phone_index", "created_at"], unique=False)
    op.create_table(
        "streets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streets")),
    )
    op.create_table(
        "communities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("street_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("short_code", sa.String(length=6), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["street_id"], ["streets.id"], name=op.f("fk_communities_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communities")),
        sa.UniqueConstraint("short_code", name=op.f("uq_communities_short_code")),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('service', 'publication', 'location', 'sharing_with_shops')",
            name=op.f("ck_consents_purpose_known"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_consents_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_person", "consents", ["person_id", "purpose"], unique=False)
    op.create_table(
        "oversight_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("street_id", sa.Uuid(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('street', 'operator')", name=op.f("ck_oversight_grants_role_known")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_oversight_grants_person_id")),
        sa.ForeignKeyConstraint(["street_id"], ["streets.id"], name=op.f("fk_oversight_grants_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oversight_grants")),
    )
    op.create_index("ix_oversight_grants_person", "oversight_grants", ["person_id"], unique=False)
    op.create_table(
        "phones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("blind_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_phones_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phones")),
    )
    op.create_index("ix_phones_person", "phones", ["person_id"], unique=False)
    op.create_index(
        "uq_phones_in_use",
        "phones",
        ["blind_index"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('browser', 'api', 'device')", name=op.f("ck_sessions_kind_known")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_sessions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index("ix_sessions_person", "sessions", ["person_id", "revoked_at"], unique=False)
    op.create_table(
        "counter_staff",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'clerk')", name=op.f("ck_counter_staff_role_known")),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_counter_staff_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_counter_staff")),
    )
    op.create_index("ix_counter_staff_merchant", "counter_staff", ["community_id", "merchant_id"], unique=False)
    op.create_index("ix_counter_staff_person", "counter_staff", ["person_id"], unique=False)
    op.create_table(
        "households",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_households_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_households")),
    )
    op.create_table(
        "units",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("party_parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('community', 'compound', 'grid', 'micro_grid', 'building', 'entrance', 'general_branch', 'branch', 'party_group')",
            name=op.f("ck_units_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "parent_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_units_community_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "party_parent_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_units_community_id_party_parent_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_units_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_units")),
        sa.UniqueConstraint("community_id", "path", name=op.f("uq_units_community_id_path")),
    )
    op.create_table(
        "members",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sort_key", sa.String(length=200), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'left')", name=op.f("ck_members_state_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "household_id"],
            ["households.community_id", "households.id"],
            name=op.f("fk_members_community_id_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_members_community_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_members_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_members")),
        sa.UniqueConstraint("community_id", "person_id", name=op.f("uq_members_community_id_person_id")),
    )
    op.create_index("ix_members_person", "members", ["person_id"], unique=False)
    op.create_index("ix_members_sort", "members", ["community_id", "sort_key", "id"], unique=False)
    op.create_table(
        "posts",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('grid_worker', 'micro_grid_leader', 'unit_steward', 'building_leader', 'branch_secretary')",
            name=op.f("ck_posts_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_posts_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"], ["units.community_id", "units.id"], name=op.f("fk_posts_community_id_unit_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_posts")),
    )
    op.create_index("ix_posts_member", "posts", ["community_id", "member_id"], unique=False)
    op.create_table(
        "role_grants",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_role_grants_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_role_grants_community_id_unit_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_role_grants")),
    )
    op.create_index("ix_role_grants_member", "role_grants", ["community_id", "member_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_role_grants_member", table_name="role_grants")
    op.drop_table("role_grants")
    op.drop_index("ix_posts_member", table_name="posts")
    op.drop_table("posts")
    op.drop_index("ix_members_sort", table_name="members")
    op.drop_index("ix_members_person", table_name="members")
    op.drop_table("members")
    op.drop_table("units")
    op.drop_table("households")
    op.drop_index("ix_counter_staff_person", table_name="counter_staff")
    op.drop_index("ix_counter_staff_merchant", table_name="counter_staff")
    op.drop_table("counter_staff")
    op.drop_index("ix_sessions_person", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(
        "uq_phones_in_use",
        table_name="phones",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("ix_phones_person", table_name="phones")
    op.drop_table("phones")
    op.drop_index("ix_oversight_grants_person", table_name="oversight_grants")
    op.drop_table("oversight_grants")
    op.drop_index("ix_consents_person", table_name="consents")
    op.drop_table("consents")
    op.drop_table("communities")
    op.drop_table("streets")
    op.drop_index("ix_sign_in_codes_phone", table_name="sign_in_codes")
    op.drop_index("ix_sign_in_codes_address", table_name="sign_in_codes")
    op.drop_table("sign_in_codes")
    op.drop_table("persons")
    op.drop_index("ix_deliveries_waiting", table_name="deliveries")
    op.drop_table("deliveries")
