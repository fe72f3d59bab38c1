"""
Myelin beside PyTorch: the same net, weights and images on both sides, taking turns.

    run.py [--build DIR] [--out FILE] [--quick] [--case TEXT] [--rounds N]

First the opponent writes reference cases that `myelin verify` must pass. Then, for each case of
cases.py, all sides live as processes that time a few steps on command, one after the other, so
that a busy moment of the machine meets them all. A ratio is the median of the ratios of pairs.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

import sides
from cases import CASES, GROWTH, GROWTH_FROM


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--build", default="build")
    p.add_argument("--out", default="build/bench-peers.jsonl")
    p.add_argument("--quick", action="store_true", help="three pairs, fewer cases")
    p.add_argument("--case", default="", help="only cases whose name contains this")
    p.add_argument("--rounds", type=int, default=0, help="pairs; 0: as the case says")
    return p.parse_args()


def quartiles(values):
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"low": low, "median": median, "high": high}


def ratios(tops, bottoms):
    return [a / b for a, b in zip(tops, bottoms)]


def take_turns(processes, steps, rounds):
    """Seconds of a step of each process, [process][round]."""
    seconds = [[] for _ in processes]
    for _ in range(rounds):
        for mine, process in zip(seconds, processes):
            mine.append(process.ask(steps)["median_s"])
    return seconds


def check_loss(case, rule, ours, peer):
    """Weights, images and arithmetic agree, but for 8-bit weights: so does the first loss."""
    a, b = ours.ready["loss"], peer.ready["loss"]
    if abs(a - b) > (0.2 if rule == "int8" else 0.01) * abs(b):
        sys.exit(f"error: {case.name}: the first loss is {a:.6g} here and {b:.6g} in PyTorch")


def compare(setting, case, rounds):
    """The rows of a case."""
    peer = sides.peer(setting, case)
    usual = []
    if case.stock and not setting.quick:
        usual = [sides.peer(setting, case, usual=True), sides.peer(setting, case, usual=True, lean=True)]
    found = [(row, sides.ours(setting, case, row.rule)) for row in case.rows]
    found = [(row, ours) for row, ours in found if ours]
    if setting.weights[case.net]:
        for row, ours in found:
            check_loss(case, row.rule, ours, peer)
    processes = [peer] + [ours for _, ours in found] + usual
    seconds = take_turns(processes, case.steps, rounds)
    last = [process.close() for process in processes]
    first_usual = len(found) + 1
    # The allocator that is fastest for PyTorch is not its leanest: the lower one counts.
    peer_bytes = min(last[0]["memory_bytes"], sides.peer_memory(setting, case))
    rows = []
    for i, (row, ours) in enumerate(found, 1):
        rows.append({
            "case": case.name, "net": case.net, "T": case.T, "batch": case.batch,
            "infer": case.infer, "rule": row.rule, "data": setting.data_name(case.net),
            "pairs": rounds, "time_ratio": statistics.median(ratios(seconds[0], seconds[i])),
            "time_target": row.time, "ours_s": quartiles(seconds[i]),
            "peer_s": quartiles(seconds[0]),
            "usual_time_ratio":
                statistics.median(ratios(seconds[first_usual], seconds[i])) if usual else None,
            "stock_time_ratio":
                statistics.median(ratios(seconds[-1], seconds[i])) if usual else None,
            "usual_memory_ratio":
                min(x["memory_bytes"] for x in last[first_usual:]) / last[i]["memory_bytes"]
                if usual else None,
            "memory_ratio": peer_bytes / last[i]["memory_bytes"], "memory_target": row.memory,
            "ours_bytes": last[i]["memory_bytes"], "peer_bytes": peer_bytes,
            "ours_process_bytes": last[i]["process_bytes"],
            "peer_process_bytes": last[0]["process_bytes"],
            "peak_gflop_per_s": ours.ready["peak_gflop_per_s"], "load": os.getloadavg()[0]})
    return rows


def growth(setting):
    """Rows for the memory that a time step costs."""
    spans = [GROWTH_FROM, GROWTH.T]

    def a_step(memory_of):
        few, many = (memory_of(T) for T in spans)
        return (many - few) / (spans[1] - spans[0])

    peer = a_step(lambda T: sides.peer_memory(setting, GROWTH, T))
    usual = a_step(lambda T: sides.peer_memory(setting, GROWTH, T, usual=True))
    rows = []
    for row in GROWTH.rows:
        ours = a_step(lambda T: sides.our_memory(setting, GROWTH, row.rule, T))
        rows.append({"case": f"{GROWTH.net} memory of a time step B={GROWTH.batch}",
                     "net": GROWTH.net, "batch": GROWTH.batch, "rule": row.rule,
                     "memory_ratio": peer / ours, "usual_memory_ratio": usual / ours,
                     "memory_target": row.memory, "ours_bytes": ours, "peer_bytes": peer})
    return rows


# ---- output ----

LINE = "{:36} {:21} {:>6} {:>6} {:>6} {:>6} {:>7} {:>6} {:>6} {:1} {:>9} {:>9} {:>8} {:>8} {:>8}"
HEAD = ("case", "rule", "hand", "usual", "stock", "wanted", "hand", "usual", "wanted", "", "our ms",
        "hand ms", "our MiB", "hand", "process")


def text(row, key, scale=1.0, form="{:.2f}"):
    value = row.get(key)
    if isinstance(value, dict):
        value = value["median"]
    return "-" if value is None else form.format(value * scale)


def show(row):
    mib = 2.0 ** -20
    print(LINE.format(
        row["case"], row["rule"], text(row, "time_ratio"), text(row, "usual_time_ratio"),
        text(row, "stock_time_ratio"), text(row, "time_target", 1, "{:g}"), text(row, "memory_ratio"),
        text(row, "usual_memory_ratio"), text(row, "memory_target", 1, "{:g}"), "",
        text(row, "ours_s", 1e3), text(row, "peer_s", 1e3), text(row, "ours_bytes", mib, "{:.1f}"),
        text(row, "peer_bytes", mib, "{:.1f}"), text(row, "ours_process_bytes", mib, "{:.1f}")),
        flush=True)


def main():
    a = arguments()
    if os.getloadavg()[0] > 0.5:
        sides.say(f"load {os.getloadavg()[0]:.1f}: other programs run, which slow PyTorch more than "
                  "Myelin; do not quote these figures")
    os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
    setting = sides.Setting(a.build, a.quick)
    agreement = os.path.join(setting.folder, "cases")
    subprocess.run([sides.PYTHON, sides.HERE + "/case.py", agreement], check=True)
    subprocess.run([setting.myelin, "verify", agreement], check=True)
    print("\nRatios are PyTorch's over ours: time of a step, then peak memory over the idle process.\n"
          "hand:  gradients written by hand, first layer once, malloc and BLAS tuned\n"
          "usual: autograd over every operation, as frameworks do; malloc and BLAS tuned\n"
          "stock: the same with malloc as it is (bench/README.md)\n")
    print(LINE.format(*HEAD), flush=True)
    with open(a.out, "w") as out:
        def put(rows):
            for row in rows:
                show(row)
                out.write(json.dumps(row) + "\n")
                out.flush()

        for case in CASES:
            if a.case in case.name and (case.quick or not a.quick):
                put(compare(setting, case, a.rounds or (3 if a.quick else case.rounds)))
        if not a.quick and a.case in "growth memory":
            put(growth(setting))
    print(f"\n-- written to {a.out}", file=sys.stderr)


main()
