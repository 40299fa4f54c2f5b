"""Texts that people read, ready for translation: ``tr`` where a text is shown, ``Later`` where it only lies in a table.

Both take a literal, so that the texts can be collected: ``python -m app.words`` writes them as a Qt Linguist file.
Values are put in afterwards: ``tr("{count} recordings").format(count=3)``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

CONTEXT = "Reappear"


class Later(str):
    """A text in a table of constants; ``tr`` translates it when it is shown."""

    __slots__ = ()


def tr(text: str) -> str:
    """``text`` in the language of the window."""
    core = sys.modules.get("PySide6.QtCore")  # the command line speaks without it
    return text if core is None else str(core.QCoreApplication.translate(CONTEXT, text))


def counted(count: int, one: str, many: str) -> str:
    """``one`` thing, or ``many`` with their number: ``counted(n, tr("1 track"), tr("{count} tracks"))``."""
    return one if count == 1 else many.format(count=count)


def shortened(path: Path) -> str:
    """A path for people: their own folder is ``~``."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)


def texts(folder: Path) -> Iterator[tuple[str, Path, int]]:
    """Every text below ``folder`` that is given to ``tr`` or ``Later``, with its file and line."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id in ("tr", "Later") and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), path, node.lineno


def linguist(folder: Path, language: str = "") -> str:
    """All texts below ``folder`` as a Qt Linguist file, each once, untranslated."""
    root = ElementTree.Element("TS", version="2.1", sourcelanguage="en", language=language)
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = CONTEXT
    places: dict[str, list[tuple[Path, int]]] = {}
    for text, path, line in texts(folder):
        places.setdefault(text, []).append((path, line))
    for text, found in places.items():
        message = ElementTree.SubElement(context, "message")
        for path, line in found:
            ElementTree.SubElement(message, "location", filename=path.relative_to(folder).as_posix(), line=str(line))
        ElementTree.SubElement(message, "source").text = text
        ElementTree.SubElement(message, "translation", type="unfinished")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n' + ElementTree.tostring(root, "unicode") + "\n"


if __name__ == "__main__":
    sys.stdout.write(linguist(Path(__file__).parent, *sys.argv[1:2]))
