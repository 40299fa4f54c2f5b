"""Parts of a page for people, in HTML: whatever somebody has typed, or a file of strangers says, is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def section(title: str, body: str) -> str:
    """``body``, which is HTML, under a heading."""
    return f"<h2>{escape(title)}</h2>\n{body}"


def paragraphs(sentences: Iterable[str]) -> str:
    """One a sentence."""
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def named(rows: Iterable[tuple[str, object]]) -> str:
    """Names and values as a table; what is not said is left out."""
    cells = (f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows if value != "")
    return f"<table>{''.join(cells)}</table>"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows under their heads."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
