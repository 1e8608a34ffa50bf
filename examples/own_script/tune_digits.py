"""Tune a perceptron in a script of your own: QGTune's functions, Optuna's ``optimize``, several processes.

``python tune_digits.py [FOLDER]`` reads the YAML files beside it and writes its results to FOLDER, by default
``runs`` beside it.
"""

import sys
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import optuna
import torch
from sklearn.datasets import load_digits
from torch import nn

from qgtune import tune

HERE = Path(__file__).parent


def define_model(config: dict[str, Any]) -> nn.Module:
    """Return the perceptron that the config describes."""
    layers: list[nn.Module] = []
    for layer in config["model"]["nn"]:
        layers += [nn.Linear(layer["in_dim"], layer["out_dim"]), nn.ReLU(), nn.Dropout(layer["dropout"])]
    layers.append(nn.Linear(config["model"]["nn"][-1]["out_dim"], 10))
    return nn.Sequential(*layers)


def load_data() -> tuple[torch.Tensor, torch.Tensor]:
    """Return images, float32 [1797, 64] from 0 to 1, and labels, int64 [1797]."""
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images, dtype=torch.float32) / 16, torch.tensor(labels)


def objective(trial: optuna.Trial, tuning_config: dict[str, Any], results: Path) -> float:
    """Return the validation accuracy of one trial; report it after each epoch, so that it can be pruned."""
    config = tune.build_search_space_with_dependencies(
        HERE / tuning_config["search_space_path"],
        HERE / tuning_config["dependency_mapping_path"],
        trial,
        tune_model=tuning_config["tune_model"],
        tune_training=tuning_config["tune_training"],
        base_settings_file=HERE / tuning_config["base_settings_path"],
        built_search_space_file=results / tuning_config["built_search_space_path"],
    )
    training = config["training"]
    torch.manual_seed(trial.number)
    model = define_model(config)
    optimizer = getattr(torch.optim, training["optimizer"])(model.parameters(), lr=training["lr"])
    images, labels = load_data()
    train, valid = slice(0, 1400), slice(1400, None)
    accuracy = 0.0
    for epoch in range(training["epochs"]):
        model.train()
        for batch in torch.randperm(1400).split(training["batch_size"]):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[train][batch]), labels[train][batch]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(images[valid]).argmax(1) == labels[valid]).float().mean().item()
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optuna.exceptions.TrialPruned
    return accuracy


def tune_iteration(_: int, tuning_config: dict[str, Any], results: Path) -> None:
    """Run one iteration's trials in this process; all processes share the study through its journal."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = tune.create_study(tuning_config)
    study.optimize(
        partial(objective, tuning_config=tuning_config, results=results),
        n_trials=tuning_config["n_trials"],
        timeout=tuning_config["timeout"],
        n_jobs=tuning_config["n_jobs"],
    )


def main(results: Path) -> None:
    """Tune, then save the best trial and the best config."""
    results.mkdir(parents=True, exist_ok=True)
    tuning_config = tune.get_tuning_settings(HERE / "tuning.yaml")
    tuning_config["storage"] = str(results / tuning_config["storage"])
    tune.create_study(tuning_config)  # before the processes start, so that they all find it
    run = partial(tune_iteration, tuning_config=tuning_config, results=results)
    with get_context("spawn").Pool(tuning_config["n_processes"]) as pool:
        pool.map(run, range(tuning_config["n_iterations"]), chunksize=1)

    study = tune.create_study(tuning_config)
    tune.save_best_trial(study, results / tuning_config["best_trial_path"])
    tune.save_best_config(
        built_search_space_file=results / tuning_config["built_search_space_path"],
        best_trial_file=results / tuning_config["best_trial_path"],
        depmap_file=HERE / tuning_config["dependency_mapping_path"],
        output_file=results / tuning_config["best_param_path"],
    )
    print(f"{len(study.trials)} trials, best accuracy {study.best_value:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "runs")
