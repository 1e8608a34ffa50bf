"""Config -> the YAML files that people keep."""

from pathlib import PurePath
from typing import Any

from qgtune.compiler.pipeline import Compilation
from qgtune.core.paths import Path
from qgtune.document import Document, comment_block, dump, splice
from qgtune.space import Parameter, Role, walk


def best_config_text(compilation: Compilation, config: dict[str, Any], header: list[str]) -> str:
    """Return a config as the base settings' own text with only the changed values spliced in.

    Without base settings the config is written afresh, each tuned line with its domain.

    Args:
        compilation: what the config was resolved from.
        config: the config of a trial.
        header: lines of prose for the top of the file.
    """
    base = compilation.documents.get(Role.BASE)
    body = splice(base, config) if base else dump(config, annotations(compilation))
    return comment_block(header) + body


def built_search_space_text(compilation: Compilation, config: dict[str, Any], header: list[str]) -> str:
    """Return a config in which each tuned line tells its domain, and each followed line its source."""
    return comment_block(header) + dump(config, annotations(compilation))


def built_header(compilation: Compilation) -> list[str]:
    """Return the lines that stand above a built search space."""
    # Names without folders: equal studies give equal bytes, wherever they are.
    names = ", ".join(PurePath(document.source.name).name for document in compilation.documents.values())
    return [
        f"The config of the study's first trial, built from {names}.",
        "Values that are tuned or that follow others are commented; they are not the best ones.",
        f"search space {compilation.plan.fingerprint}",
    ]


def best_trial_text(params: dict[str, Any], header: list[str]) -> str:
    """Return the parameters of a trial by name, as the study stores them."""
    return comment_block(header) + dump(dict(params))


def annotations(compilation: Compilation) -> dict[Path, str]:
    """Return what is worth saying beside the values of a config, by path."""
    tuned = {
        path: str(node.domain) for path, node in walk(compilation.space.root) if isinstance(node, Parameter)
    }
    follows = {target: f"follows {formula}" for target, formula in compilation.space.formulas.items()}
    return tuned | follows


def respliced_text(built: Document, config: dict[str, Any], header: list[str]) -> str:
    """Return the text of a built search space with another config's values, under a new header."""
    text = splice(built, config)
    lines = text.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return comment_block(header) + "".join(lines[first:])
