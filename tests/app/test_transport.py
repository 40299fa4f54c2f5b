"""Under the pictures: the time and the buttons never cover one another, however narrow the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets.transport import Transport


def place(widget: QWidget) -> QRect:
    return QRect(widget.mapTo(widget.window(), widget.rect().topLeft()), widget.size())


@pytest.mark.parametrize("width", [1400, 820, 640, 500, 400])
def test_time_and_buttons_stand_clear_of_one_another(qtbot: QtBot, width: int) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    transport = Transport({}, window)  # as a pane squeezes it, below what it asks for
    transport.show_time(1_762_178_531_000_000)
    transport.setGeometry(0, 0, width, 120)
    window.resize(width, 120)
    window.show()
    places = [place(child) for kind in (QLabel, QToolButton) for child in transport.findChildren(kind)]
    assert len(places) > 8
    for number, one in enumerate(places):
        assert window.rect().contains(one)
        assert not any(one.intersects(other) for other in places[:number])


def test_the_time_comes_back_beside_the_buttons(qtbot: QtBot) -> None:
    transport = Transport({})
    qtbot.addWidget(transport)
    transport.show()
    heading = next(label for label in transport.findChildren(QLabel) if label.objectName() == "heading")
    heights = []
    for width in (1400, 500, 1400):
        transport.resize(width, 120)
        qtbot.wait(1)
        heights.append(place(heading).center().y())
    assert heights[1] < heights[0] == heights[2]


def test_icons_and_time_line_grow_with_the_text(qtbot: QtBot) -> None:
    sizes = []
    try:
        for scale in (100, 200):
            theme.apply(theme.application(), "dark", scale)
            transport = Transport({})
            qtbot.addWidget(transport)
            transport.show()
            icons = [button.iconSize().height() for button in transport.findChildren(QToolButton)]
            sizes.append((min(icons), transport.line.sizeHint().height() - 8))
    finally:
        theme.apply(theme.application(), "dark", 100)
    assert sizes[1] == (2 * sizes[0][0], 2 * sizes[0][1])
