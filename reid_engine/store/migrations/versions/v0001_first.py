"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "case_info",
    "event",
    "camera",
    "camera_pair",
    "source",
    "network",
    "tracklet",
    "tracklet_box",
    "crop",
    "embedding",
    "model_generation",
    "decision",
)


def upgrade() -> None:
    """From nothing."""
    _case()
    _cameras()
    _recordings()
    _tracklets()
    _crops()
    _vectors()
    _decisions()


def downgrade() -> None:
    """To nothing."""
    for table in TABLES[::-1]:
        op.drop_table(table)


def _case() -> None:
    op.create_table(
        "case_info",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_case_info_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_info")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )


def _cameras() -> None:
    op.create_table(
        "camera",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("offset_us", sa.BigInteger(), nullable=False),
        sa.Column("drift_ppm", sa.Float(), nullable=False),
        sa.Column("reference_us", sa.BigInteger(), nullable=False),
        sa.Column("uncertainty_us", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera")),
        sa.UniqueConstraint("name", name=op.f("uq_camera_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "camera_pair",
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("second", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("least_travel_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("first < second", name=op.f("ck_camera_pair_ordered")),
        sa.ForeignKeyConstraint(["first"], ["camera.id"], name=op.f("fk_camera_pair_first"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["second"], ["camera.id"], name=op.f("fk_camera_pair_second"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("first", "second", name=op.f("pk_camera_pair")),
    )


def _recordings() -> None:
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("start_origin", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("frames_decoded", sa.Integer(), nullable=True),
        sa.Column("frames_analysed", sa.Integer(), nullable=True),
        sa.Column("frames_expected", sa.Integer(), nullable=True),
        sa.Column("duration_us", sa.BigInteger(), nullable=True),
        sa.Column("damage", sa.JSON(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["camera"], ["camera.id"], name=op.f("fk_source_camera"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("camera", "content_sha256", name=op.f("uq_source_camera_content_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "network",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network")),
        sa.UniqueConstraint("model", name=op.f("uq_network_model")),
        sa.UniqueConstraint("role", "sha256", "model", name=op.f("uq_network_role_sha256_model")),
    )


def _tracklets() -> None:
    op.create_table(
        "tracklet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("camera", sa.Integer(), nullable=False),
        sa.Column("track_id", sa.BigInteger(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("first_offset_us", sa.BigInteger(), nullable=False),
        sa.Column("last_offset_us", sa.BigInteger(), nullable=False),
        sa.Column("box_count", sa.Integer(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["camera"], ["camera.id"], name=op.f("fk_tracklet_camera"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["source"], ["source.id"], name=op.f("fk_tracklet_source"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracklet")),
        sa.UniqueConstraint(
            "source", "track_id", "first_offset_us", name=op.f("uq_tracklet_source_track_id_first_offset_us")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_tracklet_camera_start_us_end_us"), "tracklet", ["camera", "start_us", "end_us"], unique=False
    )
    op.create_table(
        "tracklet_box",
        sa.Column("tracklet", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("frame_index", sa.LargeBinary(), nullable=False),
        sa.Column("offset_us", sa.LargeBinary(), nullable=False),
        sa.Column("xyxy", sa.LargeBinary(), nullable=False),
        sa.Column("score", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tracklet"], ["tracklet.id"], name=op.f("fk_tracklet_box_tracklet"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tracklet", name=op.f("pk_tracklet_box")),
    )


def _crops() -> None:
    op.create_table(
        "crop",
        sa.Column("tracklet", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("frame_index", sa.BigInteger(), nullable=False),
        sa.Column("offset_us", sa.BigInteger(), nullable=False),
        sa.Column("x1", sa.Float(), nullable=False),
        sa.Column("y1", sa.Float(), nullable=False),
        sa.Column("x2", sa.Float(), nullable=False),
        sa.Column("y2", sa.Float(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tracklet"], ["tracklet.id"], name=op.f("fk_crop_tracklet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tracklet", "run", "position", name=op.f("pk_crop")),
    )


def _vectors() -> None:
    op.create_table(
        "embedding",
        sa.Column("tracklet", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tracklet"], ["tracklet.id"], name=op.f("fk_embedding_tracklet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tracklet", "model", name=op.f("pk_embedding")),
    )
    op.create_index(
        op.f("ix_embedding_model_generation_tracklet"), "embedding", ["model", "generation", "tracklet"], unique=False
    )
    op.create_table(
        "model_generation",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("dim", sa.Integer(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_model_generation")),
    )


def _decisions() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.Column("probe", sa.Integer(), nullable=False),
        sa.Column("candidate", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["candidate"], ["tracklet.id"], name=op.f("fk_decision_candidate"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["probe"], ["tracklet.id"], name=op.f("fk_decision_probe"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target"], ["decision.id"], name=op.f("fk_decision_target"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decision_candidate"), "decision", ["candidate"], unique=False)
    op.create_index(op.f("ix_decision_probe"), "decision", ["probe"], unique=False)
    op.create_index(op.f("ix_decision_target"), "decision", ["target"], unique=False)
