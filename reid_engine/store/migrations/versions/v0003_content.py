"""What a tracklet's boxes and crops were when it was found, as a hash."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What older versions found stays without one: nobody can say now what it was then."""
    op.add_column("tracklet", sa.Column("sha256", sa.Text(), nullable=True))


def downgrade() -> None:
    """Back; the hashes are lost."""
    with op.batch_alter_table("tracklet") as batch:
        batch.drop_column("sha256")
