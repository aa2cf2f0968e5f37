"""Sharp images to guide embeddings; nothing here is trained."""

from lookmore.teachers.base import Teacher
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.open import open_teacher

__all__ = ["Teacher", "TeacherConfig", "open_teacher"]
