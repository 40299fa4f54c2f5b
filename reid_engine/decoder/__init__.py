"""Recordings are decoded in child processes: a file that crashes its decoder takes nothing else down.

``FrameReader`` is for analysis, ``PictureServer`` for playing, ``stretch`` for what is handed on, ``probe`` and
``first_picture`` for a first look. ``get_ready`` before any of them saves the first one a wait.
``python -m reid_engine.decoder`` is the child, the only process that loads PyAV.
"""

from __future__ import annotations

from reid_engine.decoder.link import get_ready
from reid_engine.decoder.player import Picture, PictureServer
from reid_engine.decoder.probing import first_picture, probe
from reid_engine.decoder.reader import FrameReader
from reid_engine.decoder.requests import DecodeRequest
from reid_engine.decoder.stretch import Shot, stretch
from reid_engine.recordings import SourceInfo

__all__ = (
    "DecodeRequest",
    "FrameReader",
    "Picture",
    "PictureServer",
    "Shot",
    "SourceInfo",
    "first_picture",
    "get_ready",
    "probe",
    "stretch",
)
