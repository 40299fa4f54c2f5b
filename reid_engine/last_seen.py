"""What this user saw last of the record of each case, kept outside of the case: an end that was cut off leaves no trace
inside when the counter of its numbers was set back too.

One small file a case, by its number for life, with an entry for every folder in which it was open. Everything works
without it: what cannot be read or written is as if it had never been there.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from reid_engine.errors import ReappearError
from reid_engine.folders import state_folder
from reid_engine.store import Store

End: TypeAlias = tuple[int, str]  # number and hash of a record's last event


def unlike_last_time(store: Store, folder: Path) -> list[str]:
    """A sentence of what is so when the record is shorter than it was when the case was last closed, or another one.

    A folder that is not known is looked up by where the case lay before, unless one lies there still: a copy may have
    gone its own way. Nothing is said of what this user has never seen, nor of a case that cannot be read.
    """
    with suppress(ReappearError):
        known, here = _known(store), str(folder.resolve())
        moved = [place for place in known if not _there(place)]
        place = here if here in known else max(moved, key=lambda place: known[place], default=None)
        if place is not None:
            where = "here" if place == here else f"at {place}"
            number, digest = known[place]
            last = _end(store)[0]
            if last < number:
                return [
                    f"the record ended at event {number} when the case was last open {where}; it ends at {last} now: "
                    "a copy put back, or events taken out"
                ]
            if _end(store, number + 1) != (number, digest):
                return [
                    f"the record ended with another event {number} when the case was last open {where}: a copy put "
                    "back that went on by itself, or a record made anew"
                ]
    return []


def remember(store: Store, folder: Path) -> None:
    """Where the record ends now; not for who only reads the case and may not have been told how it ended before."""
    if store.read_only:
        return
    with suppress(ReappearError, OSError, UnicodeError):
        here = str(folder.resolve())
        kept = {place: end for place, end in _known(store).items() if place != here and _there(place)}
        path = _file(store)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps({**kept, here: _end(store)}), "utf-8")
        beside.replace(path)


def _end(store: Store, before: int | None = None) -> End:
    """The last event of the record, or the last one before a number."""
    last = store.events(before=before, limit=1)
    return (last[0].number, last[0].hash) if last else (0, "")


def _known(store: Store) -> dict[str, End]:
    """By the folder in which the case lay."""
    try:
        said = json.loads(_file(store).read_text("utf-8"))
        return {str(place): (int(number), str(digest)) for place, (number, digest) in said.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _there(place: str) -> bool:
    return (Path(place) / "case.db").exists()


def _file(store: Store) -> Path:
    plain = "".join(sign for sign in store.info().uuid if sign.isalnum() or sign == "-")  # anybody may have written it
    return state_folder() / "records" / f"{plain[:64]}.json"
