"""A graph (see graphs.py) as a torch module whose layers see the steps folded into the batch."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

import lif


def make_layer(node):
    if node["op"] == "conv2d":
        return nn.Conv2d(node["in_channels"], node["out_channels"], node["kernel"], node["stride"],
                         node["padding"], bias="bias" in node["params"])
    if node["op"] == "linear":
        return nn.Linear(node["in_features"], node["out_features"])
    if node["op"] == "batchnorm":
        return nn.BatchNorm2d(node["features"], node["eps"], node["momentum"])
    return None


FUNCTIONS = {
    "maxpool": lambda x: F.max_pool2d(x, 2),
    "avgpool": lambda x: F.avg_pool2d(x, 2),
    "global_avgpool": lambda x: x.mean((2, 3), keepdim=True),
    "flatten": lambda x: x.flatten(1),
}


class Net(nn.Module):
    """
    neuron: of lif.NEURONS. once: what does not change over time is computed once, the image's
    layers and, as it is linear, the last one on the mean; else everything T times.
    """

    def __init__(self, nodes, T, neuron="fused", once=True):
        super().__init__()
        self.nodes, self.T, self.once, self.neuron = nodes, T, once, lif.NEURONS[neuron]
        self.last_use = {name: n["name"] for n in nodes for name in n["in"]}
        self.layers = nn.ModuleDict()
        for n in nodes:
            layer = make_layer(n)
            if layer is not None:
                self.layers[n["name"].replace(".", "/")] = layer

    def layer(self, name):
        return self.layers[name.replace(".", "/")]

    def tensors(self):
        """name -> tensor, by the names of graphs.py"""
        return {key: getattr(self.layer(n["name"]), role) for n in self.nodes
                for role, key in {**n.get("params", {}), **n.get("buffers", {})}.items()}

    def node(self, n, x, B):
        if n["op"] == "lif":
            return self.neuron(x[0].unflatten(0, (-1, B)), self.T).flatten(0, 1)
        if n["op"] == "add":
            return x[0] + x[1]
        if n["op"] in FUNCTIONS:
            return FUNCTIONS[n["op"]](x[0])
        if n is self.nodes[-1] and self.once:
            x[0] = x[0].unflatten(0, (self.T, B)).mean(0)
        return self.layer(n["name"])(x[0])

    def forward(self, image, watch=None):
        """image [B, C, H, W] -> mean output [B, classes]. watch: sees every node's value."""
        B, value = image.shape[0], {}
        value["input"] = image if self.once else image.repeat(self.T, 1, 1, 1)
        for n in self.nodes[1:]:
            x = [value[name] for name in n["in"]]
            for name in n["in"]:
                if self.last_use[name] == n["name"]:
                    del value[name]
            value[n["name"]] = self.node(n, x, B)
            if watch:
                watch(n, x[0])
        out = value[self.nodes[-1]["name"]]
        return out if self.once else out.unflatten(0, (self.T, B)).mean(0)

    def fold(self):
        """For inference: batch norm becomes a part of the convolution before it."""
        for n in self.nodes:
            if n["op"] == "batchnorm":
                conv = n["in"][0].replace(".", "/")
                norm = n["name"].replace(".", "/")
                self.layers[conv] = fuse_conv_bn_eval(self.layers[conv], self.layers[norm])
                self.layers[norm] = nn.Identity()
