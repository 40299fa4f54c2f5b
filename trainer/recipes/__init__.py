"""The recipes: five papers and our own. ``find_recipe("tcl/full_tri", {"backbone": "compact"})``."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from reid_engine.errors import UsageError
from reid_engine.models import build_model, model_options
from reid_engine.models.base import ModelOptions, Variant, VideoReidModel
from reid_engine.models.configurations import ALIASES, CONFIGURATIONS, MODEL_OF_PREFIX
from reid_engine.models.files import options_of, read_card
from trainer.recipes import gltr, grl, ours, rgsat, stmp, tclnet
from trainer.recipes.base import Labels, Method, Objective, Settings
from trainer.recipes.limits import refuse_unfit

__all__ = ("METHODS", "Labels", "Method", "Objective", "Recipe", "Settings", "find_recipe", "recipe_names")

METHODS: Mapping[str, Method] = {
    "grl": grl.METHOD,
    "stmp": stmp.METHOD,
    "rgsat": rgsat.METHOD,
    "gltr": gltr.METHOD,
    "tclnet": tclnet.METHOD,
    "ours": ours.METHOD,
}
OURS = "ours"
FULL: Mapping[str, str] = {
    "grl": "grl/full",
    "stmp": "stmp/full",
    "rgsat": "rgsat/full",
    "gltr": "gltr/full",
    "tclnet": "tcl/full",
}
# SHA-256 of ImageNet's trunks begins so, as torchvision's file names tell: resnet50, inception_v3, googlenet, alexnet
IMAGENET = ("0676ba61", "19c8e357", "0cc3c7bd", "1a9a5a14", "1378be20", "7be5be79", "4df8aa71")
NOT_OF_THE_PAPER = frozenset({"evaluate_every", "evaluate_late", "weights"})  # they look at a run, or are said apart


@dataclass(frozen=True)
class Recipe:
    """A row of a paper's tables (or ours), ready to train.

    name:     "tcl/full"; model: the name ``build_model`` takes; options: of the model, beyond its row's
    changed:  setting -> (the recipe's own value, the value taken): what keeps a run from being the reproduction
    """

    name: str
    model: str
    variant: Variant
    method: Method
    settings: Settings
    options: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def build(self, **weights: Any) -> VideoReidModel:
        """The untrained model; ``weights`` as ``build_model`` takes them."""
        return build_model(self.model, self.variant, **{**self.options, **weights})

    def among(self, people: int) -> Recipe:
        """The same for so many people, where a row of ours leaves to a case how many there are.

        A batch holds no more than there are; where there are more, the epochs are fewer: as many steps, as far a way.
        What somebody has set stays.
        """
        if self.name not in ours.METHOD.rows:
            return self
        here, batches = self.settings, max(1, people // self.settings.identities)
        fitted = {"identities": min(here.identities, people), "epochs": max(1, round(here.epochs / batches))}
        free = {name: value for name, value in fitted.items() if name not in self.changed}
        return replace(self, settings=replace(here, **free))  # type: ignore[arg-type]

    def verdict(self) -> str:
        """One sentence for the report: whether a run can be called a reproduction."""
        if is_ours(self.name):
            own = "our own recipe" if self.name == OURS else f"our own recipe ({self.name})"
            return own + (f", changed: {self._changes()}" if self.changed else "")
        if not self.changed:
            return f"the settings of {self.name}, {self.variant} variant, unchanged"
        return f"not the paper's settings: {self._changes()}"

    def _changes(self) -> str:
        beside = {key: "" if was in ("", None) else f" (recipe: {was})" for key, (was, _) in self.changed.items()}
        return ", ".join(f"{key}={now}{beside[key]}" for key, (_, now) in self.changed.items())


def recipe_names() -> list[str]:
    """Every name ``find_recipe`` takes: rows, their other names, models, ours."""
    return [*CONFIGURATIONS, *ALIASES, *METHODS, *ours.METHOD.rows]


def is_ours(name: str) -> bool:
    """Whether a recipe's name is of our own, of no paper."""
    return name == OURS or name in ours.METHOD.rows


def find_recipe(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """A recipe by its row (``tcl/tse_N3``), its model (its full row) or ``ours``, with some settings changed.

    Values may be text, as a command line has them. With ``start`` the model is the file's. Raises UsageError, naming
    what there is to choose from, and NetworkFileError for a file that is no model.
    """
    changes = dict(changes or {})
    row = ALIASES.get(FULL.get(name, name), FULL.get(name, name))
    if not is_ours(row) and row not in CONFIGURATIONS:
        raise UsageError(f"there is no recipe {name!r}; there are {', '.join(METHODS)} and what `recipes` lists")
    method = METHODS[OURS if is_ours(row) else MODEL_OF_PREFIX[row.split("/")[0]]]
    card = _start(row, changes)
    usual_variant = card["variant"] if card and card["variant"] in method.variants else "paper"
    variant = str(changes.pop("variant", usual_variant))
    if variant not in get_args(Variant) or variant not in method.variants:
        raise UsageError(f"{row} has no variant {variant!r}; it has {', '.join(method.variants)}")
    usual: Settings = replace(method.variants[variant], **method.rows.get(row, {}))  # type: ignore[index]
    known = {one.name for one in fields(usual)}
    settings = _set(usual, {key: value for key, value in changes.items() if key in known})
    refuse_unfit(settings, changes.keys() & known)
    model, brought = row, {}
    if isinstance(settings, ours.OurSettings):
        model = settings.head
        brought = dict(ours.MODEL_OPTIONS.get(model_options(model)[0], {}))
    _, plain = model_options(model, variant, **brought)  # type: ignore[arg-type]
    if card:
        model, variant, brought = card["model"], card["variant"], options_of(card)
        plain = model_options(model, variant, **brought)[1] if is_ours(row) else plain
    options = _model_changes(model, variant, changes, known)
    chosen = model_options(model, variant, **{**brought, **options})[1]  # type: ignore[arg-type]
    refuse_unfit(chosen, options)
    changed = {**_differences(plain, chosen), **_differences(usual, settings)}
    if not is_ours(row) and not card and (other := _not_imagenet(settings.weights)):
        changed["weights"] = ("ImageNet", other)
    return Recipe(row, model, chosen.variant, method, settings, {**brought, **options}, changed)


def _start(row: str, changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The card of the model that a run goes on from, if it does; one that the row does not train is refused."""
    path = str(changes.get("start", ""))
    if not path:
        if row in ours.METHOD.rows:
            raise UsageError(f"{row} goes on from a model; name its file: start=resources/weights/reappear.safetensors")
        if "keep" in changes:
            raise UsageError("keep is a share of the model that a run goes on from; name its file: start=..")
        return None
    if brought := sorted(changes.keys() & {"weights", "head"}):
        raise UsageError(f"start={path} brings the whole model; leave {brought[0]} out")
    card = read_card(Path(path))
    if not is_ours(row) and card["model"] != MODEL_OF_PREFIX[row.split("/")[0]]:
        raise UsageError(f"{row} does not train {card['model']}, which {path} holds; `ours` trains any model")
    return card


def _not_imagenet(weights: str) -> str:
    """What a trunk begins with instead of ImageNet's weights; empty for those, and for a file that is not there."""
    path = Path(weights)
    if not weights or not path.is_file():
        return "" if weights else "none"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if digest.startswith(IMAGENET) else path.name


def _model_changes(model: str, variant: str, changes: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    """What of the changes is the model's; an option that is nobody's is refused with all there are."""
    own = model_options(model, variant)[1]  # type: ignore[arg-type]
    of_model = {one.name for one in fields(own)} - {"variant"}
    if unknown := sorted(changes.keys() - known - of_model):
        raise UsageError(
            f"there is no setting {unknown[0]!r}; of the recipe: {', '.join(sorted(known))}; "
            f"of the model: {', '.join(sorted(of_model))}"
        )
    return {key: parsed(key, value, getattr(own, key)) for key, value in changes.items() if key in of_model - known}


def _set(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    return replace(settings, **{key: parsed(key, value, getattr(settings, key)) for key, value in changes.items()})


def _differences(was: Settings | ModelOptions, now: Settings | ModelOptions) -> dict[str, tuple[Any, Any]]:
    names = [one.name for one in fields(was) if one.name not in NOT_OF_THE_PAPER]
    return {name: (a, b) for name in names if (a := getattr(was, name)) != (b := getattr(now, name))}


def parsed(key: str, value: Any, usual: Any) -> Any:
    """Text as the kind of value that a setting usually has; ``128x64`` and ``8,16`` are tuples."""
    if not isinstance(value, str):
        return value
    if isinstance(usual, bool):
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if value.lower() not in words:
            raise UsageError(f"{key} is true or false, got {value!r}")
        return words[value.lower()]
    if isinstance(usual, tuple):
        parts = [part for part in value.replace("x", ",").split(",") if part] if _numbers(usual, value) else None
        return tuple(_literal(part) for part in (value.split(",") if parts is None else parts) if part)
    if isinstance(usual, int | float):
        try:
            return type(usual)(value)
        except ValueError:
            kind = "a whole number" if isinstance(usual, int) else "a number"
            raise UsageError(f"{key} is {kind} such as {usual}, got {value!r}") from None
    return value if isinstance(usual, str) else _literal(value)


def _numbers(usual: tuple[Any, ...], value: str) -> bool:
    """Whether a tuple holds numbers, so that ``x`` may part them."""
    return not any(isinstance(one, str) for one in usual) and value.replace("x", "").replace(",", "").strip() != ""


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return text.strip()
