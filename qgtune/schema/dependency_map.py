"""The JSON Schema of a dependency map over any base settings, and parts of one that is made for some."""

from qgtune.schema.form_schemas import DRAFT_7
from qgtune.schema.identity import identity
from qgtune.schema.parameter_forms import Schema, reference_to

DATA_FACTS = {
    "data.num_node_features": "Features of a node of the task's data set.",
    "data.num_classes": "Classes of the task's data set.",
    "data.num_graphs": "Graphs of the task's data set.",
    "data.num_edge_features": "Features of an edge of the task's data set, 0 for none.",
    "data.num_graph_features": "Features of a graph of the task's data set, 0 for none.",
}
"""The facts of a data set that a reference may read, each with what it is."""

REFERENCE: Schema = {
    "description": "What the value follows in every trial: a path, or an expression over paths.",
    "type": "string",
    # Neither an empty part of a path nor an open end.
    "pattern": r"^(?!.*\.\.)(?!.*[.\[(+*/,-]\s*$)\s*\S",
    "errorMessage": "a reference is a path such as model.gcn_net[0].out_dim, or computes with paths",
    "examples": ["model.gcn_net[-1].out_dim", "prev.out_dim", "data.num_node_features"],
}
"""One reference, in any spelling."""

ONE_LINE_PATH = r"[.\[]"
"""The pattern of a top-level key that is a whole path, as in ``"model.classifier.input_dim": ...``."""


def dependency_map_schema() -> Schema:
    """Return the schema of a dependency map file, whatever the base settings are.

    Example:
        >>> dependency_map_schema()["title"]
        'A dependency map of qgtune'
    """
    return {
        "$schema": DRAFT_7,
        **identity("dependency-map"),
        "title": "A dependency map of qgtune",
        "description": "What follows from what: the structure of the config, or one line for each path, "
        "with references as its values.",
        "type": "object",
        "patternProperties": {ONE_LINE_PATH: reference_to("followers")},
        "additionalProperties": reference_to("followers"),
        "$defs": {
            "reference": REFERENCE,
            "followers": {
                "description": "A reference, or a mapping or list of them; an empty value: nothing follows.",
                "anyOf": [
                    reference_to("reference"),
                    {
                        "type": ["null", "array", "object"],
                        "items": reference_to("followers"),
                        "additionalProperties": reference_to("followers"),
                        "errorMessage": REFERENCE["errorMessage"],
                    },
                ],
            },
        },
    }
