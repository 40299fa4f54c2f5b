"""One HTML file that opens offline: everything that was not written here is escaped, pictures are data URIs."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

import cv2

from reid_engine.types import BgrImage
from trainer.datasets import Tracklet
from trainer.pictures import decoded

PICTURE = (96, 48)  # height, width in pixels
QUALITY = 75  # of JPEG
STYLE = """
body { font: 15px/1.5 sans-serif; color: #222; background: #fff; max-width: 1100px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #ccc }
table { border-collapse: collapse; margin: .6em 0 } th, td { padding: .2em .8em; text-align: right }
th { border-bottom: 1px solid #999; font-weight: 600 } th:first-child, td:first-child { text-align: left }
td { border-bottom: 1px solid #eee } .warn { background: #fff3d6; padding: .5em .8em }
.list { display: flex; gap: 4px; margin: .3em 0; align-items: flex-end }
figure { margin: 0; text-align: center; font-size: 11px }
figure img, figure .none { display: block; border: 3px solid #999 }
figure .none { width: 48px; height: 96px; background: #eee }
figure.right img, figure.right .none { border-color: #00795b }
figure.wrong img, figure.wrong .none { border-color: #c0392b } figure.query { margin-right: 10px }
.said { margin: .8em 0 0; font-size: 13px } svg { max-width: 100% }
"""


def page(title: str, sections: Iterable[tuple[str, str]]) -> str:
    """The whole file; sections: (heading, HTML)."""
    body = "".join(f"<h2>{escape(heading)}</h2>\n{content}\n" for heading, content in sections if content)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """One sentence or more."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], shades: Sequence[Sequence[float]] = ()) -> str:
    """Cells as text; shades: 0 to 1 of every cell, where they say something."""
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    for at, row in enumerate(rows):
        tints = shades[at] if shades else [0.0] * len(row)
        cells = [f"<td{_tint(tint)}>{escape(str(cell))}</td>" for cell, tint in zip(row, tints, strict=True)]
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return "<table>" + "\n".join(lines) + "</table>"


def _tint(share: float) -> str:
    return f' style="background:rgba(0,121,91,{0.45 * share:.2f})"' if share > 0 else ""


def figure(image: BgrImage | None, kind: str, caption: str, title: str) -> str:
    """A small picture with a line under it; kind: "query", "right", "wrong"; title: what a pointer on it tells."""
    shown = '<span class="none"></span>' if image is None else f'<img alt="" src="{data_uri(image)}">'
    return (
        f'<figure class="{escape(kind)}" title="{escape(title)}">{shown}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def data_uri(image: BgrImage) -> str:
    """A small JPEG inside the page."""
    height, width = PICTURE
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def middle_picture(tracklet: Tracklet) -> BgrImage | None:
    """The picture that stands for a tracklet; None where it cannot be decoded."""
    return decoded(tracklet.frames[len(tracklet) // 2]) if len(tracklet) else None
