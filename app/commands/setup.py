"""``reappear settings``, ``device``, ``cases``: the program itself."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app import erasures
from app.commands.arguments import AsJson
from app.commands.program import say, tell
from reid_engine.case import DATABASE, Case
from reid_engine.errors import CaseError, InputError, SettingsError, UsageError
from reid_engine.folders import config_folder
from reid_engine.settings import Settings, each_setting, load_settings, save_settings, with_setting


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    for verb in (settings, device, cases):
        line.command()(verb)


def settings(
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Like detection.score; all without one.")] = None,
    value: Annotated[str | None, typer.Argument(metavar="[VALUE]", help="What it shall be.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Back to the default, one or all.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what may be set, with its meaning; or set it."""
    known = load_settings()
    if key is not None and key not in {one.key for one in each_setting(known)}:
        raise UsageError(f"there is no setting {key}; `reappear settings` lists them all")
    if default:
        plain = {one.key: one.default for one in each_setting(known)}
        known = Settings() if key is None else with_setting(known, key, plain.get(key))
    elif key is not None and value is not None:
        listed = isinstance(getattr(known, key, None), tuple)
        known = with_setting(known, key, _listed(key, value) if listed else value)
    if default or value is not None:
        save_settings(known)
        tell(f"written to {config_folder() / 'settings.toml'}")
    for one in each_setting(known):
        if key not in (None, one.key):
            continue
        if as_json:
            say(asdict(one))
        else:
            mark = "*" if one.value != one.default else " "
            sys.stdout.write(f"{mark} {one.key:<28} {one.value!s:<8} {one.words}\n")


def _listed(key: str, text: str) -> list[object]:
    """A list as settings.toml has it. Raises SettingsError for anything else."""
    try:
        found = tomllib.loads(f"list = {text}")["list"]
    except tomllib.TOMLDecodeError:
        found = None
    if not isinstance(found, list):
        raise SettingsError(f"{key} is a list as settings.toml has it, ['one', 'another'], got {text}")
    return found


def device(as_json: AsJson = False) -> None:
    """What hardware is used, and why."""
    from reid_engine.hardware import look  # loads OpenVINO

    found = look()
    if as_json:
        say(found.as_json())
        return
    for what, how in found.lines():
        sys.stdout.write(f"{what:<18} {how}\n")


def cases(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where cases lie.")],
    as_json: AsJson = False,
) -> None:
    """List the cases in a folder, with purpose and content."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give the one in which the cases lie")
    for path in sorted(found.parent for found in folder.glob(f"*/{DATABASE}")):
        try:
            with Case.open(path, read_only=True) as case:
                info = case.store.info()
                gone = case.store.erased_whole()
                states = ["erased" if source.id in gone else source.state for source in case.store.sources()]
                made = datetime.fromtimestamp(info.created_us / 1e6, UTC)
                cameras = len(case.store.cameras())
                keep = case.store.retention()
                due = erasures.retention_words(keep, case.store.clock.now_us())
        except CaseError as error:
            tell(f"{path}: {error}")
            continue
        if as_json:
            fields = {"case": str(path), "purpose": info.purpose, "created_us": info.created_us}
            say({**fields, "cameras": cameras, "recordings": len(states), "done": states.count("done"), **asdict(keep)})
        else:
            held = f"{cameras} cameras, {states.count('done')} of {len(states)} recordings done"
            sys.stdout.write(f"{path}\n    {info.purpose}\n    made {made:%Y-%m-%d}, {held}\n")
            if due:
                sys.stdout.write(f"    {due}\n")
