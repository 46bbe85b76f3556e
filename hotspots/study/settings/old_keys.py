"""Keys of the study file that have a new name: the old ones are accepted for one version, and noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

RENAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "areas": {"points_file": "detailed_file", "points_layer": "detailed_layer"},
    "events": {"times": "multiply_by"},
    "density": {"least": "minimum_events", "beyond": "events_beyond_border"},
}
"""Section → old key → new key."""


def with_new_keys(settings: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return settings under their new keys, and a note on each old key that they had.

    An old key beside its new one stays, to be refused as any unknown key is.

    Examples
    --------
    >>> with_new_keys({"title": "A study", "density": {"least": 5}})
    ({'title': 'A study', 'density': {'minimum_events': 5}}, ('density.least is now density.minimum_events; the old \
key works in this version only',))
    """
    found, notes = dict(settings), dict[str, None]()
    for section, keys in RENAMED.items():
        given = settings.get(section)
        if isinstance(given, list | tuple):
            found[section] = [_renamed(one, keys) for one in given]
        elif given is not None:
            found[section] = _renamed(given, keys)
        notes |= dict.fromkeys(_notes(section, given, keys))
    return found, tuple(notes)


def _renamed(section: Any, keys: Mapping[str, str]) -> Any:
    """Return one section under its new keys, in its own order; what is no section stays what it is."""
    if not isinstance(section, dict):
        return section
    return {keys[key] if key in keys and keys[key] not in section else key: value for key, value in section.items()}


def _notes(name: str, given: Any, keys: Mapping[str, str]) -> Iterator[str]:
    """Give a note on each old key of a section, or of the sections in a list."""
    for section in given if isinstance(given, list | tuple) else [given]:
        for old in [key for key in keys if isinstance(section, dict) and key in section]:
            yield f"{name}.{old} is now {name}.{keys[old]}; the old key works in this version only"
