"""The tables of a case. Portable SQL: SQLite today, nothing outside this package may know which.

Times are microseconds, ``*_us``. Tracklet numbers are never given twice, so a stale cache or an old decision cannot
point at somebody else.
"""

from __future__ import annotations

import sqlalchemy as sa

REVISION = "0003"  # the newest of migrations/versions, which makes these tables

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


case_info = sa.Table(
    "case_info",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)

camera = sa.Table(
    "camera",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("offset_us", sa.BigInteger, nullable=False),
    sa.Column("drift_ppm", sa.Float, nullable=False),
    sa.Column("reference_us", sa.BigInteger, nullable=False),
    sa.Column("uncertainty_us", sa.BigInteger, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

camera_pair = sa.Table(
    "camera_pair",
    metadata,
    sa.Column(
        "first", sa.Integer, sa.ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column(
        "second", sa.Integer, sa.ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("relation", sa.Text, nullable=False),
    sa.Column("least_travel_us", sa.BigInteger, nullable=False),
    sa.Column("most_travel_us", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.CheckConstraint("first < second", name="ordered"),
)

# one picture of the place; a camera stands at a share (0 to 1) of its width and height
floor_plan = sa.Table(
    "floor_plan",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("picture", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)

camera_place = sa.Table(
    "camera_place",
    metadata,
    sa.Column(
        "camera", sa.Integer, sa.ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("x", sa.Float, nullable=False),
    sa.Column("y", sa.Float, nullable=False),
)

source = sa.Table(
    "source",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("camera", sa.Integer, sa.ForeignKey("camera.id", ondelete="CASCADE"), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("content_sha256", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("start_us", sa.BigInteger, nullable=False),
    sa.Column("start_origin", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("frames_decoded", sa.Integer),
    sa.Column("frames_analysed", sa.Integer),
    sa.Column("frames_expected", sa.Integer),
    sa.Column("duration_us", sa.BigInteger),
    sa.Column("damage", sa.JSON),
    sa.Column("failure", sa.Text),
    sa.Column("checkpoint", sa.LargeBinary),
    sa.UniqueConstraint("camera", "content_sha256"),
    sqlite_autoincrement=True,
)

network = sa.Table(
    "network",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("card", sa.JSON, nullable=False),
    sa.Column("model", sa.Text, unique=True),
    sa.UniqueConstraint("role", "sha256", "model"),
)

# sha256: over boxes and crops, see ``content``; NULL where an older version found it
tracklet = sa.Table(
    "tracklet",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Integer, sa.ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    sa.Column("camera", sa.Integer, sa.ForeignKey("camera.id", ondelete="CASCADE"), nullable=False),
    sa.Column("track_id", sa.BigInteger, nullable=False),
    sa.Column("start_us", sa.BigInteger, nullable=False),
    sa.Column("end_us", sa.BigInteger, nullable=False),
    sa.Column("first_offset_us", sa.BigInteger, nullable=False),
    sa.Column("last_offset_us", sa.BigInteger, nullable=False),
    sa.Column("box_count", sa.Integer, nullable=False),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("sha256", sa.Text),
    sa.UniqueConstraint("source", "track_id", "first_offset_us"),
    sa.Index(None, "camera", "start_us", "end_us"),
    sqlite_autoincrement=True,
)

# one row a tracklet, its columns as raw little-endian arrays: a box a row would be a hundred times as many rows
tracklet_box = sa.Table(
    "tracklet_box",
    metadata,
    sa.Column(
        "tracklet", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("frame_index", sa.LargeBinary, nullable=False),
    sa.Column("offset_us", sa.LargeBinary, nullable=False),
    sa.Column("xyxy", sa.LargeBinary, nullable=False),
    sa.Column("score", sa.LargeBinary, nullable=False),
)

# run -1 holds the best single crops, runs from 0 the clips
crop = sa.Table(
    "crop",
    metadata,
    sa.Column(
        "tracklet", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("frame_index", sa.BigInteger, nullable=False),
    sa.Column("offset_us", sa.BigInteger, nullable=False),
    sa.Column("x1", sa.Float, nullable=False),
    sa.Column("y1", sa.Float, nullable=False),
    sa.Column("x2", sa.Float, nullable=False),
    sa.Column("y2", sa.Float, nullable=False),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("jpeg", sa.LargeBinary, nullable=False),
)

# generation: that of the model when the vector came in, so that a cache can ask for what is new to it
embedding = sa.Table(
    "embedding",
    metadata,
    sa.Column(
        "tracklet", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.Index(None, "model", "generation", "tracklet"),
)

# removed_at: the generation in which a vector last went or was replaced; a cache that is older must be made anew
model_generation = sa.Table(
    "model_generation",
    metadata,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("dim", sa.Integer, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("removed_at", sa.BigInteger, nullable=False),
)

# what a tracklet wears, by name; "" where it cannot be told
tracklet_colour = sa.Table(
    "tracklet_colour",
    metadata,
    sa.Column(
        "tracklet", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("upper", sa.Text, nullable=False),
    sa.Column("lower", sa.Text, nullable=False),
)

# everything that can be taken back, as one line: rows are only added. action is do, undo or redo, and the last two name
# the deed they take back or restore. What was done is in the table of its kind, under the same number.
deed = sa.Table(
    "deed",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Integer, sa.ForeignKey("deed.id", ondelete="CASCADE")),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("operator", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index(None, "target"),
    sqlite_autoincrement=True,
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("id", sa.Integer, sa.ForeignKey("deed.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("probe", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), nullable=False),
    sa.Column("candidate", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Index(None, "probe"),
    sa.Index(None, "candidate"),
)

# a split or a merge: tracklets before it, and those that were made instead
edit_part = sa.Table(
    "edit_part",
    metadata,
    sa.Column("edit", sa.Integer, sa.ForeignKey("deed.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column(
        "tracklet", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column("made", sa.Boolean, nullable=False),
    sa.Index(None, "tracklet"),
)

# tracklets that others stand for now: follows from the edits that stand, and changes with them
replaced = sa.Table(
    "replaced",
    metadata,
    sa.Column(
        "tracklet", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
)

note = sa.Table(
    "note",
    metadata,
    sa.Column("id", sa.Integer, sa.ForeignKey("deed.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("moment_us", sa.BigInteger),
    sa.Column("camera", sa.Integer, sa.ForeignKey("camera.id", ondelete="CASCADE")),
    sa.Column("tracklet", sa.Integer, sa.ForeignKey("tracklet.id", ondelete="CASCADE")),
    sa.Index(None, "tracklet"),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("operator", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
