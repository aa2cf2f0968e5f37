"""A ``lookmore serve`` of its own, for scripts that talk to it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(run: Path, index: Path) -> Iterator[str]:
    """Start a server on a free port, and stop it in the end.

    Args:
        run: Of the student.
        index: Gallery.

    Yields:
        Its address.

    Raises:
        RuntimeError: If it does not start; with what it said.
    """
    program = "from lookmore.cli.main import main; main()"
    command = [sys.executable, "-c", program, "serve", str(run), "--index", str(index)]
    with subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if found := re.match(r"Page +(http://\S+)", line):
                break
        else:
            raise RuntimeError(f"the server did not start:\n{said}")
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        try:
            yield found[1]
        finally:
            process.terminate()
            process.wait(timeout=120)
            drain.wait(timeout=10)
