"""Search low-resolution images in a gallery that the teacher made long ago; nothing is re-enrolled.

Type    python examples/own_gallery.py runs/NAME gallery.npy probe.png [more.png ...]
Needs   a run whose teacher made gallery.npy, (G, D) as the teacher gives them, and one id in each
        line of gallery.txt beside it
"""

import argparse
from pathlib import Path

import numpy as np

import lookmore


def nearest(probes: np.ndarray, gallery: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places and cosines of the nearest gallery rows, best first, ``(Q, K)`` each."""
    cosines = probes @ gallery.T  # rows have length 1
    places = np.argsort(-cosines, axis=1)[:, :count]
    return places, np.take_along_axis(cosines, places, axis=1)


def main() -> None:
    """Print the nearest ids of each image."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path, help="run folder, such as runs/demo")
    parser.add_argument("gallery", type=Path, help="teacher embeddings, .npy with ids in .txt")
    parser.add_argument("images", type=Path, nargs="+", help="low-resolution images")
    parser.add_argument("-k", type=int, default=3, help="ids to print for each image")
    args = parser.parse_args()

    student = lookmore.load(args.run)
    ids = args.gallery.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    gallery = student.place(np.load(args.gallery, allow_pickle=False))
    if len(ids) != len(gallery):
        parser.error(f"{args.gallery} holds {len(gallery)} embeddings for {len(ids)} ids")

    places, cosines = nearest(student.embed(args.images), gallery, args.k)
    for image, row, found in zip(args.images, places, cosines, strict=True):
        words = (f"{ids[at]} ({cosine:.3f})" for at, cosine in zip(row, found, strict=True))
        print(f"{image}: {', '.join(words)}")


if __name__ == "__main__":
    main()
