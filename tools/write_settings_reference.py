"""Write docs/settings.md: every key of the study file, from the schema."""

from __future__ import annotations

import datetime
import re
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hotspots.study.settings import Study
from hotspots.study.settings.section import section_in
from hotspots.study.settings.values import Ages, Bandwidth, Hidden, Meaning, Years
from hotspots.vocabulary import BandwidthRule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

INTRODUCTION = """# Settings

Every key of the study file. `hotspots init DIR` writes a commented study file to start from; an unknown key is an error
that names the nearest valid one. Paths start at the study file's own folder. A key with an empty default can be
left out.

This page is made from the schema by `python tools/write_settings_reference.py`: edit the schema, not the page.
"""

RULES = ", ".join(f'`"{rule}"`' for rule in get_args(BandwidthRule))

NAMED = (
    (Years, "first and last year"),
    (Ages, "youngest and oldest age"),
    (Hidden, "lowest and highest number"),
    (Meaning, "lowest and highest count, or text"),
    (Bandwidth, f"metres, or {RULES}"),
    (str, "text"),
    (bool, "`true` or `false`"),
    (int, "whole number"),
    (float, "number"),
    (Path, "path"),
    (datetime.date, "date"),
)
"""Types and what they are called."""


def sections() -> dict[str, Any]:
    """Return the heading of every table of the study file, e.g. ``[[events]]``, and the model behind it."""
    found: dict[str, Any] = {"[study]": Study}
    waiting = [(name, field, "") for name, field in Study.model_fields.items()]
    while waiting:
        name, field, before = waiting.pop(0)
        model = section_in(field.annotation)
        if model is None:
            continue
        path = f"{before}{field.alias or name}"
        found[f"[[{path}]]" if _is_list(field.annotation) else f"[{path}]"] = model
        waiting[:0] = [(inner, part, f"{path}.") for inner, part in model.model_fields.items()]
    return found


def keys(model: Any) -> dict[str, FieldInfo]:
    """Return the keys of one table as a study file has them; not those that are tables of their own."""
    return {
        field.alias or name: field
        for name, field in model.model_fields.items()
        if not field.exclude and (section_in(field.annotation) is None or str in get_args(field.annotation))
    }


def write_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for heading, model in sections().items():
        words = (model.__doc__ or "").strip().splitlines()[0].split(": ", 1)[-1]
        parts.append(f"## `{heading}`\n\n{words[0].upper()}{words[1:]}\n")
        rows = [
            f"| `{name}` | {describe(key)} | {default(key)} | {_line(key.description)} |"
            for name, key in keys(model).items()
        ]
        parts.append("\n".join(["| key | value | default | what it does |", "|---|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def describe(field: FieldInfo) -> str:
    """Return what a key may hold, with its bounds."""
    annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return _type_words(annotation)


def default(field: FieldInfo) -> str:
    """Return the default of a key as a study file would have it; nothing where leaving it out is its own meaning."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "needed"
    if value is None or value in ("", (), {}):
        return ""
    return f"`{_as_toml(value)}`"


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_as_toml(one) for one in value)}]"
    return f'"{value}"' if isinstance(value, str) else _number(value)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _number(value: Any) -> str:
    """Return a number as it is written in text: years have no comma."""
    return f"{value:,.15g}" if value >= 10_000 else f"{value:.15g}"


def _type_words(annotation: Any) -> str:
    for known, words in NAMED:
        if annotation == known:
            return words
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return f"{_type_words(parts[0])}{_bounds(parts[1:])}"
    if origin is Literal:
        return ", ".join(f'`"{one}"`' for one in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_words(one) for one in parts if one is not type(None) and section_in(one) is None)
    if origin is tuple:
        return f"list of {_type_words(parts[0])}"
    if origin is dict:
        return f"table of {_type_words(parts[1])}"
    raise TypeError(f"no words for {annotation!r}")


def _bounds(metadata: tuple[Any, ...]) -> str:
    """Return e.g. " from 1 to 1,000" of the bounds among what is said about a type."""
    inner = [part for one in metadata for part in (one.metadata if isinstance(one, FieldInfo) else [one])]
    least = next((f" from {_number(one.ge)}" for one in inner if isinstance(one, annotated_types.Ge)), "")
    least = next((f" above {_number(one.gt)}" for one in inner if isinstance(one, annotated_types.Gt)), least)
    most = next((f" to {_number(one.le)}" for one in inner if isinstance(one, annotated_types.Le)), "")
    most = next((f" and below {_number(one.lt)}" for one in inner if isinstance(one, annotated_types.Lt)), most)
    return re.sub(r"(above \S+) to", r"\1, up to", f"{least}{most}")


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(write_page(), encoding="utf-8")
    print(f"Wrote {PAGE}.")
