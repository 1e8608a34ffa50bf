"""Save a best config from a trial of another space."""

from qgtune import tune

tune.save_best_config("built_search_space.yaml", "best_trial.yaml", None, "best_config.yaml")
