"""Makes a case of rows saved from a damaged one: what cannot stand alone goes, what is named gets a stand-in.

A recording or a camera of which only the number is known is kept under a name that says so: the people seen there are
worth more than its name.
"""

from __future__ import annotations

import json
import sqlite3
import uuid

LOST_CAMERAS = """
    INSERT INTO camera (id, name, offset_us, drift_ppm, reference_us, uncertainty_us, zone)
    SELECT DISTINCT camera, 'camera ' || camera || ' (its row was lost)', 0, 0, 0, 0, 'UTC'
    FROM (SELECT camera FROM tracklet UNION SELECT camera FROM source) WHERE camera NOT IN (SELECT id FROM camera)
"""
# a recording begins where its tracklets say, by a clock that is right
LOST_SOURCES = """
    INSERT INTO source (id, camera, path, kind, content_sha256, bytes, start_us, start_origin, fingerprint, settings,
                        width, height, state, failure)
    SELECT source, min(camera), 'recording ' || source || ' (its row was lost)', 'video', 'lost ' || source, 0,
           min(start_us - first_offset_us), 'unknown', '', '{}', 0, 0, 'failed', 'its row was lost by damage'
    FROM tracklet WHERE source NOT IN (SELECT id FROM source) GROUP BY source
"""
LOST_MODELS = """
    INSERT INTO model_generation (model, dim, generation, removed_at)
    SELECT model, max(length(vector)) / 2, max(generation), max(generation) FROM embedding
    WHERE model NOT IN (SELECT model FROM model_generation) GROUP BY model
"""
BARE = """
    DELETE FROM tracklet WHERE id NOT IN (
        SELECT tracklet FROM tracklet_box JOIN tracklet AS t ON t.id = tracklet
        WHERE length(offset_us) = 8 * t.box_count AND length(xyxy) = 16 * t.box_count
          AND length(frame_index) = 8 * t.box_count AND length(score) = 4 * t.box_count)
"""


def mend(target: sqlite3.Connection, lost: dict[str, int]) -> None:
    """Let every row point at something, and count in ``lost`` those that had to go for it."""
    if target.execute("SELECT count(*) FROM case_info").fetchone()[0] == 0:
        target.execute("INSERT INTO case_info VALUES (1, ?, ?, ?, ?)", _case(target))
    for statement in (LOST_CAMERAS, LOST_SOURCES, LOST_MODELS):
        target.execute(statement)
    lost["tracklet"] += target.execute(BARE).rowcount
    while loose := {(table, rowid) for table, rowid, *_ in target.execute("PRAGMA foreign_key_check")}:
        for table, rowid in loose:
            target.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
            lost[table] += 1


def _case(target: sqlite3.Connection) -> tuple[str, int, str, str]:
    """Number for life, beginning, purpose and version, by the record's first event; without that a new number."""
    first = target.execute("SELECT at_us, body FROM event WHERE id = 1 AND kind = 'case made'").fetchone()
    try:
        at_us, body = int(first[0]), json.loads(first[1])
        return str(uuid.UUID(body["case"])), at_us, str(body["purpose"]), str(body["version"])
    except (TypeError, ValueError, KeyError):
        return str(uuid.uuid4()), 0, "", "1"
