"""What the trials of a study reported on their way, and all of a study without its storage."""

from collections.abc import Container

import optuna

from qgtune.study.quiet import quiet_optuna


def intermediate_values(
    study: optuna.Study, numbers: Container[int] | None = None
) -> dict[int, list[tuple[int, float]]]:
    """Return step and value of each report, by the number of the trial; of trials that reported any.

    Args:
        study: the study.
        numbers: of which trials; None for all.
    """
    return {
        trial.number: sorted(trial.intermediate_values.items())
        for trial in study.get_trials(deepcopy=False)
        if trial.intermediate_values and (numbers is None or trial.number in numbers)
    }


def in_memory_copy(study: optuna.Study) -> optuna.Study:
    """Return a study with the same trials that needs no storage, so that it can be pickled."""
    with quiet_optuna():
        copy = optuna.create_study(study_name=study.study_name, directions=study.directions)
        copy.add_trials(study.get_trials(deepcopy=False))
    for name, value in study.user_attrs.items():
        copy.set_user_attr(name, value)
    return copy
