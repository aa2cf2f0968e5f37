"""Triton's kernel says what the definition says, run by Triton's interpreter on the CPU."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# The interpreter must be chosen before triton is imported, so in a process of its own. It tells
# of each batch how far value and gradient are from the slow loops in float64.
PROGRAM = """
import json, sys, torch
sys.path.insert(0, sys.argv[1])
from test_oracles import KINDS, expected, streams_of
from lookmore.losses.analytic import with_gradients
from lookmore.losses.angle import angle_part
from lookmore.losses.corners_triton import corners
from lookmore.losses.engines import Engine
from lookmore.losses.pairs_triton import pairs
from lookmore.losses.sides import sides_of

torch.set_num_threads(1)
engine = Engine("triton", "", corners, pairs)
for images in (2, 3, 31, 32, 33, 70):
    for kind in KINDS if images in (3, 33) else ["random"]:
        student, teacher = streams_of(kind, images)
        part = angle_part(sides_of(student=student, teacher=teacher), engine)
        value, slope = expected("angle", kind, images)
        print(json.dumps({
            "batch": f"{images} {kind}",
            "value": abs(part.value.item() - value) - 1e-6 * abs(value),
            "gradient": ((part.gradient - slope).norm() - 1e-5 * slope.norm()).item(),
        }))
"""


COMPILING = """
import sys, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from lookmore.losses.corners_triton import _add_tile

for kind in ("fp32", "fp64"):
    signature = {"squares": f"*{kind}", "inverses": f"*{kind}", "springs": "*fp64",
                 "penalties": "*fp64", "count": "i32", "tiles": "i32",
                 "BLOCK": "constexpr", "RUN": "constexpr"}
    source = ASTSource(_add_tile, signature, constexprs={"BLOCK": 32, "RUN": 32})
    print(triton.compile(source, target=GPUTarget("cuda", 80, 32)).asm["ptx"].count("fma.rn"))
"""
NEEDS_TRITON = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="triton is not installed: it comes with torch's builds for CUDA on Linux",
)


@NEEDS_TRITON
def test_the_kernel_compiles_for_a_gpu_that_is_not_here(tmp_path: Path) -> None:
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", COMPILING],
        capture_output=True, text=True, env=environment, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert all(int(count) > 10 for count in ended.stdout.split())


@NEEDS_TRITON
def test_the_kernel_equals_the_definition_in_value_and_gradient() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(Path(__file__).parent)],
        capture_output=True, text=True, env=environment, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(found) == 14
    for batch in found:
        assert batch["value"] <= 1e-9, batch
        assert batch["gradient"] <= 1e-8, batch
