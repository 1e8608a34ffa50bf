"""What checks that build models ask of a compiled space, besides its plan."""

import pathlib

from qgtune.compiler.data_facts import DataFacts, data_facts
from qgtune.compiler.pipeline import Compilation, compile_space
from qgtune.compiler.plugins import import_plugins
from qgtune.compiler.problems import Problems
from qgtune.compiler.tuned import outside_of, selection_of
from qgtune.compiler.tuning import read_space_sources, read_tuning
from qgtune.compiler.value_places import nearest_node
from qgtune.core.diagnostics import sort_diagnostics
from qgtune.core.errors import DiagnosticError
from qgtune.core.paths import Path, format_path
from qgtune.nn import Junction
from qgtune.schema.gnn import GRAPH_CLASSIFICATION, TASK_SCHEMAS
from qgtune.space import Reference, SpaceNode
from qgtune.training.proofs.width_log import WidthLog


def compile_unchecked(path: pathlib.Path) -> tuple[Compilation, DataFacts, str]:
    """Return a tuning file's compiled space, the facts of its data and its task, whatever that says of them.

    Without a task, or with one of the user's own, the models are taken for those of graph classification.

    Raises:
        DiagnosticError: if the files cannot be read or compiled.
    """
    problems = Problems()
    tuning = read_tuning(path, problems.found)
    if tuning is None:
        raise DiagnosticError(sort_diagnostics(problems.found))
    import_plugins(tuning, problems.found)
    selection = selection_of(tuning, problems)
    sources = read_space_sources(tuning, problems.found)
    task = tuning.settings.task or GRAPH_CLASSIFICATION
    if task not in TASK_SCHEMAS:
        task = GRAPH_CLASSIFICATION
    return compile_space(sources, selection, problems, outside_of(tuning)), data_facts(tuning), task


def formula_of(compilation: Compilation, facts: DataFacts, log: WidthLog, junction: Junction) -> str | None:
    """Return what the target of a junction should follow: a fact of the data set, or what gives its width.

    None if that cannot be named: a section of the config hides the facts, or no expression was found.
    """
    if junction.source[0] != "data":
        return log.formula(junction.target)
    a_section_hides_it = "data" in compilation.space.root.entries
    known = facts.by_path().get(junction.source)
    return None if a_section_hides_it or known != junction.needed else format_path(junction.source)


def node_at(compilation: Compilation, path: Path) -> SpaceNode | None:
    """Return the node of the space at ``path``, or the reference that it lies within, or None."""
    node, rest = nearest_node(compilation.space.root, path)
    return node if not rest or isinstance(node, Reference) else None
