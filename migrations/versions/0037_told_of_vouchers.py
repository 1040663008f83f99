"""How near to its last day the holder of a voucher was told of it last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vouchers", sa.Column("end_told", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("vouchers", "end_told")
