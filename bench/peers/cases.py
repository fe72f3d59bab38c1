"""What is compared, and what the project wants of it: ratios are the opponent's over ours."""
from dataclasses import dataclass, field


@dataclass
class Net:
    notation: str  # for myelin
    shape: str
    data: str
    images: int        # of the epoch that makes the weights
    quick_images: int
    flags: list = field(default_factory=list)  # of serve.py: what trains this net fastest


CNN = "32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10"
NETS = {
    "mlp": Net("FC800-LIF-FC10", "1x28x28", "fashion-mnist", 60000, 60000),
    "cnn": Net(CNN, "1x28x28", "fashion-mnist", 60000, 6400, ["--channels-last"]),
    "vgg11": Net("vgg11", "3x32x32", "cifar10", 2048, 512),
    "resnet18": Net("resnet18", "3x32x32", "cifar10", 2048, 512, ["--channels-last"]),
}


@dataclass
class Row:
    rule: str
    time: float = None    # targets; None: reported only
    memory: float = None


@dataclass
class Case:
    net: str
    T: int
    batch: int
    rows: list
    steps: int = 1      # in a turn, so that a turn is not too short to time
    rounds: int = 7
    infer: bool = False
    flags: list = None  # of serve.py, in place of the net's
    stock: bool = True  # time the usual way to write the net as well, malloc tuned and as it is
    quick: bool = True

    @property
    def name(self):
        return f"{self.net} {'inference' if self.infer else 'training'} T={self.T} B={self.batch}"


def deep(net):
    return Case(net, 4, 32, [Row("bptt", 3, 3.5), Row("bptt:checkpoint=node", None, 7),
                             Row("bptt:keep=bf16", 3, 5), Row("rate", 5, 5)])


def inference(batch, steps, *flags):
    return Case("resnet18", 4, batch, [Row("bptt", 3, 6), Row("int8", 6, 6)], steps, infer=True,
                flags=list(flags))


CASES = [
    deep("resnet18"),
    deep("vgg11"),
    Case("resnet18", 16, 32, [Row("rate", None, 9)], rounds=2, stock=False, quick=False),
    Case("vgg11", 16, 32, [Row("rate", None, 9)], rounds=2, stock=False, quick=False),
    Case("cnn", 4, 64, [Row("bptt", 5, 5), Row("bptt:checkpoint=node", None, 8)], 5, 9),
    Case("cnn", 8, 64, [Row("bptt", 5, 5), Row("bptt:checkpoint=node", None, 8)], 3, 9),
    Case("mlp", 4, 128, [Row("bptt", 6)], 50, 9),
    Case("mlp", 8, 128, [Row("bptt", 10)], 30, 9),
    inference(32, 2, "--fold", "--channels-last"),
    inference(1, 10, "--fold", "--freeze"),
]

# Memory that one more time step costs: (memory at T = 8 - memory at T = 2) / 6.
GROWTH = Case("resnet18", 8, 32, [Row("bptt", None, 5), Row("bptt:checkpoint=node", None, 12)])
GROWTH_FROM = 2
