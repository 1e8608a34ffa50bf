"""The names that parameters have in a study."""

from collections import defaultdict
from collections.abc import Mapping

from qgtune.core.paths import Path, parameter_name
from qgtune.space import Branch, Parameter, SpaceNode, config_path
from qgtune.space.domain_texts import domain_text


def parameter_names(nodes: Mapping[Path, SpaceNode]) -> dict[Path, str]:
    """Return the name of every parameter by its path, in the order of the tree's nodes.

    A parameter has the name that QGTune gave to its path. Where the cases of a switch have different domains
    under one path, each name says its case, ``model.conv.heads (gat)``: a study keeps one domain a name.
    """
    places: defaultdict[Path, dict[Path, Parameter]] = defaultdict(dict)
    order: list[Path] = []
    for path, node in nodes.items():
        if isinstance(node, Parameter):
            places[config_path(path)][path] = node
            order.append(path)
    names: dict[Path, str] = {}
    for place, variants in places.items():
        name = parameter_name(place)
        domains = {domain_text(p.domain) for p in variants.values()} if len(variants) > 1 else {""}
        for path in variants:
            names[path] = name if len(domains) == 1 else f"{name} ({_cases(path)})"
    return {path: names[path] for path in order}


def _cases(path: Path) -> str:
    # A label with a comma is quoted: it is not two labels, one within the other.
    labels = [str(part) for part in path if isinstance(part, Branch)]
    return ", ".join(repr(label) if "," in label else label for label in labels)
