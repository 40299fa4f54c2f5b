"""``python -m app`` is ``reappear``."""

from app.cli import entry

if __name__ == "__main__":
    entry()
