"""What goes wrong while a recording is read: counted, with the first places."""

from __future__ import annotations

from reid_engine.types import Damage

MOST_PLACES = 20


class DamageCount:
    """Counts up while a source is read; ``so_far`` is what a report keeps.

    reached_us: microseconds after the first picture that the reading has come to
    """

    def __init__(self, notes: tuple[str, ...] = ()) -> None:
        self.reached_us = 0
        self._errors = self._corrupt = self._repaired = 0
        self._places: list[tuple[int, str]] = []
        self._notes = list(notes)

    def decode_error(self, sentence: str) -> None:
        """Something could not be decoded at all."""
        self._errors += 1
        self._place(sentence)

    def corrupt_frame(self) -> None:
        """A picture came out, but parts of it are guessed."""
        self._corrupt += 1
        self._place("a damaged picture was decoded in parts")

    def repaired_time(self, sentence: str) -> None:
        """A picture's time was missing or impossible."""
        self._repaired += 1
        self._place(sentence)

    def note(self, sentence: str) -> None:
        """A sentence about the whole source; said once."""
        if sentence not in self._notes:
            self._notes.append(sentence)

    def lost_pictures(self, count: int) -> None:
        """Pictures that the decoder swallowed without a word."""
        if count > 0:
            self._errors += count
            self._place(f"up to here {count} pictures were lost in decoding")

    def so_far(self) -> Damage:
        """The counts until now."""
        return Damage(self._errors, self._corrupt, self._repaired, tuple(self._places), tuple(self._notes))

    def _place(self, sentence: str) -> None:
        if len(self._places) < MOST_PLACES:
            self._places.append((self.reached_us, sentence))
