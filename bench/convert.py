#!/usr/bin/env python3
"""A converted network beside the same in PyTorch: bench/run BUILD convert FILE.safetensors [--T N] [--rounds N]

FILE is a network of `myelin convert` for Fashion-MNIST, a chain with direct input, FILE's .yaml beside it. PyTorch
gets what is fastest there: no gradients, the first layer once, no memory per step. Both sides classify the same test
images with two threads, in turns; accuracies must agree within 0.2 points (rounding moves a spike now and then)."""
import argparse
import gzip
import json
import re
import statistics
import struct
import subprocess
import time
from pathlib import Path

import numpy
import torch

DATA = Path("/usr/share/datasets/fashion-mnist")


def read_tensors(path):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    head = json.loads(raw[8:8 + size])
    meta = head.pop("__metadata__")
    tensors = {}
    for name, t in head.items():
        begin, end = t["data_offsets"]
        values = numpy.frombuffer(raw[8 + size + begin:8 + size + end], dtype="<f4")
        tensors[name] = torch.tensor(values.reshape(t["shape"]).copy())
    return tensors, json.loads(meta["input"])


def read_nodes(path):
    """Nodes of a chain: name, op, options."""
    nodes = []
    for line in path.read_text().splitlines():
        found = re.match(r"\s*- \{(.*)\}", line)
        if found:
            pairs = dict(p.split(": ", 1) for p in re.split(r", (?=\w+: )", found[1]))
            nodes.append((pairs.pop("name"), pairs.pop("op"), pairs))
    return nodes


def read_images(n):
    def load(name, skip):
        for path in (DATA / name, DATA / (name + ".gz")):
            if path.exists():
                raw = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
                return numpy.frombuffer(raw, dtype=numpy.uint8)[skip:]
        raise SystemExit(f"no {name} in {DATA}")
    x = load("t10k-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[:n]
    return torch.tensor(x.astype(numpy.float32) / 255), torch.tensor(load("t10k-labels-idx1-ubyte", 8)[:n].astype(int))


class Neuron:
    """soft, ter and aug of the layer's threshold."""

    def __init__(self, op, theta, v0):
        self.op, self.theta, self.v0 = op, theta, v0

    def begin(self):
        self.v, self.s = None, None

    def __call__(self, x):
        if self.v is None:
            self.v = torch.full_like(x, self.theta * self.v0)
            self.s = torch.zeros_like(x)
        self.v += x
        if self.op == "soft":
            o = (self.v >= self.theta).float()
        else:
            o = torch.trunc(self.v / self.theta)
            if self.op == "ter":
                o.clamp_(-1, 1)
            o = torch.maximum(o, -self.s)
            self.s += o
        y = o * self.theta
        self.v -= y
        return y


def layers_of(nodes, tensors):
    f = torch.nn.functional
    layers = []
    for name, op, o in nodes:
        if op == "conv2d":
            pad = int(o.get("padding", (int(o.get("kernel", 3)) - 1) // 2))
            layers.append(lambda x, w=tensors[name + ".weight"], b=tensors[name + ".bias"], p=pad: f.conv2d(x, w, b, padding=p))
        elif op == "dense":
            layers.append(lambda x, w=tensors[name + ".weight"], b=tensors[name + ".bias"]: f.linear(x, w, b))
        elif op == "avgpool":
            layers.append(lambda x: f.avg_pool2d(x, 2))
        elif op == "flatten":
            layers.append(lambda x: x.flatten(1))
        elif op in ("soft", "ter", "aug"):
            layers.append(Neuron(op, float(tensors[name + ".theta"][0]), float(tensors[name + ".v0"][0])))
        elif op != "readout":
            raise SystemExit(f"'{name}' ({op}) is not in this comparison")
    return layers


def classify(layers, x, T):
    for layer in layers:
        if isinstance(layer, Neuron):
            layer.begin()
    first = layers[0](x)
    total = 0
    for _ in range(T):
        y = first
        for layer in layers[1:]:
            y = layer(y)
        total = total + y
    return total.argmax(1)


def pytorch(layers, x, label, T, batch):
    start, right = time.time(), 0
    for i in range(0, len(x), batch):
        right += int((classify(layers, x[i:i + batch], T) == label[i:i + batch]).sum())
    return len(x) / (time.time() - start), right / len(x)


def myelin(build, path, T, batch):
    out = subprocess.run([f"{build}/myelin", "eval", str(path), "--T", str(T), "--batch", str(batch), "--threads", "2",
                          "--json"], check=True, capture_output=True, text=True).stdout
    result = json.loads(out.splitlines()[-1])
    return result["images_per_s"], result["accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--build", default="build")
    parser.add_argument("--T", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=100)
    o = parser.parse_args()
    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    tensors, about = read_tensors(o.file)
    layers = layers_of(read_nodes(o.file.with_suffix(".yaml")), tensors)
    x, label = read_images(10000)
    x = (x - about["mean"][0]) / about["deviation"][0]
    pytorch(layers, x[:o.batch], label[:o.batch], o.T, o.batch)
    ours, theirs = [], []
    for _ in range(o.rounds):
        speed, our_accuracy = myelin(o.build, o.file, o.T, o.batch)
        ours.append(speed)
        speed, accuracy = pytorch(layers, x, label, o.T, o.batch)
        theirs.append(speed)
    if abs(our_accuracy - accuracy) > 0.002:
        raise SystemExit(f"accuracies differ: {our_accuracy} and {accuracy}")
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    print(f"{o.file.name}, T {o.T}: Myelin {100 * our_accuracy:.2f} %, {statistics.median(ours):.0f} images/s; "
          f"PyTorch {100 * accuracy:.2f} %, {statistics.median(theirs):.0f} images/s; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
