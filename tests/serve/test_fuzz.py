"""Whatever a client sends that the schema allows, or does not: never a 500."""

import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "unsupported_method"),
)


def test_schemathesis_finds_no_fault(own_server: Any, tmp_path: Path) -> None:
    schemathesis = Path(sys.executable).with_name("schemathesis")
    found = subprocess.run(
        [
            str(schemathesis), "run", f"{own_server.url}/openapi.json",
            "--phases", "fuzzing", "--max-examples", "8",
            "--checks", ",".join(CHECKS), "--seed", "1", "--warnings", "off",
            "--request-timeout", "20", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
    assert " 500 " not in "\n".join(own_server.lines)
    tested = sum(" 422 " in line or " 200 " in line for line in own_server.lines)
    assert tested > 20, found.stdout
