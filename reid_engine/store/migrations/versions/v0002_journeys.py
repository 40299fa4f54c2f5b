"""Journeys: one line of deeds that can be taken back, splits and merges, notes, colours, the floor plan."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("deed", "tracklet_colour", "edit_part", "replaced", "note", "floor_plan", "camera_place")


def upgrade() -> None:
    """From decisions with an undo of their own to one line of deeds."""
    _deeds()
    op.execute(
        "INSERT INTO deed (id, action, target, kind, operator, at_us) SELECT id, "
        "CASE action WHEN 'decide' THEN 'do' ELSE action END, target, 'decision', operator, at_us FROM decision"
    )
    op.execute("DELETE FROM decision WHERE action != 'decide'")
    op.drop_index(op.f("ix_decision_target"), "decision")
    _rebuild_decisions()
    _edits()
    _plan()


def downgrade() -> None:
    """Back; splits, merges, notes and the plan are lost."""
    op.rename_table("decision", "said")
    for index in ("ix_decision_candidate", "ix_decision_probe"):
        op.drop_index(index, "said")
    _old_decisions()
    op.execute(
        "INSERT INTO decision (id, action, target, probe, candidate, verdict, operator, at_us) SELECT deed.id, "
        "CASE deed.action WHEN 'do' THEN 'decide' ELSE deed.action END, deed.target, said.probe, said.candidate, "
        "said.verdict, deed.operator, deed.at_us FROM deed JOIN said ON said.id = coalesce(deed.target, deed.id)"
    )
    op.drop_table("said")
    with op.batch_alter_table("camera_pair") as batch:
        batch.drop_column("most_travel_us")
    for table in TABLES[::-1]:
        op.drop_table(table)


def _tracklet(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=nullable)


def _points(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")


def _deeds() -> None:
    op.create_table(
        "deed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        _points("deed", "target", "deed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deed")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deed_target"), "deed", ["target"], unique=False)


def _rebuild_decisions() -> None:
    op.rename_table("decision", "said")
    for index in ("ix_decision_candidate", "ix_decision_probe"):
        op.drop_index(index, "said")
    op.create_table(
        "decision",
        _tracklet("id"),
        _tracklet("probe"),
        _tracklet("candidate"),
        sa.Column("verdict", sa.Text(), nullable=False),
        _points("decision", "id", "deed"),
        _points("decision", "candidate", "tracklet"),
        _points("decision", "probe", "tracklet"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.execute("INSERT INTO decision (id, probe, candidate, verdict) SELECT id, probe, candidate, verdict FROM said")
    op.drop_table("said")
    op.create_index(op.f("ix_decision_candidate"), "decision", ["candidate"], unique=False)
    op.create_index(op.f("ix_decision_probe"), "decision", ["probe"], unique=False)


def _old_decisions() -> None:
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
        _points("decision", "candidate", "tracklet"),
        _points("decision", "probe", "tracklet"),
        _points("decision", "target", "decision"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sqlite_autoincrement=True,
    )
    for column in ("candidate", "probe", "target"):
        op.create_index(op.f(f"ix_decision_{column}"), "decision", [column], unique=False)


def _edits() -> None:
    op.create_table(
        "tracklet_colour",
        _tracklet("tracklet"),
        sa.Column("upper", sa.Text(), nullable=False),
        sa.Column("lower", sa.Text(), nullable=False),
        _points("tracklet_colour", "tracklet", "tracklet"),
        sa.PrimaryKeyConstraint("tracklet", name=op.f("pk_tracklet_colour")),
    )
    op.create_table(
        "edit_part",
        _tracklet("edit"),
        _tracklet("tracklet"),
        sa.Column("made", sa.Boolean(), nullable=False),
        _points("edit_part", "edit", "deed"),
        _points("edit_part", "tracklet", "tracklet"),
        sa.PrimaryKeyConstraint("edit", "tracklet", name=op.f("pk_edit_part")),
    )
    op.create_index(op.f("ix_edit_part_tracklet"), "edit_part", ["tracklet"], unique=False)
    op.create_table(
        "replaced",
        _tracklet("tracklet"),
        _points("replaced", "tracklet", "tracklet"),
        sa.PrimaryKeyConstraint("tracklet", name=op.f("pk_replaced")),
    )
    op.create_table(
        "note",
        _tracklet("id"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("moment_us", sa.BigInteger(), nullable=True),
        _tracklet("camera", nullable=True),
        _tracklet("tracklet", nullable=True),
        _points("note", "id", "deed"),
        _points("note", "camera", "camera"),
        _points("note", "tracklet", "tracklet"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_tracklet"), "note", ["tracklet"], unique=False)


def _plan() -> None:
    op.add_column(
        "camera_pair", sa.Column("most_travel_us", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.create_table(
        "floor_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_floor_plan_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floor_plan")),
    )
    op.create_table(
        "camera_place",
        _tracklet("camera"),
        sa.Column("x", sa.Float(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        _points("camera_place", "camera", "camera"),
        sa.PrimaryKeyConstraint("camera", name=op.f("pk_camera_place")),
    )
