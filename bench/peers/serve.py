"""
One opponent as a process: prints a line of JSON when it is warm, then answers each line of
standard input, a number of steps, with one of JSON. The same protocol as `myelin bench --serve`.
"""
import argparse
import json
import sys
import time
import warnings

import torch


def memory(key):
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key)) * 1024


def restart_peak():
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


torch.set_num_threads(2)
IDLE = memory("VmRSS")

import files  # noqa: E402  (what stands above is the idle process that the peak is compared with)
import graphs  # noqa: E402
import net  # noqa: E402

BATCHES, WARM_STEPS = 4, 3


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("net", choices=graphs.NETS)
    p.add_argument("--T", type=int, default=4)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--weights")
    p.add_argument("--data")
    p.add_argument("--data-dir")
    p.add_argument("--neuron", default="fused")
    p.add_argument("--repeat", action="store_true", help="everything T times")
    p.add_argument("--channels-last", action="store_true")
    p.add_argument("--infer", action="store_true")
    p.add_argument("--fold", action="store_true", help="batch norm into convolutions")
    p.add_argument("--freeze", action="store_true", help="inference as a traced, frozen graph")
    return p.parse_args()


def images(a, shape):
    n = BATCHES * a.batch
    if a.data:
        image, label = files.load_images(a.data, a.data_dir, n)
    else:
        image, label = torch.randn(n, *shape), torch.arange(n) % 10
    return image.split(a.batch), label.split(a.batch)


def optimiser(model):
    """As Myelin's `sgd`: only convolutions and dense weights decay."""
    decays = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    return torch.optim.SGD([{"params": decays, "weight_decay": 5e-4}, {"params": others}], lr=0.1,
                           momentum=0.9)


def frozen(model, image):
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that T is traced as a constant is meant
        return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, image)))


class Bench:
    def __init__(self, a):
        nodes = graphs.NETS[a.net]()
        self.image, self.label = images(a, nodes[0]["shape"])
        self.model = net.Net(nodes, a.T, a.neuron, not a.repeat)
        if a.weights:
            with torch.no_grad():
                own = self.model.tensors()
                for name, tensor in files.load_tensors(a.weights, own).items():
                    own[name].copy_(tensor)
        if a.infer:
            self.model.eval()
        if a.fold:
            self.model.fold()
        if a.channels_last:
            self.model.to(memory_format=torch.channels_last)
            self.image = [x.contiguous(memory_format=torch.channels_last) for x in self.image]
        if a.freeze:
            self.model = frozen(self.model, self.image[0])
        self.step = self.infer if a.infer else self.train
        self.optimiser = None if a.infer else optimiser(self.model)
        self.turn = 0

    def loss(self):
        at = self.turn % BATCHES
        self.turn += 1
        return torch.nn.functional.cross_entropy(self.model(self.image[at]), self.label[at])

    def infer(self):
        with torch.inference_mode():
            return self.loss().item()

    def train(self):
        loss = self.loss()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item()


def say(**what):
    print(json.dumps(what), flush=True)


def main():
    torch.manual_seed(1)
    bench = Bench(arguments())
    restart_peak()
    first = [bench.step() for _ in range(WARM_STEPS)][0]
    say(ready=True, loss=first)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            loss = bench.step()
            seconds.append(time.perf_counter() - start)
        say(median_s=sorted(seconds)[len(seconds) // 2], loss=loss,
            memory_bytes=memory("VmHWM") - IDLE, process_bytes=memory("VmHWM"))


main()
