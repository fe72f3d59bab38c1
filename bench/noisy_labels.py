#!/usr/bin/env python3
"""Fashion-MNIST with wrong labels: bench/noisy_labels.py OUTDIR [--share 0.1] [--seed 1] [--source DIR]

Copies the data set and gives that share of the training labels another class, drawn at random; OUTDIR/flipped.txt has
the numbers of these samples. Used by the measurements of docs/axis-sample.md."""
import argparse
import gzip
import random
from pathlib import Path

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
HEAD = 8  # bytes before the first label


def read(folder, name):
    packed = folder / (name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in (IMAGES, *TEST):
        (asked.out / name).write_bytes(read(asked.source, name))
    labels = bytearray(read(asked.source, LABELS))
    draw = random.Random(asked.seed)
    flipped = []
    for i in range(HEAD, len(labels)):
        if draw.random() < asked.share:
            labels[i] = (labels[i] + 1 + draw.randrange(9)) % 10
            flipped.append(i - HEAD)
    (asked.out / LABELS).write_bytes(labels)
    (asked.out / "flipped.txt").write_text("".join(f"{i}\n" for i in flipped))
    print(f"{len(flipped)} of {len(labels) - HEAD} labels changed")


if __name__ == "__main__":
    main()
