"""Config -> the YAML files that people keep."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from qgtune.compiler.building.expand import Dependency
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.planning.naming import parameter_names
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.steps import Suggestion
from qgtune.compiler.planning.variants import present
from qgtune.core.paths import Path, format_path, parse_path
from qgtune.document import (
    Document,
    Spliced,
    comment_block,
    dump,
    format_flow,
    read_text,
    splice,
    splice_with_layout,
)
from qgtune.space import (
    Categorical,
    Domain,
    FollowingRange,
    Origin,
    Parameter,
    Reference,
    Role,
    config_path,
    parse_expression,
    path_text,
)
from qgtune.space.tree import node_at


def best_config_text(compilation: Compilation, config: dict[str, Any], header: list[str]) -> Spliced:
    """Return a config as the base settings' own text with only the changed values spliced in.

    The result says whether the text's layout could be kept; it nearly always can. Without base settings the
    config is written afresh, each tuned line with its domain.

    Args:
        compilation: what the config was resolved from.
        config: the config of a trial.
        header: lines of prose for the top of the file.
    """
    base = compilation.documents.get(Role.BASE)
    head = comment_block(header)
    if base is None:
        return Spliced(head + dump(config, annotations(compilation, config)), kept_layout=True)
    body, kept_layout = splice_with_layout(base, config)
    if "\r\n" in body:
        head = head.replace("\n", "\r\n")
    return Spliced(head + body, kept_layout)


def built_search_space_text(compilation: Compilation, config: dict[str, Any], header: list[str]) -> str:
    """Return a config in which each tuned line tells its domain, and each followed line its source."""
    return comment_block(header) + dump(config, annotations(compilation, config))


def built_header(compilation: Compilation, config: dict[str, Any]) -> list[str]:
    """Return the lines that stand above a built search space, which is this config."""
    # Names without folders: equal studies give equal bytes, wherever they are.
    names = ", ".join(PurePath(document.source.name).name for document in compilation.documents.values())
    return [
        f"The config of the study's first trial, built from {names}.",
        "Values that are tuned or that follow others are commented; they are not the best ones.",
        f"search space {compilation.plan.fingerprint}",
        *(f"{_CHOICES}{format_flow({s.name: _labelled(s.domain)})}" for s in _compound(compilation.plan)),
        *(_parameters(compilation, config) if compilation.plan.is_conditional else _links(compilation)),
    ]


# Lines of the header that ``save_best_config`` reads again.
_CHOICES = "choices: "
_LINK = "alias: "
_CONDITIONAL = "conditional: "


def _parameters(compilation: Compilation, config: dict[str, Any]) -> list[str]:
    """Return the lines that tell which parameters a config of a conditional space has."""
    names = parameter_names(compilation.space.nodes)
    there = (path for path, _ in present(compilation.space, config) if path in names)
    places = {names[path]: path_text(path) for path in there}
    return [
        "Other trials have other values than these, and not only other values for them:",
        f"{_CONDITIONAL}{format_flow(places)}",
    ]


def conditional_parameters(built: Document) -> dict[str, Path] | None:
    """Return the path of each parameter that a built config of a conditional space has, by name.

    None for a space of which all configs have the same parameters.
    """
    found = list(_header_data(built, _CONDITIONAL))
    return {name: parse_path(path) for name, path in found[0].items()} if found else None


def _compound(plan: Plan) -> list[Suggestion]:
    """Return the parameters whose choices a study stores as labels that are not the choices themselves."""
    return [
        s
        for s in plan.suggestions
        if isinstance(s.domain, Categorical) and s.domain.labels != s.domain.choices
    ]


def _labelled(domain: Domain | FollowingRange) -> list[list[Any]]:
    assert isinstance(domain, Categorical)  # noqa: S101 - _compound has no others
    return [list(pair) for pair in zip(domain.labels, domain.choices, strict=True)]


def _links(compilation: Compilation) -> list[str]:
    """Return the references that no dependency map holds: those of aliases in the search space."""
    root = compilation.space.root
    return [
        f"{_LINK}{format_flow([format_path(target), str(formula)])}"
        for target, formula in compilation.space.formulas.items()
        if node_at(root, target).origin.role is Role.SPACE and config_path(target) == target
    ]


def compound_choices(built: Document) -> dict[str, list[list[Any]]]:
    """Return label and choice of the parameters of a built search space that store labels, by name."""
    return {name: pairs for entry in _header_data(built, _CHOICES) for name, pairs in entry.items()}


def alias_links(built: Document) -> list[Dependency]:
    """Return the references of a built search space that no dependency map holds."""
    origin = Origin(Role.BASE, ())
    return [
        Dependency(parse_path(target), Reference(parse_expression(source), origin))
        for target, source in _header_data(built, _LINK)
    ]


def _header_data(built: Document, mark: str) -> Iterator[Any]:
    for line in built.source.lines:
        if not line.startswith("#"):
            return
        if line.startswith(f"# {mark}"):
            yield read_text(line.removeprefix(f"# {mark}"))


def best_trial_text(params: dict[str, Any], header: list[str]) -> str:
    """Return the parameters of a trial by name, as the study stores them."""
    return comment_block(header) + dump(dict(params))


def annotations(compilation: Compilation, config: dict[str, Any]) -> dict[Path, str]:
    """Return what is worth saying beside the values of a config, by path; of no other config's."""
    space = compilation.space
    tuned: dict[Path, str] = {}
    follows: dict[Path, str] = {}
    for path, node in present(space, config):
        if isinstance(node, Parameter):
            tuned[config_path(path)] = str(node.domain)
        elif isinstance(node, Reference):
            follows[config_path(path)] = f"follows {space.formulas[path]}"
    return tuned | follows


def respliced_text(built: Document, config: dict[str, Any], header: list[str]) -> str:
    """Return the text of a built search space with another config's values, under a new header."""
    text = splice(built, config)
    lines = text.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return comment_block(header) + "".join(lines[first:])
