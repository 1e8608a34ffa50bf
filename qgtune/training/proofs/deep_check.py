"""``check --deep``: every distinct architecture of a space is built, and a batch is pushed through it.

What does not meet is said at the line that should have followed, with the line of the dependency map that
would mend it.
"""

import pathlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch

from qgtune.compiler.data_facts import DataFacts, data_facts
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.prepare import prepare
from qgtune.compiler.problems import Problems
from qgtune.compiler.value_places import origin_location
from qgtune.core.diagnostics import Diagnostic, Related, Severity, sort_diagnostics
from qgtune.core.errors import ConfigValueError, DiagnosticError
from qgtune.core.paths import Path, format_path
from qgtune.core.wording import count
from qgtune.nn import Junction, push_batch
from qgtune.schema.gnn import GRAPH_CLASSIFICATION, TASK_SCHEMAS
from qgtune.space import Reference, Role
from qgtune.training.proofs.architectures import Architecture, Limits, Survey, has_graph_model
from qgtune.training.proofs.compiled_spaces import compile_unchecked, formula_of, node_at
from qgtune.training.proofs.width_log import WidthLog
from qgtune.training.threads import one_torch_thread

MISFIT, FAILURE, STATIC = "QG502", "QG503", "QG214"

_NUMBER = re.compile(r"\d+")

NO_MODEL = (
    "nothing to build: check --deep builds the models of the built-in tasks, and the configs of this space "
    "have no model.gcn_net with a model.classifier"
)

OWN_OBJECTIVE = (
    "nothing to build: check --deep builds the models of the built-in tasks, and this study has an objective "
    "of its own"
)

OWN_TASK = (
    "nothing to build: check --deep builds the models of the built-in tasks, and {task} is none of them"
)


@dataclass(frozen=True, slots=True)
class DeepCheck:
    """What building the architectures of a space showed.

    Args:
        diagnostics: what is wrong, each mistake once, in the order of the files.
        architectures: how many distinct ones were built.
        configs: how many configs they are the architectures of.
        on_cpu: how many of them the meta device could not run, so that a tiny batch with values did.
        cut_short: why there may be more architectures than these, or an empty text.
        seconds: how long it took.
        note: why nothing was built, or an empty text.
    """

    diagnostics: tuple[Diagnostic, ...]
    architectures: int
    configs: int
    on_cpu: int = 0
    cut_short: str = ""
    seconds: float = 0.0
    note: str = ""

    @property
    def coverage(self) -> str:
        """What was looked at, in one line for people."""
        if self.note:
            return self.note
        built = (
            f"built {count(self.architectures, 'distinct architecture')} of {count(self.configs, 'config')}"
        )
        how = f", {self.on_cpu} of them with values on the CPU" if self.on_cpu else ""
        more = f"; {self.cut_short}" if self.cut_short else ""
        return f"{built}{how}, in {self.seconds:.1f} s{more}"


def deep_check(path: pathlib.Path, *, seed: int = 0, limits: Limits | None = None) -> DeepCheck:
    """Return everything that is wrong with the files that a tuning file names, and with what they build.

    The models of an objective of the user's own are its business: nothing is built then. Errors of the task's
    schema do not keep the models from being built; where both find the same mistake,
    the one that tells more is kept.

    Args:
        path: the tuning file.
        seed: of the random configs.
        limits: how far to look into the space; ``Limits()`` by default.

    Raises:
        DiagnosticError: if the files have other errors, so that there is no config to build from.
    """
    try:
        prepared = prepare(path)
    except DiagnosticError as error:
        if any(d.severity is Severity.ERROR and d.code != STATIC for d in error.diagnostics):
            raise
        found = error.diagnostics
        compilation, facts, task = compile_unchecked(path)
    else:
        named = prepared.tuning.settings.task
        if named is None or named not in TASK_SCHEMAS:
            note = OWN_OBJECTIVE if named is None else OWN_TASK.format(task=named)
            return DeepCheck(prepared.warnings, 0, 0, note=note)
        task = named
        found, compilation, facts = prepared.warnings, prepared.compilation, data_facts(prepared.tuning)
    deep = deep_problems(compilation, facts, task=task, seed=seed, limits=limits)
    return replace(deep, diagnostics=_merged(found, deep.diagnostics))


