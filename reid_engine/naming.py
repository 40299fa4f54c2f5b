"""Words of people that others read in lists: names, purposes. What a list shows must be what was written."""

from __future__ import annotations

import unicodedata

from reid_engine.errors import UsageError

# control characters, halves of characters (undecodable file names), line and paragraph separators
UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# signs that turn the order of what follows about, so that a list shows other words than it holds
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
OF_LINES = frozenset("\n\t")
SHOWN_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def checked_words(words: str, what: str, *, lines: bool = False) -> str:
    """``words``, if a person could read them out as they stand. ``lines``: they may have several.

    Raises UsageError, which calls them ``what``, for control characters and for signs that change the order of others.
    """
    bad = next((sign for sign in words if _misleads(sign, lines=lines)), None)
    if bad is not None:
        raise UsageError(f"{what} holds the control character {bad!a}; expected printable characters only")
    return words


def harmless(words: str) -> str:
    """As they may be shown: what an older version let in, or somebody wrote into the file, is shown as a mark."""
    return "".join(SHOWN_INSTEAD if _misleads(sign, lines=True) else sign for sign in words)


def _misleads(sign: str, *, lines: bool) -> bool:
    if lines and sign in OF_LINES:
        return False
    return sign in TURNING or unicodedata.category(sign) in UNPRINTABLE
