"""``qgtune graph``: what follows what, as a picture's text."""

import argparse

from qgtune.cli.command import Command, add_tuning_file, one_of
from qgtune.cli.printing import OK, print_diagnostics
from qgtune.cli.projects import prepare_file


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    forms = "mermaid (GitHub shows it in Markdown; the default) or dot (of Graphviz)"
    parser.add_argument(
        "--format", type=one_of("mermaid", "dot"), default="mermaid", metavar="FORM", help=forms
    )
    parser.add_argument("--all", action="store_true", help="show parameters too that nothing follows")


def _graph(options: argparse.Namespace) -> int:
    from qgtune.insight.graph import FORMATS, dependency_graph

    prepared = prepare_file(options.tuning)
    print_diagnostics(prepared.warnings, color=options.color)
    print(FORMATS[options.format](dependency_graph(prepared.compilation, with_all_parameters=options.all)))
    return OK


GRAPH = Command(
    "graph",
    "write the dependency graph: parameters, and what follows what",
    "graph TUNING.yaml",
    "graph TUNING.yaml [--format mermaid|dot] [--all]",
    _add_arguments,
    _graph,
)
