"""From an empty file, or from an older version's, to the tables of this version."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from reid_engine.errors import CaseError, CaseTooNew
from reid_engine.store.connection import Database, damaged

SCRIPTS = "reid_engine.store:migrations"


def configuration() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config


def bring_up_to_date(database: Database, *, config: Config | None = None, empty: bool = False) -> None:
    """Migrate to the newest version, after a backup beside the case, in one transaction.

    ``empty`` is a file that is just being made. Raises CaseTooNew for a version that this program does not know,
    CaseError for a database that is no case or is older and open for reading only.
    """
    config = configuration() if config is None else config
    scripts = ScriptDirectory.from_config(config)
    found = None if empty else database.revision()
    if found == scripts.get_current_head():
        return
    if not empty:
        _refuse_unknown(database, scripts, found)
        database.backup(database.path.with_name(f"{database.path.name}.before-{scripts.get_current_head()}"))
    _upgrade(database, config)


def _refuse_unknown(database: Database, scripts: ScriptDirectory, found: str | None) -> None:
    folder = database.path.parent
    if found is None:
        raise CaseError(f"{database.path} is a database, but not one of a case of this program")
    known = {script.revision for script in scripts.walk_revisions()}
    if found not in known:
        raise CaseTooNew(
            f"{folder} was written by a newer version (its tables are {found}; this program knows up to "
            f"{scripts.get_current_head()}). Nothing was changed; open it with that version"
        )
    if database.read_only:
        raise CaseError(f"{folder} is of an older version ({found}); open it for writing once to bring it up to date")


def _upgrade(database: Database, config: Config) -> None:
    with database.rebuilding() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise damaged(database.path, f"a row of {broken[0]} points at nothing")
