"""Checkpoints and images as Myelin stores and reads them. Standard library and torch."""
import gzip
import json
import os
import struct

import torch

DTYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}


def load_tensors(path, names):
    """Reads the named tensors of a safetensors file: name -> tensor."""
    with open(path, "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        head = json.loads(f.read(size))
        out = {}
        for name in names:
            begin, end = head[name]["data_offsets"]
            f.seek(8 + size + begin)
            data = torch.frombuffer(bytearray(f.read(end - begin)), dtype=DTYPES[head[name]["dtype"]])
            out[name] = data.reshape(head[name]["shape"])
    return out


def read_idx(path, offset, count):
    with gzip.open(path, "rb") as f:
        f.seek(offset)
        return torch.frombuffer(bytearray(f.read(count)), dtype=torch.uint8)


def fashion_mnist(folder, n):
    start = os.path.join(folder, "train-")
    image = read_idx(start + "images-idx3-ubyte.gz", 16, n * 784).reshape(n, 1, 28, 28)
    label = read_idx(start + "labels-idx1-ubyte.gz", 8, n)
    return image, label, [0.2860], [0.3530]


def cifar10(folder, n):
    with open(os.path.join(folder, "data_batch_1.bin"), "rb") as f:
        rows = torch.frombuffer(bytearray(f.read(n * 3073)), dtype=torch.uint8).reshape(n, 3073)
    return (rows[:, 1:].reshape(n, 3, 32, 32), rows[:, 0],
            [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616])


READERS = {"fashion-mnist": fashion_mnist, "cifar10": cifar10}


def load_images(data, folder, n):
    """The first n training images: [n, C, H, W] normalised, and labels [n]."""
    image, label, mean, deviation = READERS[data](folder, n)
    mean, deviation = (torch.tensor(v).reshape(1, -1, 1, 1) for v in (mean, deviation))
    return (image.float() / 255 - mean) / deviation, label.long()
