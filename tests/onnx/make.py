#!/usr/bin/env python3
"""Exports small PyTorch networks with random weights and random running statistics to ONNX.

usage: make.py FOLDER [SEED]

For each network: NAME.onnx, NAME.input.npy and NAME.logits.npy, which is what PyTorch says of the
input in evaluation mode. The files beside this script were made by it with seed 0. Without PyTorch or
the onnx package it says so and returns 77, which ctest counts as skipped.
"""
import os
import sys
import warnings

try:
    import numpy as np
    import onnx  # torch.onnx.export wants it for what it checks
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError as missing:
    print("SKIPPED:", missing)
    sys.exit(77)


class Vgg(nn.Module):
    """VGG-like: batch norm, both kinds of pooling, dropout, flattened by view."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
            nn.AvgPool2d(2), nn.Dropout2d(0.2),
            nn.Conv2d(12, 16, (3, 1), stride=(1, 2)), nn.ReLU(),
            nn.MaxPool2d(3, stride=1, padding=1))
        self.head = nn.Sequential(nn.Linear(16 * 2 * 2, 24), nn.BatchNorm1d(24), nn.ReLU(),
                                  nn.Dropout(0.5), nn.Linear(24, 10))

    def forward(self, x):
        x = self.features(x)
        return self.head(x.view(x.size(0), -1))


class Block(nn.Module):
    def __init__(self, planes_in, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(planes_in, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or planes_in != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(planes_in, planes, 1, stride, bias=False),
                                          nn.BatchNorm2d(planes))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    """ResNet-like: identity shortcuts and 1x1 ones of stride 2, global average pooling."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 12, 2), Block(12, 12, 1))
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn(self.conv(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Mobile(nn.Module):
    """Normalises its input itself; ReLU6, groups, padding of its own, a mean, and log-softmax."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2, 0.25, 0.3]).view(1, 3, 1, 1))
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.deep = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.wide = nn.Conv2d(8, 16, 1)
        self.bn2 = nn.BatchNorm2d(16)
        self.weight = nn.Parameter(torch.randn(16, 10))
        self.bias = nn.Parameter(torch.randn(10))

    def logits(self, x):
        x = F.pad((x - self.mean) / self.std, (1, 1, 1, 1))
        x = F.relu6(self.bn1(self.conv1(x)))
        x = F.relu6(self.wide(F.relu6(self.deep(x))))
        x = self.bn2(F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=True))
        return torch.matmul(x.mean([2, 3]), self.weight) + self.bias

    def forward(self, x):
        return F.log_softmax(self.logits(x), 1)


class Padded(nn.Module):
    """F.pad as newer exporters write it: the pads are computed from constants by eight operators."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, (5, 3), stride=2)
        self.fc = nn.Linear(6 * 4 * 4, 10)

    def forward(self, x):
        return self.fc(torch.flatten(F.relu(self.conv(F.pad(x, (1, 1, 2, 2)))), 1))


class Mlp(nn.Module):
    """A network for vectors."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(20, 30), nn.BatchNorm1d(30), nn.ReLU6(),
                                    nn.Linear(30, 30, bias=False), nn.ReLU(), nn.Linear(30, 10))

    def forward(self, x):
        return self.layers(x)


def randomise(net):
    """Fresh networks have means of 0 and variances of 1, which would hide mistakes."""
    for m in net.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.normal_(m.bias, 0, 0.5)
            nn.init.normal_(m.running_mean, 0, 0.5)
            nn.init.uniform_(m.running_var, 0.3, 2)


# Evaluation folds batch norm into convolutions, the other keeps it as it is.
FOLDED, KEPT = torch.onnx.TrainingMode.EVAL, torch.onnx.TrainingMode.PRESERVE

# network, shape of a sample, opset, does the number of samples vary?
NETS = {
    "vgg": (Vgg, (3, 16, 16), 9, True, FOLDED),
    "vgg_bn": (Vgg, (3, 16, 16), 13, False, KEPT),
    "resnet": (ResNet, (3, 12, 12), 13, True, KEPT),
    "mobile": (Mobile, (3, 14, 14), 10, False, FOLDED),
    "padded": (Padded, (3, 8, 8), 13, True, FOLDED),
    "mlp": (Mlp, (20,), 14, True, FOLDED),
}


def main():
    folder = sys.argv[1]
    torch.manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    warnings.filterwarnings("ignore")
    os.makedirs(folder, exist_ok=True)
    for name, (make, shape, opset, varies, training) in NETS.items():
        net = make()
        randomise(net)
        net.eval()
        x = torch.rand(6, *shape)
        path = os.path.join(folder, name)
        torch.onnx.export(net, x if varies else x[:1], path + ".onnx", opset_version=opset,
                          training=training, input_names=["input"], output_names=["logits"],
                          dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}} if varies else None)
        onnx.checker.check_model(onnx.load(path + ".onnx"))
        with torch.no_grad():
            logits = net.logits(x) if hasattr(net, "logits") else net(x)
        np.save(path + ".input.npy", x.numpy())
        np.save(path + ".logits.npy", logits.numpy())


if __name__ == "__main__":
    main()
