"""Every error a user can act on.

::

    LookmoreError
    ├── ConfigError           a setting that cannot be
    ├── DataError             images, labels, manifests, splits
    │   └── UnreadableImageError   one image; counted and skipped
    ├── TeacherError          a teacher that cannot be opened, or is not what it claims
    ├── CheckpointError       a run folder or checkpoint that cannot be used
    ├── GalleryError          a gallery that cannot be used, or does not fit the student
    ├── TrainingError         training that had to stop
    ├── ExportError           a file that would not recognise as its run does
    └── MissingExtraError     an optional dependency that is not installed

The command line prints each as one line, ``lookmore: <message>``, and exits with 1.
"""


class LookmoreError(Exception):
    """Something the user can put right; the message says how."""


class ConfigError(LookmoreError):
    """A setting that cannot be."""


class DataError(LookmoreError):
    """Images, labels, manifests or splits that cannot be used."""


class UnreadableImageError(DataError):
    """One image that cannot be decoded; runs count it, list it and go on."""


class TeacherError(LookmoreError):
    """A teacher that cannot be opened, or is not what it claims to be."""


class CheckpointError(LookmoreError):
    """A run folder or checkpoint that cannot be used."""


class GalleryError(LookmoreError):
    """A gallery that cannot be used, or does not fit the student that searches in it."""


class TrainingError(LookmoreError):
    """Training that had to stop; the last good checkpoint is kept."""


class ExportError(LookmoreError):
    """A file that would not recognise as its run does; nothing is written."""


class MissingExtraError(LookmoreError):
    """An optional dependency that is not installed."""

    def __init__(self, *, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed: "
            f"pip install 'lookmore[{extra}]'"
        )
