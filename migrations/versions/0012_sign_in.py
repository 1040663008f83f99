"""Passwords, second factors, tokens with scopes, and where a sign-in came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_in_codes", sa.Column("device_index", sa.LargeBinary(), nullable=True))
    op.create_index("ix_sign_in_codes_device", "sign_in_codes", ["device_index", "created_at"])
    op.add_column("sessions", sa.Column("last_seen_on", sa.Date(), nullable=True))
    op.add_column("sessions", sa.Column("scopes", sa.String(length=120), nullable=True))
    op.add_column("sessions", sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sessions", sa.Column("by", sa.String(length=20), nullable=True))
    op.create_table(
        "sign_in_tries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(length=20), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(), nullable=False),
        sa.Column("device_index", sa.LargeBinary(), nullable=True),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "way IN ('code', 'password', 'second_factor', 'blocked')", name=op.f("ck_sign_in_tries_way_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_tries")),
    )
    op.create_index("ix_sign_in_tries_phone", "sign_in_tries", ["phone_index", "at"])
    op.create_index("ix_sign_in_tries_device", "sign_in_tries", ["device_index", "at"])
    op.create_index("ix_sign_in_tries_address", "sign_in_tries", ["address_index", "at"])
    op.create_table(
        "passwords",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=200), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_passwords_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_passwords")),
    )
    op.create_table(
        "authenticators",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_authenticators_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_authenticators")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_recovery_codes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index("ix_recovery_codes_person", "recovery_codes", ["person_id"])


def downgrade() -> None:
    op.drop_index("ix_recovery_codes_person", table_name="recovery_codes")
    op.drop_table("recovery_codes")
    op.drop_table("authenticators")
    op.drop_table("passwords")
    op.drop_index("ix_sign_in_tries_address", table_name="sign_in_tries")
    op.drop_index("ix_sign_in_tries_device", table_name="sign_in_tries")
    op.drop_index("ix_sign_in_tries_phone", table_name="sign_in_tries")
    op.drop_table("sign_in_tries")
    for column in ("by", "second_factor_at", "scopes", "last_seen_on"):
        op.drop_column("sessions", column)
    op.drop_index("ix_sign_in_codes_device", table_name="sign_in_codes")
    op.drop_column("sign_in_codes", "device_index")
