"""Photons to matches, and the record of how. No Qt and no trainer below this line."""
