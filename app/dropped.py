"""Picture files that a person brings: chosen, or the one in what is dropped or copied."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData

from app.words import Later

FILTER = Later("Pictures (*.png *.jpg *.jpeg *.bmp *.webp)")
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})


def picture_in(data: QMimeData) -> Path | None:
    """The one picture file that is dropped or copied, or None."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return paths[0] if len(paths) == 1 and paths[0].suffix.lower() in PICTURES else None
