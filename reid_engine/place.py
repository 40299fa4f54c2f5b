"""Where a case lies: who may read it there, and whether two computers could open it at once.

A case is its user's alone. Its folder is made so, and whatever this process makes from then on is as open as the folder
of the case that it opened: of a case that several people share by a group, what one makes stays readable by all.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

ALONE = 0o700
OTHERS_MAY_WRITE = 0o002
MOUNTS = Path("/proc/self/mountinfo")
ESCAPED = re.compile(r"\\([0-7]{3})")

# kinds of file systems, as Linux calls them, that other computers may have mounted too
SHARED = frozenset((
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs",
    "ocfs2", "gfs2", "orangefs", "9p", "virtiofs", "vboxsf", "davfs", "fuse.sshfs", "fuse.davfs2",
    "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.gvfsd-fuse",
    "fuse.vmhgfs-fuse", "prl_fs",
))  # fmt: skip


def make_private(folder: Path) -> None:
    """The folder of a new case, for its user alone where it is made now or holds nothing yet. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=ALONE, exist_ok=True)
    with suppress(OSError):  # somebody else's, or a drive that knows no such rights: a notice says so
        if not any(folder.iterdir()):
            folder.chmod(ALONE)
    make_as_open_as(folder)


def make_as_open_as(folder: Path) -> None:
    """From now on no file that this process or its children make is open to anybody who cannot open this folder."""
    with suppress(OSError):
        closed = ~stat.S_IMODE(folder.stat().st_mode) & 0o077
        os.umask(os.umask(0o077) | closed | OTHERS_MAY_WRITE)


def notices(folder: Path) -> list[str]:
    """What whoever opens a case in this folder should know of the place."""
    found, whole = [], folder.resolve()
    if reached_by_all(modes(whole)):
        found.append(
            f"every user of this computer can read {whole}; if that is not meant, close it: "
            f"chmod -R go= {shlex.quote(str(whole))} (on a drive that knows no such rights nothing does)"
        )
    kind, mounted = drive(_mounts(), str(whole))
    if kind in SHARED:
        found.append(
            f"the case lies on a drive that other computers may use too ({kind} at {mounted}): two of them writing to "
            "it at once can ruin it; open it on one at a time, or keep it on a disk of this computer"
        )
    return found


def modes(folder: Path) -> list[int]:
    """The rights to a folder and to those around it."""
    with suppress(OSError):
        return [stat.S_IMODE(one.stat().st_mode) for one in (folder, *folder.parents)]
    return []


def reached_by_all(rights: Iterable[int]) -> bool:
    """Whether everybody may go through all of these folders."""
    rights = list(rights)
    return bool(rights) and all(mode & stat.S_IXOTH for mode in rights)


def drive(mounts: str, path: str) -> tuple[str, str]:
    """The kind of the file system that an absolute path without links lies on, and where that is mounted.

    mounts: as in /proc/self/mountinfo; ("", "") where it does not say
    """
    kind, found = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        words, kinds = before.split(" "), after.split(" ")
        if len(words) < 5 or not kinds[0]:
            continue
        point = ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), words[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(found):  # what is mounted later on the same place covers it
            kind, found = kinds[0], point
    return kind, found


def _mounts() -> str:
    try:
        return MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
