"""Where this program keeps what belongs to no case. Loads next to nothing: a window needs it before its first paint."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def config_folder() -> Path:
    """Where the settings file lies; ``REAPPEAR_CONFIG`` overrides it."""
    given = os.environ.get("REAPPEAR_CONFIG")
    return Path(given) if given else platformdirs.user_config_path("reappear")


def cache_folder() -> Path:
    """Where exported networks lie (may be deleted at any time); ``REAPPEAR_CACHE`` overrides it."""
    given = os.environ.get("REAPPEAR_CACHE")
    return Path(given) if given else platformdirs.user_cache_path("reappear")


def state_folder() -> Path:
    """Where it is kept what this user saw last of each case; ``REAPPEAR_STATE`` overrides it."""
    given = os.environ.get("REAPPEAR_STATE")
    return Path(given) if given else platformdirs.user_state_path("reappear")
