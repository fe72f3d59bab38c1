"""
The nets of Myelin's builders as lists of nodes, in the format of the reference cases.

A node is a dict: `name`, `op`, `in` (names of earlier nodes), its settings, and `params`/`buffers`
that map a role to a name of the state (`conv1.weight`). The names are those that `myelin show`
prints and that a checkpoint holds.
"""


class Graph:
    """Appends nodes; keeps the name and the channels of the newest one."""

    def __init__(self, shape):
        self.nodes = [{"name": "input", "op": "input", "in": [], "shape": list(shape)}]
        self.last, self.channels, self.count = "input", shape[0], {}

    def number(self, prefix, kind):
        self.count[prefix + kind] = self.count.get(prefix + kind, 0) + 1
        return f"{prefix}{kind}{self.count[prefix + kind]}"

    def add(self, name, op, inputs=None, params=(), buffers=(), **settings):
        node = {"name": name, "op": op, "in": inputs or [self.last], **settings}
        if params:
            node["params"] = {role: f"{name}.{role}" for role in params}
        if buffers:
            node["buffers"] = {role: f"{name}.{role}" for role in buffers}
        self.nodes.append(node)
        self.last = name
        return name

    def conv(self, channels, kernel=3, stride=1, bias=True, prefix="", source=None):
        inputs = self.channels if source is None else source[1]
        self.channels = channels
        return self.add(self.number(prefix, "conv"), "conv2d", source and [source[0]],
                        ("weight", "bias") if bias else ("weight",), in_channels=inputs,
                        out_channels=channels, kernel=[kernel] * 2, stride=[stride] * 2,
                        padding=[kernel // 2] * 2)

    def norm(self, prefix=""):
        return self.add(self.number(prefix, "bn"), "batchnorm", None, ("weight", "bias"),
                        ("running_mean", "running_var"), features=self.channels, eps=1e-5,
                        momentum=0.1, statistics="all_steps")

    def lif(self, prefix=""):
        return self.add(self.number(prefix, "lif"), "lif")

    def pool(self, op):
        return self.add(self.number("", "pool"), op, kernel=[2, 2], stride=[2, 2], padding=[0, 0])

    def dense(self, inputs, outputs):
        return self.add(self.number("", "fc"), "linear", None, ("weight", "bias"),
                        in_features=inputs, out_features=outputs)

    def head(self, classes):
        self.add("gap1", "global_avgpool")
        self.add("flatten1", "flatten")
        self.dense(self.channels, classes)


def mlp(hidden=800, classes=10):
    g = Graph((1, 28, 28))
    g.add("flatten1", "flatten")
    g.dense(784, hidden)
    g.lif()
    g.dense(hidden, classes)
    return g.nodes


def cnn(width=32, classes=10):
    g = Graph((1, 28, 28))
    for channels in (width, 2 * width):
        g.conv(channels, bias=False)
        g.norm()
        g.lif()
        g.pool("maxpool")
    g.add("flatten1", "flatten")
    g.dense(2 * width * 49, classes)
    return g.nodes


def vgg11(width=64, classes=10, size=32):
    g = Graph((3, size, size))
    for step in (1, "A", 2, 4, "A", 8, 8, "A", 8, "A", 8, 8):
        if step == "A":
            g.pool("avgpool")
        else:
            g.conv(step * width)
            g.norm()
            g.lif()
    g.head(classes)
    return g.nodes


def block(g, prefix, channels, stride):
    source = (g.last, g.channels)
    g.conv(channels, 3, stride, False, prefix)
    g.norm(prefix)
    g.lif(prefix)
    g.conv(channels, 3, 1, False, prefix)
    left, right = g.norm(prefix), source[0]
    if stride != 1 or source[1] != channels:
        g.conv(channels, 1, stride, False, prefix + "shortcut.", source)
        right = g.norm(prefix + "shortcut.")
    g.add(g.number(prefix, "add"), "add", [left, right])
    g.lif(prefix)


def resnet18(width=64, classes=10, size=32):
    g = Graph((3, size, size))
    g.conv(width, bias=False)
    g.norm()
    g.lif()
    for stage in range(4):
        for i in range(2):
            block(g, f"layer{stage + 1}.{i}.", width << stage, 2 if stage and not i else 1)
    g.head(classes)
    return g.nodes


NETS = {"mlp": mlp, "cnn": cnn, "vgg11": vgg11, "resnet18": resnet18}
