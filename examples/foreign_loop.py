"""The relational losses inside a training loop that is not ours: plain torch, random images.

Type    python examples/foreign_loop.py
Takes   seconds
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lookmore.losses import HybridOrder, weighted_sum

STEPS, IMAGES, SHARP, SIDE = 30, 32, 32, 8  # sides in pixels
TEACHER_WIDTH, STUDENT_WIDTH = 64, 32


def network(side: int, width: int) -> nn.Module:
    """Return any network at all; put yours here."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(3 * side**2, 128), nn.ReLU(), nn.Linear(128, width)
    )


def shrunk(high: Tensor) -> Tensor:
    """Return the images at the student's side."""
    low = F.interpolate(high, size=(SIDE, SIDE), mode="bicubic", antialias=True)
    return low.clamp(0, 1)


def main() -> None:
    """Train a student to lay out a batch as its teacher does; print the terms now and then."""
    torch.manual_seed(0)
    high = torch.rand(IMAGES, 3, SHARP, SHARP)
    teacher = network(SHARP, TEACHER_WIDTH).requires_grad_(False).eval()
    student = network(SIDE, STUDENT_WIDTH)
    # Widths differ, so order 1 learns a linear map: its parameters belong to the optimizer too.
    relations = HybridOrder(
        individual=2,
        distance=10,
        angle=20,
        student_width=STUDENT_WIDTH,
        teacher_width=TEACHER_WIDTH,
    )
    optimizer = torch.optim.AdamW([*student.parameters(), *relations.parameters()], lr=2e-3)

    with torch.no_grad():
        guide = F.normalize(teacher(high))
    for step in range(1, STEPS + 1):
        embeddings = F.normalize(student(shrunk(high)))
        # relations(student=..., teacher=...) is the same sum; the terms are here to be printed.
        terms = relations.terms(student=embeddings, teacher=guide)
        loss = weighted_sum(terms, relations.weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 1 or step % 10 == 0:
            words = ", ".join(f"{name} {term.item():.4f}" for name, term in terms.items())
            print(f"step {step}: total {loss.item():.4f} ({words})")


if __name__ == "__main__":
    main()