def _merged(found: tuple[Diagnostic, ...], deep: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    misfits = {d.location for d in deep if d.code == MISFIT}
    static = {d.location for d in found if d.code == STATIC}
    said = tuple(d.message for d in found if d.code == STATIC)
    return sort_diagnostics(
        [
            *(d for d in found if d.code != STATIC or d.location not in misfits),
            *(
                d
                for d in deep
                if d.code != FAILURE or not (d.location in static or d.message.startswith(said))
            ),
        ]
    )


def deep_problems(
    compilation: Compilation,
    facts: DataFacts | None = None,
    *,
    task: str = GRAPH_CLASSIFICATION,
    seed: int = 0,
    limits: Limits | None = None,
) -> DeepCheck:
    """Return what building the distinct architectures of a compiled space shows.

    Each is built on torch's meta device, part by part and as a whole, and a batch of one graph is pushed
    through; what the meta device cannot run is run with values on the CPU. torch's random numbers are left as
    they were.

    Args:
        compilation: the compiled space.
        facts: what is known of the data set; nothing by default.
        task: the task that the configs are for, a name in ``qgtune.schema.gnn.TASK_SCHEMAS``.
        seed: of the random configs, which come after those at the corners of the space.
        limits: how far to look into the space; ``Limits()`` by default.
    """
    began = time.monotonic()
    survey = Survey(compilation.plan, seed=seed, limits=limits, task=task)
    findings = _Findings(facts or DataFacts())
    with torch.random.fork_rng(devices=[]), one_torch_thread():
        for architecture in survey:
            if has_graph_model(architecture.config):
                findings.look_at(architecture)
        diagnostics = sort_diagnostics(_Report(compilation, findings).all())
    return DeepCheck(
        diagnostics,
        findings.architectures,
        survey.configs,
        findings.on_cpu,
        survey.cut_short,
        time.monotonic() - began,
        "" if findings.architectures or survey.cut_short else NO_MODEL,
    )


@dataclass(slots=True)
class _Mistake:
    """One mistake: the first architecture's junction or failure, and in how many it is."""

    first: Junction | ConfigValueError
    needed: set[int] = field(default_factory=set)
    architectures: int = 0


class _Findings:
    """What was found in the architectures so far, each mistake once."""

    def __init__(self, facts: DataFacts) -> None:
        self.facts = facts
        self.log = WidthLog(facts)
        self.misfits: dict[Path, _Mistake] = {}
        self.failures: dict[tuple[Path, str], _Mistake] = {}
        self.architectures = 0
        self.on_cpu = 0

    def look_at(self, architecture: Architecture) -> None:
        """Build an architecture, and remember what is wrong with it."""
        self.architectures += 1
        model = architecture.model
        if model is None:
            assert architecture.failure is not None  # noqa: S101 - one of the two is there
            self._fails(architecture.failure)
            return
        trace = self.log.trace(architecture.config, model)
        for failure in trace.failures:
            self._fails(failure)
        for junction in trace.junctions:
            if not junction.meets:
                mistake = self.misfits.setdefault(junction.target, _Mistake(junction))
                mistake.needed.add(junction.needed)
                mistake.architectures += 1
        self.on_cpu += not trace.on_meta
        if trace.is_sound:
            try:
                push_batch(model, on_meta=trace.on_meta)
            except ConfigValueError as error:
                self._fails(error)

    def _fails(self, error: ConfigValueError) -> None:
        # The module's own words often hold the sizes that it was given; the mistake is the same.
        words = _NUMBER.sub("#", error.message)
        mistake = self.failures.setdefault((error.path, words), _Mistake(error))
        mistake.architectures += 1


class _Report:
    """The findings as diagnostics, at their lines."""

    def __init__(self, compilation: Compilation, findings: _Findings) -> None:
        self.compilation = compilation
        self.findings = findings
        self.problems = Problems(compilation.documents)

    def all(self) -> Iterator[Diagnostic]:
        """Yield a diagnostic for each mistake."""
        for mistake in self.findings.misfits.values():
            assert isinstance(mistake.first, Junction)  # noqa: S101 - what _Findings puts there
            yield self._misfit(mistake.first, mistake)
        for mistake in self.findings.failures.values():
            assert isinstance(mistake.first, ConfigValueError)  # noqa: S101 - what _Findings puts there
            yield self._failure(mistake.first, mistake)

    def _misfit(self, junction: Junction, mistake: _Mistake) -> Diagnostic:
        target, source = format_path(junction.target), format_path(junction.source)
        from_data = junction.source[0] == "data"
        gives = f"{source} is {junction.needed}" if from_data else f"{source} gives {junction.needed}"
        if junction.beside:
            gives = f"{source} and model.graph_features_net together give {junction.needed}"
        message = f"{target} is {junction.given}, but {gives}{self._share(mistake)}"
        place = origin_location(self.compilation, self.problems, junction.target)
        related = () if from_data else (self._related(junction),)
        return Diagnostic(MISFIT, message, place, self._hint(junction, mistake), related=related)

    def _related(self, junction: Junction) -> Related:
        width = (*junction.source, "out_dim")
        place = origin_location(self.compilation, self.problems, width)
        return Related(place, f"the width comes from {format_path(width)}")

    def _hint(self, junction: Junction, mistake: _Mistake) -> str:
        findings = self.findings
        formula = formula_of(self.compilation, findings.facts, findings.log, junction)
        if formula is not None:
            node = node_at(self.compilation, junction.target)
            follows = isinstance(node, Reference) and node.origin.role is Role.DEPENDENCIES
            instead = ", instead" if follows else ""
            return f'in the dependency map{instead}: "{format_path(junction.target)}": "{formula}"'
        return f"set it to {junction.needed}" if len(mistake.needed) == 1 else ""

    def _failure(self, error: ConfigValueError, mistake: _Mistake) -> Diagnostic:
        shown = format_path(error.path)
        message = error.message if shown in error.message else f"{shown}: {error.message}"
        place = origin_location(self.compilation, self.problems, error.path, of_key=error.is_key)
        return Diagnostic(FAILURE, f"{message}{self._share(mistake)}", place, error.hint)

    def _share(self, mistake: _Mistake) -> str:
        total = self.findings.architectures
        return f" (in {mistake.architectures} of {total} architectures)" if total > 1 else ""
