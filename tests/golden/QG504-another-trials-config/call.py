"""Save a best config of a conditional space from another trial's built search space."""

import optuna

from qgtune import tune

trial = optuna.trial.FixedTrial({"training.learning_rate": 0.01, "model.layers.count": 2})
tune.build_search_space_with_dependencies(
    "search_space.yaml", None, trial, tune_model=True, built_search_space_file="built_search_space.yaml"
)
tune.save_best_config("built_search_space.yaml", "best_trial.yaml", None, "best_config.yaml")
