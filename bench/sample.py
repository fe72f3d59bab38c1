#!/usr/bin/env python3
"""What a pruned epoch costs: bench/run BUILD sample [--rounds N] [--threads N]

Trains the network of recipes/fmnist-cnn.yaml, and a dense one, on a part of Fashion-MNIST with all samples
and with SADP at several ratios, in turns. Prints the time of a pruned epoch as a share of the full one
beside the share of samples that it visits (data_pruning.md T11: at most 0.03 more); the same with the passes
that renew running statistics and with scores of all layers; what scores cost, as a share of the epoch."""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CNN = ["recipes/fmnist-cnn.yaml"]
MLP = ["--data", "fashion-mnist", "--net", "FC400-LIF-FC400-LIF-FC10", "--batch", "64"]
CASES = [
    ("CNN, BPTT", CNN + ["--time", "bptt"]),
    ("CNN, rate-based", CNN + ["--time", "rate"]),
    ("MLP, BPTT", MLP),
]
KEPT = (0.7, 0.5, 0.3)
SAMPLES = 25600
EPOCHS = 3  # the first is full


def rho_of(kept):
    """So that the epochs after the first keep that share."""
    return 1 - (1 + kept * (EPOCHS - 1)) / EPOCHS


def epochs(myelin, options, sample, threads):
    """Lines of the epochs after the first."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        subprocess.run(
            [myelin, "train", *options, "--sample", sample, "--limit-train", str(SAMPLES), "--limit-test", "100",
             "--epochs", str(EPOCHS), "--threads", str(threads), "--out", str(out), "--quiet"],
            check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == "epoch"][1:]


def seconds(lines):
    return statistics.median(line["train_s"] for line in lines)


def scoring(lines):
    return statistics.median(line["sample"]["score_s"] / line["train_s"] for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build-bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    myelin = str(Path(asked.build) / "myelin")
    print(f"{'':18}{'visited':>8}{'time':>8}{'more':>8}{'saved/left out':>16}{'renewed':>9}{'out':>9}{'delta':>9}")
    worst = 0.0
    for name, options in CASES:
        ratio, renewed, visited = {kept: [] for kept in KEPT}, {kept: [] for kept in KEPT}, {}
        cost = {score: {kept: [] for kept in KEPT} for score in ("out", "delta")}
        for _ in range(asked.rounds):
            full = seconds(epochs(myelin, options, "all", asked.threads))
            for kept in KEPT:
                for score in cost:
                    # one without and one with the forward passes that renew running statistics
                    option = ",statistics=0" if score == "out" else ""
                    sample = f"sadp:rho={rho_of(kept):.6f},warm=1,score={score}{option}"
                    part = epochs(myelin, options, sample, asked.threads)
                    cost[score][kept].append(scoring(part))
                    visited[kept] = part[0]["processed"]
                    (ratio if score == "out" else renewed)[kept].append(seconds(part) / full)
        for kept in KEPT:
            time, share = statistics.median(ratio[kept]), visited[kept]
            worst = max(worst, time - share)
            costs = "".join(f"{100 * statistics.median(cost[score][kept]):7.2f} %" for score in cost)
            print(f"{name:18}{share:8.3f}{time:8.3f}{time - share:+8.3f}{(1 - time) / (1 - share):16.3f}"
                  f"{statistics.median(renewed[kept]):9.3f}{costs}")
        sys.stdout.flush()
    print(f"\nmost time beside the share of samples: {worst:+.3f} (wanted: at most 0.03)")


if __name__ == "__main__":
    main()
