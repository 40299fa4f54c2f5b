"""How one match is drawn: crop, camera, time, band in words, doubts, decision."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import local_time, theme
from app.arrange import BAND_WORDS
from app.item_models.matches import CARD_ROLE, Card, crop_size, doubts
from app.theme import px
from app.words import tr
from reid_engine.types import BandName, Match, Verdict

MARGIN = 6
TEXT_HEIGHT = 58


def verdict_colour(verdict: Verdict) -> QColor:
    """Good, danger or warning; a drawing says the same."""
    tokens = theme.current()
    return QColor({"same": tokens.good, "different": tokens.danger, "unsure": tokens.warning}[verdict])


def band_colour(band: BandName | None) -> QColor:
    """The colour of the band's bar; the word beside it says the same."""
    tokens = theme.current()
    colours = {"strong": tokens.good, "possible": tokens.accent, "weak": tokens.warning}
    return QColor(colours.get(band or "", tokens.muted))


class MatchCardDelegate(QStyledItemDelegate):
    """Draws cards; knows nothing of where they come from."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        wide, tall = crop_size()
        return QSize(wide + px(2 * MARGIN), tall + px(TEXT_HEIGHT + 2 * MARGIN))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        card = index.data(CARD_ROLE)
        if not isinstance(card, Card):
            return
        box = option.rect.adjusted(3, 3, -3, -3)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _frame(painter, box, card, chosen)
        crop = QRect(box.left() + 3, box.top() + 3, box.width() - 6, crop_size()[1])
        _crop(painter, crop, card)
        _chips(painter, crop, card)
        _words(painter, box, crop.bottom() + 4, card)
        painter.restore()


def _frame(painter: QPainter, box: QRect, card: Card, chosen: bool) -> None:
    tokens = theme.current()
    colour = QColor(tokens.accent) if chosen else verdict_colour(card.verdict) if card.verdict else QColor(tokens.line)
    painter.setPen(QPen(colour, 2.5 if chosen else 1.5 if card.verdict else 1))
    painter.setBrush(QColor(tokens.raised if chosen else tokens.panel))
    painter.drawRoundedRect(QRectF(box).adjusted(1, 1, -1, -1), 6, 6)


def _crop(painter: QPainter, place: QRect, card: Card) -> None:
    tokens = theme.current()
    painter.fillRect(place, QColor(tokens.video))
    if card.picture is None:
        painter.setPen(QColor(tokens.muted))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "…")
        return
    picture = card.picture
    painter.save()
    painter.setClipRect(place)
    if card.verdict == "different":
        painter.setOpacity(0.45)
    left = place.center().x() - picture.width() // 2
    painter.drawPixmap(left, place.center().y() - picture.height() // 2, picture)
    painter.restore()
    if card.share is not None:  # where in the track this picture is
        painter.fillRect(QRectF(place.left(), place.bottom() - 2, place.width() + 1, 3), QColor(0, 0, 0, 150))
        painter.fillRect(QRectF(place.left(), place.bottom() - 2, place.width() * card.share, 3), QColor(tokens.accent))


def _chips(painter: QPainter, crop: QRect, card: Card) -> None:
    letter = QRectF(crop.left() + 4, crop.top() + 4, px(12 + 9 * len(card.camera.letter)), px(20))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.camera_colour(card.camera.position))
    painter.drawRoundedRect(letter, 4, 4)
    painter.setPen(QColor("#101318"))
    painter.setFont(theme.font(painter, 12, bold=True))
    painter.drawText(letter, Qt.AlignmentFlag.AlignCenter, card.camera.letter)
    if card.handed_on:
        mark = QRectF(crop.left() + 4, letter.bottom() + 4, px(20), px(20))
        painter.setBrush(QColor(20, 22, 26, 190))
        painter.drawRoundedRect(mark, 4, 4)
        theme.icon("export", "#ffffff").paint(painter, mark.adjusted(3, 3, -3, -3).toRect())
    if card.verdict is not None:
        _verdict_mark(painter, QRectF(crop.right() - px(24), crop.top() + 4, px(21), px(21)), card.verdict)
    reasons = doubts(card.match)
    if reasons:
        _doubt(painter, QRectF(crop.left(), crop.bottom() - px(20) + 1, crop.width() + 1, px(20)), reasons[0])


def _verdict_mark(painter: QPainter, place: QRectF, verdict: Verdict) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(verdict_colour(verdict))
    painter.drawEllipse(place)
    theme.icon(verdict, "#ffffff").paint(painter, place.adjusted(3, 3, -3, -3).toRect())


def _doubt(painter: QPainter, place: QRectF, reason: str) -> None:
    painter.fillRect(place, QColor(20, 12, 0, 200))
    painter.setPen(QColor("#ffc94d"))
    painter.setFont(theme.font(painter, 10))
    words = painter.fontMetrics().elidedText(reason, Qt.TextElideMode.ElideRight, round(place.width()) - 8)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)


def _when(card: Card) -> str:
    return local_time.seen(card.match.start_us, card.camera.clock, local_time.clock_time)


def _words(painter: QPainter, box: QRect, top: int, card: Card) -> None:
    tokens, match = theme.current(), card.match
    left, width = box.left() + 9, box.width() - 18
    painter.setPen(QColor(tokens.text))
    painter.setFont(theme.font(painter, 12, bold=True))
    line = QRectF(left, top, width, px(18))
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft, _when(card))
    painter.setPen(QColor(tokens.muted))
    painter.setFont(theme.font(painter, 12))
    below = line.translated(0, px(17))
    place = _rank(match) if isinstance(match, Match) else tr("no. {track}").format(track=match.tracklet)
    painter.drawText(below, Qt.AlignmentFlag.AlignRight, place)
    room = width - painter.fontMetrics().horizontalAdvance(place) - 6
    name = painter.fontMetrics().elidedText(card.camera.name, Qt.TextElideMode.ElideRight, room)
    painter.drawText(QRectF(left, top + px(17), width, px(18)), Qt.AlignmentFlag.AlignLeft, name)
    line = QRectF(left, top + px(34), width, px(18))
    painter.drawText(line, Qt.AlignmentFlag.AlignRight, local_time.length(match.end_us - match.start_us))
    if (
        isinstance(match, Match) and match.band is not None
    ):  # that a network is not calibrated is said once, above all cards
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band_colour(match.band))
        painter.drawEllipse(QPointF(left + px(4), top + px(43)), px(4), px(4))
        painter.setPen(QColor(tokens.text))
        painter.drawText(line.adjusted(px(13), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, tr(BAND_WORDS[match.band]))
    else:
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, tr("in view"))


def _rank(match: Match) -> str:
    moved = match.moved
    arrow = f"▲{moved} " if moved > 0 else f"▼{-moved} " if moved < 0 else ""
    return f"{arrow}#{match.rank}"
