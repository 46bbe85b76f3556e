"""Build the wheel, install it alone in an empty environment, and run it away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command and return what it printed; stop with it where it fails."""
    print("$", " ".join(str(part) for part in command), flush=True)
    # No PYTHONPATH: nothing of the checkout may help.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, text=True, capture_output=True, check=False
    )
    print(done.stdout, end="")
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        sys.exit(done.returncode)
    return done.stdout


def main() -> None:
    """Build, install, run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("*.whl")
        venv.create(folder / "alone", with_pip=True)
        scripts = folder / "alone" / ("Scripts" if os.name == "nt" else "bin")
        pip = (scripts / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
        run(*pip, "--constraint", ROOT / "constraints.txt", wheel, cwd=folder)
        run(scripts / "hotspots", "--version", cwd=folder)
        run(scripts / "hotspots", "init", "mine", cwd=folder)
        printed = run(scripts / "hotspots", "demo", cwd=folder)
        expected = ("Birmingham–Sandwell", "Coventry", "Wolverhampton")
        missing = [place for place in expected if place not in printed]
        if missing or not (folder / "outputs" / "west-midlands" / "briefing.pdf").is_file():
            sys.exit(f"The demo of the wheel did not finish as it should: {missing or 'no briefing.pdf'}.")
        print(f"The wheel works alone ({wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB).")


if __name__ == "__main__":
    main()
