"""The rule for notes: numbers in their words are declared, so that no count of people hides in the text of another."""

from __future__ import annotations

import re

from hotspots.model import Note

NUMBER = re.compile(r"\d[\d,.]*\d|\d")
YEAR = re.compile(r"(19|20)\d\d")


def undeclared_numbers(note: Note) -> list[str]:
    """Return the numbers in the words of a note that it does not declare; of records nothing leaves the gate anyway."""
    if note.of == "records":
        return []
    names = {group for one in note.numbers if isinstance(one, str) for group in NUMBER.findall(one)}
    numbers = {float(one) for one in note.numbers if not isinstance(one, str)}
    return [
        group
        for group in NUMBER.findall(note.words)
        if not YEAR.fullmatch(group) and group not in names and float(group.replace(",", "")) not in numbers
    ]
