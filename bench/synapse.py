#!/usr/bin/env python3
"""A multi-spike neuron beside the same rule in plain NumPy, stepped through time: bench/run BUILD synapse

Each presents 1 s patterns of 500 afferents at 5 Hz to one neuron and computes the whole update of rule `tempotron`, of
`peak` and of `mst` (the exact gradient of a critical threshold, found to 1e-6), from the same first weights. The
learning rate is so small that no pattern is ever learned: every presentation costs the same on both sides. NumPy
steps 1 ms at a time; its drive is one matrix product a pattern, spike times and maxima are those of the grid. One
thread each. First the two must agree: --check prints the cosine of NumPy's gradients on the grid with those on one
twenty times as fine.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy looks
import numpy as np

UNITS, WINDOW_MS, RATE_HZ, PATTERNS = 500, 1000, 5, 100
TAU_M, TAU_S = 20.0, 5.0
ETA = TAU_M / TAU_S
V0 = ETA ** (ETA / (ETA - 1)) / (ETA - 1)
WANTED = 40  # spikes; the first weights fire fewer
MEAN, SD = 0.01, 0.01


class Neuron:
    """V on a grid of `dt` ms; what is precomputed for a pattern is its spikes per step."""

    def __init__(self, weights, dt):
        self.w, self.dt = weights, dt
        self.steps = int((WINDOW_MS + 3 * TAU_M) / dt)
        self.decay_m, self.decay_s = np.exp(-dt / TAU_M), np.exp(-dt / TAU_S)
        lag = np.arange(self.steps) * dt
        self.kernel = V0 * (np.exp(-lag / TAU_M) - np.exp(-lag / TAU_S))

    def prepare(self, spikes):
        """[steps, units]: the sum of coefficients of an afferent in a step."""
        grid = np.zeros((self.steps, UNITS))
        np.add.at(grid, ((spikes["t"] / self.dt).astype(int), spikes["unit"]), spikes["coefficient"])
        return grid

    def walk(self, drive, theta, most=10**9):
        """Spike steps with their slopes; the highest maximum below theta and its step."""
        a = b = last = before = 0.0
        fired, slopes, peak, peak_at = [], [], 0.0, -1
        decay_m, decay_s = self.decay_m, self.decay_s
        for k in range(self.steps):
            a = a * decay_m + drive[k]
            b = b * decay_s + drive[k]
            v = a - b
            if v >= theta:
                fired.append(k)
                slopes.append((v - last) / self.dt)
                a -= theta
                v -= theta
                if len(fired) == most:
                    break
                before = v
            elif last > peak and last > v and last >= before:
                peak, peak_at = last, k - 1
            before, last = last, v
        return fired, slopes, peak, peak_at

    def trace(self, grid, times, weights):
        """sum of mu x(t): one product of the kernel, turned around, with the pattern."""
        share = np.zeros(self.steps)
        for t, mu in zip(times, weights):
            share[: t + 1] += mu * self.kernel[t::-1]
        return share @ grid

    def chain(self, fired, slopes, at, theta):
        """What earlier spikes are worth, from the last to the first."""
        mu = np.zeros(len(fired) + 1)
        mu[-1] = 1
        times = list(fired) + [at]
        for j in range(len(fired) - 1, -1, -1):
            later = np.exp(-(np.array(times[j + 1:]) - times[j]) * self.dt / TAU_M)
            mu[j] = theta / (TAU_M * slopes[j]) * (mu[j + 1:] @ later) if slopes[j] > 0 else 0
        return times, mu

    def peak(self, grid):
        fired, slopes, _, at = self.walk(V0 * (grid @ self.w), 1.0)
        n = sum(k <= at for k in fired)
        return self.trace(grid, *self.chain(fired[:n], slopes[:n], at, 1.0))

    def tempotron(self, grid):
        at = self.walk(V0 * (grid @ self.w), np.inf)[3]
        return self.trace(grid, [at], [1.0])

    def mst(self, grid):
        drive = V0 * (grid @ self.w)
        wanted = len(self.walk(drive, 1.0)[0]) + 1
        high = self.walk(drive, np.inf)[2]
        low = high / 2
        while len(self.walk(drive, low, wanted)[0]) < wanted:
            high, low = low, low / 2
        while high - low > 1e-6 * high:
            middle = 0.5 * (low + high)
            if len(self.walk(drive, middle, wanted)[0]) < wanted:
                high = middle
            else:
                low = middle
        below, slopes, _, _ = self.walk(drive, low, wanted)
        above = self.walk(drive, high, wanted)[0]
        touch = next((i for i, k in enumerate(below) if i >= len(above) or above[i] != k), len(below) - 1)
        times, mu = self.chain(below[:touch], slopes[:touch], below[touch], low)
        t = np.array(times) * self.dt
        c = np.array([1 + np.exp(-(t[x] - t[:x]) / TAU_M).sum() for x in range(len(t))])
        return self.trace(grid, times, mu / (mu @ c))


def make_patterns(rng):
    spikes = np.dtype([("t", "<f8"), ("unit", "<i4"), ("coefficient", "<f4")])
    out = []
    for _ in range(PATTERNS):
        n = rng.poisson(UNITS * RATE_HZ * WINDOW_MS / 1000)
        one = np.zeros(n, spikes)
        one["t"] = np.sort(rng.uniform(0, WINDOW_MS, n))
        one["unit"] = rng.integers(0, UNITS, n)
        one["coefficient"] = rng.uniform(0, 2, n)
        out.append(one)
    return out


def write(patterns, path):
    first = np.cumsum([0] + [len(p) for p in patterns])
    np.savez(path, spikes=np.concatenate(patterns), first=first, label=np.ones(len(patterns), np.int32),
             window=np.full(len(patterns), float(WINDOW_MS)))


def ours(build, path, rule, presentations):
    """Seconds of so many presentations, and the time of an epoch's parts does not matter."""
    command = [str(Path(build) / "myelin"), "synapse", "classify", "--patterns", f"file:path={path},hold_out=0,units={UNITS}",
               "--spikes", "augmented", "--rule", rule, "--readout", f"levels:step={WANTED}", "--lambda", "1e-12",
               "--move", "plain", "--init-mean", str(MEAN), "--init-sd", str(SD), "--runs", "1",
               "--epochs", str(presentations // PATTERNS), "--threads", "1", "--json", "--quiet"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for line in map(json.loads, lines):
        if line.get("title") == "accuracy":
            points = {p["label"]: p["mean"] for p in line["series"]["augmented"]}
            assert points["epochs"] == presentations // PATTERNS, points
            return points["learning"]
    raise SystemExit("no times in the answer")


def numpy_seconds(neuron, grids, rule):
    begin = time.perf_counter()
    for grid in grids:
        rule(neuron, grid)
    return (time.perf_counter() - begin) / len(grids)


def agreement(w, patterns, rule):
    """The rule on a fine grid against the coarse one: how near the stepped version is to its own limit."""
    cosines = []
    for p in patterns[:5]:
        coarse, fine = (rule(n, n.prepare(p)) for n in (Neuron(w, 1.0), Neuron(w, 0.05)))
        cosines.append(coarse @ fine / (np.linalg.norm(coarse) * np.linalg.norm(fine)))
    return np.median(cosines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--presentations", type=int, default=10000)
    parser.add_argument("--numpy", type=int, default=100, help="presentations that NumPy is timed on")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    patterns = make_patterns(rng)
    w = rng.normal(MEAN, SD, UNITS)
    if args.check:
        for name, rule in (("tempotron", Neuron.tempotron), ("peak", Neuron.peak), ("mst", Neuron.mst)):
            print(f"{name}: cosine of the gradients with steps of 1 and 0.05 ms, median of five: {agreement(w, patterns, rule):.4f}")
        return
    print(f"{args.presentations} presentations of {UNITS} afferents, {WINDOW_MS} ms, {RATE_HZ} Hz; one thread each; NumPy timed on "
          f"{args.numpy} of them")
    print(f"{'rule':10}{'NumPy, 1 ms steps':>20}{'Myelin':>12}{'ratio':>9}{'us each':>10}{'ns a spike':>12}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "patterns.npz"
        write(patterns, path)
        spikes = np.mean([len(p) for p in patterns])
        for name, rule, text in (("tempotron", Neuron.tempotron, "tempotron:margin=1e6"), ("peak", Neuron.peak, "peak"),
                                 ("mst", Neuron.mst, "mst:tolerance=1e-6")):
            neuron = Neuron(w, 1.0)
            count = max(args.numpy // 10, 3) if name == "mst" else args.numpy
            grids = [neuron.prepare(patterns[i % PATTERNS]) for i in range(count)]
            theirs = args.presentations * numpy_seconds(neuron, grids, rule)
            mine = ours(args.build, path, text, args.presentations)
            each = mine / args.presentations
            print(f"{name:10}{theirs:18.1f} s{mine:10.2f} s{theirs / mine:8.0f}x{1e6 * each:10.1f}{1e9 * each / spikes:12.2f}")


if __name__ == "__main__":
    main()
