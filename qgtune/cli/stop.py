"""``qgtune stop``: ask a run to let its trials finish, and to end."""

import argparse

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import OK


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)


def _stop(options: argparse.Namespace) -> int:
    from qgtune.cli.projects import naming_what_is_meant
    from qgtune.core.errors import QgtuneError
    from qgtune.outputs.studies import tuning_of
    from qgtune.outputs.study_results import open_tuned_study
    from qgtune.study import ask_to_stop, hosts_at_work

    with naming_what_is_meant(options.tuning):
        tuning = tuning_of(options.tuning)
    storage = tuning.settings.storage_at(tuning.folder)
    if storage is None:
        raise QgtuneError("a study in memory cannot be reached from outside: press Ctrl-C where it runs")
    study = open_tuned_study(tuning, turned=True)
    asked = ask_to_stop(study.study_name, storage)
    for pid in asked:
        print(f"study {study.study_name}: process {pid} was asked to stop; its running trials finish first")
    elsewhere = hosts_at_work(study)
    if elsewhere:
        print(f"study {study.study_name}: trials run on {', '.join(elsewhere)}; stop them there")
    if not asked and not elsewhere:
        print(f"study {study.study_name}: no run is at work, so there is nothing to stop")
    return OK


STOP = Command(
    "stop",
    "ask a run to let its running trials finish, and to end",
    "stop TUNING.yaml",
    "stop TUNING.yaml",
    _add_arguments,
    _stop,
)
