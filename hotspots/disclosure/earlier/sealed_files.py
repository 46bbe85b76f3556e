"""Files of JSON with a format, a version and a checksum: complete or not there, and damage to them is found."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from hotspots.errors import DisclosureError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_inside", "seal", "unseal", "write_file"]

_PUT_BACK: Final = "put the file back as it was, from a copy"


def seal(content: Mapping[str, object], *, form: str, version: int) -> tuple[bytes, str]:
    """Return the text of a file and its checksum: SHA-256 of the content in one fixed way of writing it.

    Parameters
    ----------
    content
        Text, whole or finite numbers, lists and mappings with text as keys.
    form
        What the file is, e.g. ``"hotspots release"``.
    version
        Of the format.
    """
    body = {"format": form, "version": version, **content}
    checksum = _checksum(body)
    return (json.dumps({**body, "checksum": checksum}, allow_nan=False) + "\n").encode(), checksum


def unseal(path: Path, *, form: str, version: int) -> dict[str, Any]:
    """Return the content of a file as it was sealed, with its checksum.

    Raises
    ------
    DisclosureError
        If the file can't be read, is damaged or was changed, is of another form, or of a version that is not known.
    """
    try:
        body = json.loads(path.read_bytes(), parse_constant=_refuse)
    except OSError as error:
        raise DisclosureError(
            f"{path} can't be read.", found=str(error.strerror), advice="ask for the right to read it"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DisclosureError(f"{path} is damaged: it is not JSON.", found=str(error), advice=_PUT_BACK) from error
    if not isinstance(body, dict) or body.get("format") != form or type(body.get("version")) is not int:
        raise DisclosureError(
            f"{path} is not what it should be.",
            found=f"no format {form!r} with a version",
            advice="put back the file that was there, or choose another place",
        )
    _need_version(path, body["version"], version)
    stated = body.pop("checksum", None)
    if stated != _checksum(body):
        raise DisclosureError(
            f"{path} was changed after it was written.",
            found="its content does not have the checksum that it states",
            advice=_PUT_BACK,
        )
    return {**body, "checksum": stated}


def write_file(path: Path, text: bytes, *, mode: int = 0o666) -> None:
    """Write a file beside `path`, with this mode from its first byte on, and put it there in one step.

    Raises
    ------
    DisclosureError
        If the file can't be written.
    """
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}.unfinished")
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise DisclosureError(
            f"{path} can't be written.", found=str(error.strerror), advice="ask for the right to write there"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def is_inside(path: Path, folder: Path) -> bool:
    """Return whether a path is below a folder, whether or not they exist, also where letter case does not matter."""
    folder = folder.resolve()
    return any(
        above == folder or (above.exists() and folder.exists() and above.samefile(folder))
        for above in path.resolve().parents
    )


def _checksum(body: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _need_version(path: Path, found: int, known: int) -> None:
    if found > known:
        raise DisclosureError(
            f"{path} was written by a newer version of this program.",
            found=f"format {found}; this version reads format {known}",
            advice="install the newer version",
        )
    if found < known:
        raise DisclosureError(
            f"{path} was written by an older version of this program, whose format is no longer read.",
            found=f"format {found}; this version reads format {known}",
            advice="use the version that wrote it; never delete an entry of what is published",
        )
