"""Graph neural networks: layers, blocks, and models that are built from a config."""

from qgtune.nn.blocks import GNNBlock
from qgtune.nn.junctions import Junction, Trace, Tracer, push_batch
from qgtune.nn.layers import ACTIVATIONS, LAYERS, NORMALIZERS, POOLING, registered_names, taken_kwargs
from qgtune.nn.models import Classifier, GraphFeaturesNet, GraphModel, build_model

__all__ = [
    "ACTIVATIONS",
    "LAYERS",
    "NORMALIZERS",
    "POOLING",
    "Classifier",
    "GNNBlock",
    "GraphFeaturesNet",
    "GraphModel",
    "Junction",
    "Trace",
    "Tracer",
    "build_model",
    "push_batch",
    "registered_names",
    "taken_kwargs",
]
