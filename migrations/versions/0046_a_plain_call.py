"""The function `post_plainly` on PostgreSQL: migrations/env.py installs it, as the triggers, after every upgrade.

So a house whose code calls it is not ready before this step was taken.
"""

from __future__ import annotations

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
