"""Wall time on two cores until a study reaches the validation F1 that a plain study ends with.

The plain study, of plain_study.py, is what a user writes with Optuna and torch_geometric: one process with
two threads, layers and loaders as they come, TPE, the MedianPruner of QGTune's guide, a journal file, 40
trials. QGTune gets the same data, split, search space and base settings with its own defaults, on two
processes, and runs until a trial is as good as the best one of the plain study.

The search space is the guide's, made small: widths of 32 and 64 where it has 128 to 512, 10 to 50 epochs
where it has 50 to 200; 800 causal sets of 30 to 80 elements. A trial's value is its best epoch's
on both sides, and both stop early by the same rule.

Clocks start with the command, so that imports count. Two figures for the plain study: when its best trial
ended, and when all of its trials had. The first argument is the number of seeds (5); the second a list of
settings to try in place of the defaults, in JSON (``[{}, {"pruner": "asha"}]``); the third how many trials
the plain study has (40).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GRAPHS = {"name": "causal_sets", "num_graphs": 800, "min_nodes": 30, "max_nodes": 80}
PLAIN = str(Path(__file__).with_name("plain_study.py"))
PLAIN_TRIALS, MOST_TRIALS = 40, 120
SPLITS = {"training": 0.6, "validation": 0.25, "testing": 0.15}
SPLIT_SEED = 42
WIDTHS, EPOCHS, BATCH_SIZES = [32, 64], [10, 25, 50], [32, 64]
LAYERS = ["sage", "gcn", "gat", "gco"]
NORMALIZERS = ["batch_norm", "identity", "layer_norm"]
ACTIVATIONS = ["relu", "leaky_relu", "sigmoid", "tanh", "identity"]
POOLINGS = ["mean", "max", "sum"]
DROPOUT, LEARNING_RATE, WEIGHT_DECAY = (0.2, 0.5, 0.1), (1e-5, 1e-1), (1e-6, 1e-2)
PATIENCE, WINDOW, TOLERANCE = 5, 7, 0.001


def project_files(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what the files of a project hold; JSON is YAML."""
    blocks = [
        {"in_dim": i, "out_dim": 32, "dropout": 0.3, "gnn_layer_type": "sage", "normalizer": "batch_norm"}
        | {"norm_args": [32], "activation": "relu"}
        for i in (12, 32, 32)
    ]
    varying = {
        "out_dim": WIDTHS,
        "dropout": {"type": "tuple", "value": list(DROPOUT)},
        "gnn_layer_type": LAYERS,
        "normalizer": NORMALIZERS,
        "activation": ACTIVATIONS,
    }
    widths = [f"model.gcn_net[{index}].out_dim" for index in range(3)]
    follows = [{"norm_args": [width]} for width in widths]
    for block, width in zip(follows[1:], widths, strict=False):
        block["in_dim"] = width
    loader = {"batch_size": 64, "shuffle": False, "split": SPLITS["validation"]}
    stopping = {"patience": PATIENCE, "window": WINDOW, "tol": TOLERANCE, "metric": "f1_weighted"}
    return {
        "base.yaml": {
            "model": {
                "gcn_net": blocks,
                "pooling_layer": "mean",
                "classifier": {
                    "input_dim": 32,
                    "hidden_dims": [48, 18],
                    "output_dims": [2],
                    "activation": "relu",
                },
            },
            "training": {
                "seed": SPLIT_SEED,
                "device": "cpu",
                "learning_rate": 0.001,
                "weight_decay": 0.0001,
                "batch_size": 32,
                "drop_last": True,
                "num_epochs": 25,
                "split": SPLITS["training"],
                "optimizer": "Adam",
                **{f"early_stopping_{name}": value for name, value in stopping.items()},
            },
            "validation": loader,
            "testing": {**loader, "split": SPLITS["testing"]},
        },
        "space.yaml": {
            "model": {
                "gcn_net": [varying] * 3,
                "pooling_layer": POOLINGS,
                "classifier": {"activation": ACTIVATIONS},
            },
            "training": {
                "learning_rate": {"type": "tuple", "value": [*LEARNING_RATE, True]},
                "weight_decay": {"type": "tuple", "value": [*WEIGHT_DECAY, True]},
                "batch_size": BATCH_SIZES,
                "num_epochs": EPOCHS,
            },
        },
        "follows.yaml": {"model": {"gcn_net": follows, "classifier": {"input_dim": widths[-1]}}},
        "tuning.yaml": {
            "base_settings_path": "base.yaml",
            "search_space_path": "space.yaml",
            "dependency_mapping_path": "follows.yaml",
            "study_name": "ours",
            "task": "graph_classification",
            "data": GRAPHS,
            "metric": "f1_weighted",
            "direction": "maximize",
            "n_trials": MOST_TRIALS,
            "n_processes": 2,
            "plots": False,
            **settings,
        },
    }


