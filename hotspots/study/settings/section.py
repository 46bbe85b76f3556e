"""What every section of a study file has in common, and how it is found in the schema."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from hotspots.study.settings.values import need_kind, need_plain

Release = Literal["open", "invented", "unreleased"]


class Section(BaseModel):
    """What every section of a study file has in common: frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_meant(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        if section_in(annotation) is None or isinstance(value, str):
            need_plain(value)  # a section looks at its own keys, and names them
        if value is not None and (truth := annotation in (bool, bool | None)) | isinstance(value, bool):
            need_kind(value, truth=truth)
        return value


def section_in(annotation: Any) -> Any:
    """Return the section that a key may hold, by itself or in a list; None where it holds values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = section_in(part)
        if found:
            return found
    return None
