"""The processes that are compared, their weights and their data."""
import json
import os
import subprocess
import sys

from cases import NETS

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's PyTorch
OPENMP_BLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
# Blocks are never given back and lie on huge pages: 1.2 to 1.9 times faster for PyTorch.
TUNED_MALLOC = ":".join("glibc.malloc." + option for option in (
    "hugetlb=1", "mmap_max=0", "trim_threshold=17179869184", "top_pad=67108864"))
FASHION = "/usr/share/datasets/fashion-mnist"


def say(line):
    print("-- " + line, file=sys.stderr, flush=True)


def environment(**more):
    """Without settings of OpenBLAS that tell it which processor this is."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("OPENBLAS_", "OMP_", "GOMP_", "LD_LIBRARY", "GLIBC_"))}
    return {**env, **more}


class Side:
    """A process of the protocol of serve.py."""

    def __init__(self, command, env):
        self.command, self.last = command, None
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        self.ready = json.loads(line) if line else None

    def fail(self):
        return self.process.communicate()[1]

    def ask(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {' '.join(self.command)}: {self.fail()}")
        self.last = json.loads(line)
        return self.last

    def close(self):
        """Ends the process; its last answer."""
        self.process.communicate()
        return self.last


class Setting:
    """Where things are, and the weights that all sides start from."""

    def __init__(self, build, quick):
        self.myelin = os.path.join(build, "myelin")
        self.folder = os.path.join(build, "peers")
        self.quick = quick
        os.makedirs(self.folder, exist_ok=True)
        self.folders = {"fashion-mnist": FASHION, "cifar10": self.cifar10()}
        self.weights = Weights(self)

    def cifar10(self):
        """The folder of data_batch_1.bin: named by the user, or unpacked from the shared data."""
        shared = os.environ.get("MYELIN_SHARED", os.path.join(HERE, "../../../shared/data"))
        unpacked = os.path.join(self.folder, "cifar-10-batches-bin")
        pack = os.path.join(shared, "unpack.sh")
        folder = os.environ.get("MYELIN_CIFAR10", unpacked)
        if folder == unpacked and os.path.exists(pack):
            subprocess.run(["sh", pack, self.folder, "cifar10-small"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if os.path.exists(os.path.join(folder, "data_batch_1.bin")):
            return folder
        say("no CIFAR-10 (set MYELIN_CIFAR10 to a folder with data_batch_1.bin): VGG-11 and "
            "ResNet-18 run on noise with fresh weights")
        return None

    def data_name(self, net):
        return NETS[net].data if self.folders[NETS[net].data] else "noise"


class Weights(dict):
    """net -> checkpoint after a short training on real images, None without data."""

    def __init__(self, setting):
        super().__init__()
        self.setting = setting

    def __missing__(self, net):
        s, about = self.setting, NETS[net]
        data = s.folders[about.data]
        images = about.quick_images if s.quick else about.images
        run = os.path.join(s.folder, f"{net}-{images}")
        self[net] = os.path.join(run, "last.safetensors") if data else None
        if data and not os.path.exists(os.path.join(run, "best.safetensors")):
            say(f"training {net} for one epoch of {images} images")
            subprocess.run(["rm", "-rf", run], check=True)
            subprocess.run([s.myelin, "train", "--net", about.notation, "--data", method(about.data),
                            "--data-dir", data, "--batch", "128" if net == "mlp" else "64",
                            "--epochs", "1", "--limit-train", str(images), "--limit-test", "256",
                            "--out", run, "--quiet"], check=True, stdout=subprocess.DEVNULL,
                           env=environment())
        return self[net]


def method(data):
    """One file of CIFAR-10 is enough."""
    return "cifar10:batches=1" if data == "cifar10" else data


def common(setting, case, T=None):
    folder = setting.folders[NETS[case.net].data]
    weights = setting.weights[case.net]
    return (["--T", str(T or case.T), "--batch", str(case.batch)] + ["--infer"] * case.infer +
            (["--weights", weights, "--data-dir", folder] if folder else []))


def peer(setting, case, usual=False, lean=False, T=None):
    """
    PyTorch with its gradients written by hand and the first layer computed once; or `usual`: the
    code of frameworks and tutorials, autograd over every operation, image repeated. `lean`: malloc
    as it is, else tuned.
    """
    about = NETS[case.net]
    command = [PYTHON, HERE + "/serve.py", case.net, *common(setting, case, T)]
    if setting.folders[about.data]:
        command += ["--data", about.data]
    tuned = about.flags if case.flags is None else case.flags
    if lean and case.infer and not usual:
        tuned = ["--channels-last"]  # folding and freezing take memory
    command += ["--neuron", "plain", "--repeat"] if usual else tuned
    env = environment(LD_LIBRARY_PATH=OPENMP_BLAS)
    if not lean:
        env["GLIBC_TUNABLES"] = TUNED_MALLOC
    side = Side(command, env)
    if not side.ready:
        sys.exit(f"error: {' '.join(command)}: {side.fail()}")
    return side


def ours(setting, case, rule, T=None):
    """Myelin; None, with a message, where this build does not know the rule's option."""
    about = NETS[case.net]
    command = [setting.myelin, "bench", about.notation, "--serve", "--input", about.shape,
               *(["--int8", "--time", "bptt"] if rule == "int8" else ["--time", rule]), *common(setting, case, T)]
    if setting.folders[about.data]:
        command += ["--data", method(about.data)]
    side = Side(command, environment())
    if side.ready:
        return side
    message = side.fail().strip()
    if "keep" in rule and "keep" in message:
        say(f"skipped: {case.name} {rule}: this build has no such option")
        return None
    sys.exit(f"error: {' '.join(command)}: {message}")


def peer_memory(setting, case, T=None, usual=False):
    side = peer(setting, case, lean=True, T=T, usual=usual)
    side.ask(1)
    return side.close()["memory_bytes"]


def our_memory(setting, case, rule, T):
    side = ours(setting, case, rule, T)
    side.ask(1)
    return side.close()["memory_bytes"]
