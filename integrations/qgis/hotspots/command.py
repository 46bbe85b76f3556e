"""The command `hotspots` as a child process: without a shell, with its progress, and it can be stopped."""

import os
import queue
import re
import subprocess
import tempfile
import threading

STEP = re.compile(r"\[\d+\] (.*)")


class CommandError(Exception):
    """The command can't be started, was stopped or ended with an error; the text is for users."""


def child_environment():
    """Return the environment of the command: QGIS's own Python must not be that of hotspots."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def run_command(command, *, tell, is_cancelled):
    """Run a command and return what it printed.

    Parameters
    ----------
    command
        Program and arguments, a list of text.
    tell
        Called with each step in words.
    is_cancelled
        Asked ten times a second; true ends the command, which leaves earlier outputs unchanged.
    """
    lines = queue.Queue()
    problems = []
    # What is printed goes to a file: a pipe that nobody reads would stop the command when full.
    with tempfile.TemporaryFile() as printed:
        process = _start(command, printed)
        reader = threading.Thread(target=_read, args=(process.stderr, lines), daemon=True)
        reader.start()
        try:
            while reader.is_alive() or not lines.empty():
                if is_cancelled():
                    raise CommandError("The command was stopped. Earlier outputs are unchanged.")
                _take(lines, tell, problems)
            process.wait()
        finally:
            _end(process)
            reader.join(timeout=10)
            process.stderr.close()
        printed.seek(0)
        text = printed.read().decode("utf-8", errors="replace")
    if process.returncode:
        raise CommandError("\n".join(problems).strip() or f"hotspots ended with the code {process.returncode}.")
    return text


def _start(command, printed):
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.PIPE,
            env=child_environment(),
            creationflags=hidden,
        )
    except OSError as error:
        raise CommandError(
            f"The command {command[0]!r} can't be started.\n"
            f"  found: {error.strerror or error}\n"
            "  try:   install hotspots, and give the full path of its command as the program"
        ) from error


def _read(stream, lines):
    for line in stream:
        lines.put(line.decode("utf-8", errors="replace").rstrip())


def _take(lines, tell, problems):
    """Take one line, if there is one within a tenth of a second: a step, or part of an error."""
    try:
        line = lines.get(timeout=0.1)
    except queue.Empty:
        return
    step = STEP.fullmatch(line)
    if step:
        tell(step.group(1))
    else:
        problems.append(line)


def _end(process):
    """End the command if it still runs."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
