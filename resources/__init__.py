"""Icons, weights and demo footage: data only, reached through ``path``."""

from __future__ import annotations

from pathlib import Path


def path(name: str) -> Path:
    """The file or folder ``name`` (with forward slashes) of this package; FileNotFoundError where there is none."""
    found = Path(__file__).parent / name
    if not found.exists():
        raise FileNotFoundError(f"the program's own file resources/{name} is missing: the installation is damaged")
    return found
