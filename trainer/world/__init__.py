"""Procedural pedestrians: people, places and cameras made by a seed, with exact truth (docs/world.md)."""
