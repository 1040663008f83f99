"""Webhooks: where events are sent, each attempt, and what could not be delivered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_webhooks()
    _create_webhook_attempts()
    _create_webhook_letters()


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("things", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("paused_for", sa.String(length=10), nullable=True),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("former_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("former_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("failures >= 0 AND position >= 0", name=op.f("ck_webhooks_counts")),
        sa.CheckConstraint("(former_sealed IS NULL) = (former_until IS NULL)", name=op.f("ck_webhooks_former_until")),
        sa.CheckConstraint(
            "(state = 'paused') = (paused_for IS NOT NULL)",
            name=op.f("ck_webhooks_paused_for_a_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'ended')",
            name=op.f("ck_webhooks_state_known"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_webhooks")),
    )


def _create_webhook_attempts() -> None:
    op.create_table(
        "webhook_attempts",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_taken", sa.Boolean(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.String(length=20), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "webhook_id"],
            ["webhooks.community_id", "webhooks.id"],
            name=op.f("fk_webhook_attempts_community_id_webhook_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index("ix_webhook_attempts_webhook", "webhook_attempts", ["community_id", "webhook_id", "id"], unique=False)


def _create_webhook_letters() -> None:
    op.create_table(
        "webhook_letters",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('dead', 'again', 'delivered')",
            name=op.f("ck_webhook_letters_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "webhook_id"],
            ["webhooks.community_id", "webhooks.id"],
            name=op.f("fk_webhook_letters_community_id_webhook_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_webhook_letters")),
    )
    op.create_index("ix_webhook_letters_webhook", "webhook_letters", ["community_id", "webhook_id", "position"], unique=True)

def downgrade() -> None:
    op.drop_table("webhook_letters")
    op.drop_table("webhook_attempts")
    op.drop_table("webhooks")