def plain(folder: Path, seed: int, n_trials: int) -> tuple[float, float, float]:
    """Return the best F1 of a plain study, when its trial ended, and when the last one had, in seconds."""
    began = time.time()
    command = [sys.executable, "-W", "ignore", PLAIN, str(folder), str(seed), str(n_trials)]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    trials = [json.loads(line) for line in output.splitlines() if line.startswith("[")]
    moment, _, best = max((t for t in trials if t[1] == "COMPLETE"), key=lambda trial: (trial[2], -trial[0]))
    return best, moment - began, trials[-1][0] - began


def ours(folder: Path, settings: dict[str, Any]) -> tuple[float, int, bool]:
    """Return after how many seconds and finished trials a run has reached its target, and whether it has."""
    folder.mkdir()
    for name, content in project_files(settings).items():
        (folder / name).write_text(json.dumps(content))
    began = time.time()
    subprocess.run(
        [sys.executable, "-m", "qgtune", str(folder / "tuning.yaml"), "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    from qgtune.study import open_study, trial_records

    records = [r for r in trial_records(open_study(None, folder / "runs" / "ours" / "study.log")) if r.ended]
    good = [r.ended for r in records if r.values and r.values[0] >= settings["target"]]
    end = min(good) if good else max(r.ended for r in records)
    return end.timestamp() - began, sum(r.ended <= end for r in records), bool(good)


def main(n_seeds: int, variants: list[dict[str, Any]], n_trials: int) -> None:
    """Print a line for each seed and each variant of the settings, and the medians of each variant."""
    ratios: list[list[tuple[float, float]]] = [[] for _ in variants]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Makes the data set, which both then read.
        make = f"from qgtune.data import load_dataset; load_dataset({GRAPHS}, base_dir=None)"
        subprocess.run([sys.executable, "-W", "ignore", "-c", make], check=True)
        for seed in range(n_seeds):
            inner = folder / f"plain_{seed}"
            inner.mkdir()
            best, reached, ended = plain(inner, seed, n_trials)
            print(
                f"seed {seed}: plain ends with F1 {best:.4f}, reached after {reached:.0f} s, "
                f"{n_trials} trials in {ended:.0f} s"
            )
            for index, settings in enumerate(variants):
                load = os.getloadavg()[0]
                seconds, count, good = ours(
                    folder / f"ours_{seed}_{index}", {"seed": seed, "target": best, **settings}
                )
                ratios[index].append((reached / seconds, ended / seconds))
                print(
                    f"  qgtune, {settings or 'its defaults'}: {'reached' if good else 'NOT reached'} after "
                    f"{seconds:.0f} s, {count} trials; {reached / seconds:.1f} and {ended / seconds:.1f} "
                    f"times as fast (load {load:.1f})",
                    flush=True,
                )
    for settings, pairs in zip(variants, ratios, strict=True):
        until_best, until_end = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"median of {n_seeds}, {settings or 'its defaults'}: {until_best:.1f} times as fast as to the "
            f"plain study's best trial, {until_end:.1f} times as fast as to its end"
        )


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(int(given.get(1, 5)), json.loads(given.get(2, "[{}]")), int(given.get(3, PLAIN_TRIALS)))
