"""New trials that carry the process which runs them from their first moment."""

from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from qgtune.study.storage.ownership import owner_attributes


def born_with_owner() -> FrozenTrial:
    """Return the template of a trial that this process is about to run.

    The owner is written together with the trial, in one record or one transaction: there is no moment at
    which a killed process leaves a trial of nobody.
    """
    return FrozenTrial(
        number=-1,
        trial_id=-1,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=datetime.now(),  # noqa: DTZ005 - Optuna's own convention: local time without a zone
        datetime_complete=None,
        params={},
        distributions={},
        user_attrs=owner_attributes(),
        system_attrs={},
        intermediate_values={},
    )
