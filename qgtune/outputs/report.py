"""A study -> the report that people read: a page in Markdown, a page of HTML, and pictures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.prepare import Prepared
from qgtune.core.trials import TrialRecord
from qgtune.insight.graph import dependency_graph
from qgtune.outputs.files import OutputFiles
from qgtune.outputs.own_files import OwnFiles
from qgtune.reports.advice import advice
from qgtune.reports.graph_drawing import Arrow, Box
from qgtune.reports.page import report_page
from qgtune.reports.page_configs import ConfigReader
from qgtune.reports.page_data import PageParts
from qgtune.reports.results import Results
from qgtune.reports.summary import summary_report
from qgtune.space import EvaluationError

if TYPE_CHECKING:
    from qgtune.study import Importances, Picture, Study

_LEAST = 10
"""Complete trials below which importances are a matter of luck."""
_NOT_KEPT = "It was not computed, as the study was in memory only"


def write_report(
    prepared: Prepared,
    results: Results,
    study: "Study | None",
    files: OutputFiles,
    own: OwnFiles,
) -> dict[str, float]:
    """Write summary_report.md and report.html; return the importance of each parameter.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        results: what the study has found.
        study: the study; None if it was in memory only.
        files: where to write.
        own: writes files.

    Raises:
        OSError: if a file cannot be written.
    """
    shares: dict[str, float] = {}
    evaluator, curves = _NOT_KEPT, {}
    if study is not None:
        from qgtune.study import importances, intermediate_values

        found = importances(study, least=_LEAST)
        shares, evaluator = found.shares, _said(found, results.metrics)
        curves = intermediate_values(study)
    boxes, arrows = _graph(prepared.compilation)
    parts = PageParts(
        config_of=config_reader(prepared.compilation),
        importances=shares,
        evaluator=evaluator,
        curves=curves,
        boxes=boxes,
        arrows=arrows,
        advice=advice(results, shares),
    )
    own.write(files.summary_report, summary_report(results, shares, evaluator))
    own.write(files.report, report_page(results, parts))
    return shares


def _said(found: "Importances", metrics: Sequence[str]) -> str:
    """Return how importances were found, of what, and which parameters have none; or why there are none."""
    if not found.shares:
        return found.method
    which = ", the first value" if len(metrics) > 1 else ""
    number = len(found.left_out)
    has = (
        "1 parameter that only some complete trials have is"
        if number == 1
        else (f"{number} parameters that only some complete trials have are")
    )
    return f"{found.method}, of {metrics[0]}{which}" + (f"; {has} left out" if number else "")


def write_plots(
    found: Iterable["Picture"], files: OutputFiles, own: OwnFiles, in_a_hurry: Callable[[], bool]
) -> Iterator[str]:
    """Write the pictures of a study into the folder ``plots``, and remove those that it no longer has.

    Yields a sentence for each that could not be drawn, and one if the rest was left out in a hurry.

    Raises:
        QgtuneError: if matplotlib is missing.
        OSError: if a file cannot be written.
    """
    files.plots.mkdir(parents=True, exist_ok=True)
    drawn = set()
    for picture in found:
        if in_a_hurry():
            yield f"{files.plots.name}/: not all pictures are drawn; qgtune report draws them"
            return
        if picture.image is None:
            yield f"{files.plots.name}/{picture.name} could not be drawn: {picture.problem}"
        else:
            own.write(files.plots / picture.name, picture.image)
            drawn.add(picture.name)
    for old in sorted(files.plots.glob("*.png")):
        if old.name not in drawn:
            own.remove(old)


def config_reader(compilation: Compilation) -> ConfigReader:
    """Return a function that gives the config of a trial; None if it ended before all of it was known."""

    def config_of(record: TrialRecord) -> dict[str, Any] | None:
        try:
            return compilation.plan.config_of(record.params)
        except EvaluationError:
            return None

    return config_of


def _graph(compilation: Compilation) -> tuple[list[Box], list[Arrow]]:
    graph = dependency_graph(compilation)
    boxes = [Box(node.name, str(node.kind), node.detail) for node in graph.nodes]
    return boxes, [Arrow(edge.source, edge.target, str(edge.link), edge.label) for edge in graph.edges]
