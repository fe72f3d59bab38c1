"""
Writes reference cases for `myelin verify`: a training step of the nets at a fraction of their
width, as the opponent's own code computes it in double precision.

    case.py FOLDER
"""
import json
import os
import sys

import torch

import graphs
import lif
import net

T, B = 3, 2
SMALL = {"mlp": {"hidden": 100}, "cnn": {"width": 4}, "vgg11": {"width": 8}, "resnet18": {"width": 8}}
FIXED = {
    "schema": 1, "rule": {"name": "bptt", "step_mode": "m"}, "T": T, "batch": B, "classes": 10,
    "input_layout": "B",
    "neuron": {"kind": "lif", "lambda": lif.LAMBDA, "threshold": lif.THETA, "reset": "soft",
               "decay_input": False, "detach_reset": True, "strict": False},
    "surrogate": {"name": "sigmoid", "alpha": lif.ALPHA},
    "expect": [{"quantity": "loss", "key": "loss_value"},
               {"quantity": "output_mean", "key": "output_mean"},
               {"quantity": "grads", "key": "grads"}],
    "source": "bench/peers, PyTorch " + torch.__version__, "dtype": "float64", "rtol": 1e-9,
    "atol": 1e-11,
}
MARGIN = 1e-5  # a potential nearer to the threshold may fall on the other side in float32


def plain(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().flatten().tolist()}


def margin_of(model, image):
    """Smallest distance of a potential from the threshold."""
    least = []

    def watch(node, x):
        if node["op"] == "lif":
            now, v = x.unflatten(0, (-1, B)), 0
            for t in range(T):
                u = lif.LAMBDA * v + now[t if now.shape[0] == T else 0]
                least.append((u - lif.THETA).abs().min().item())
                v = u - (u >= lif.THETA).to(u)

    with torch.no_grad():
        model(image, watch)
    return min(least)


def draw(name, seed):
    torch.manual_seed(seed)
    nodes = graphs.NETS[name](**SMALL[name])
    model = net.Net(nodes, T).double()
    image = torch.randn(B, *nodes[0]["shape"], dtype=torch.float64)
    with torch.no_grad():  # float32 holds what both sides start from
        for tensor in [image, *model.tensors().values()]:
            if tensor.is_floating_point():
                tensor.copy_(tensor.float())
    return nodes, model, image


def write(name, folder):
    nodes, model, image = next(drawn for drawn in (draw(name, seed) for seed in range(1000))
                               if margin_of(drawn[1], drawn[2]) > MARGIN)
    label = torch.arange(B) % 10
    state = {key: plain(tensor) for key, tensor in model.tensors().items()}
    is_buffer = {key for n in nodes for key in n.get("buffers", {}).values()}
    for key in is_buffer:  # drawing the case moved them
        state[key]["data"] = [float(key.endswith("var"))] * len(state[key]["data"])
    output = model(image)
    loss = torch.nn.functional.cross_entropy(output, label)
    loss.backward()
    case = {
        **FIXED, "name": "peer_" + name, "graph": nodes,
        "loss": {"name": "ce_mean", "node": nodes[-1]["name"], "of": "output"},
        "input": plain(image), "label": plain(label), "loss_value": loss.item(),
        "output_mean": plain(output),
        "params": {key: value for key, value in state.items() if key not in is_buffer},
        "buffers_before": {key: value for key, value in state.items() if key in is_buffer},
        "grads": {key: plain(tensor.grad) for key, tensor in model.tensors().items()
                  if key not in is_buffer},
    }
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(case, f)


os.makedirs(sys.argv[1], exist_ok=True)
for each in SMALL:
    write(each, sys.argv[1])
