"""``qgtune infer-dependencies``: a dependency map, proposed from what the model's parts need."""

import argparse

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import OK
from qgtune.cli.projects import naming_what_is_meant


def _infer_dependencies(options: argparse.Namespace) -> int:
    from qgtune.compiler.load import read_data_file

    with naming_what_is_meant(options.tuning):
        read_data_file(options.tuning)  # a file that is not there is told before torch is imported
        from qgtune.training.proofs.dependency_inference import infer_dependencies_of

        print(infer_dependencies_of(options.tuning).text, end="")
    return OK


INFER_DEPENDENCIES = Command(
    "infer-dependencies",
    "propose a dependency map from the model that the base settings describe",
    "infer-dependencies TUNING.yaml",
    "infer-dependencies TUNING.yaml",
    add_tuning_file,
    _infer_dependencies,
)
