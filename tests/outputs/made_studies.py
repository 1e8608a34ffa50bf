"""Studies of the tiny project that no run made, and where their results are."""

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


def runs_of(tuning):
    return tuning.parent / "runs" / "tiny"


def made_study(tuning, directions, values):
    """Return a study with a complete trial for each tuple of values."""
    runs_of(tuning).mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(runs_of(tuning) / "study.log")))
    study = optuna.create_study(study_name="tiny", storage=storage, directions=directions)
    for number, value in enumerate(values):
        study.add_trial(made_trial(value, (number + 1) / 10))
    return study


def made_trial(values, rate):
    rates = optuna.distributions.FloatDistribution(0.001, 1.0, log=True)
    sizes = optuna.distributions.CategoricalDistribution((16, 32, 64))
    return optuna.trial.create_trial(
        values=list(values),
        params={"training.learning_rate": rate, "training.batch_size": 32},
        distributions={"training.learning_rate": rates, "training.batch_size": sizes},
    )
