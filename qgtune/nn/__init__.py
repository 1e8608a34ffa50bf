"""Graph neural networks: layers, blocks, and models that are built from a config."""

from qgtune.nn.blocks import GNNBlock
from qgtune.nn.layers import ACTIVATIONS, LAYERS, NORMALIZERS, POOLING, registered_names, taken_kwargs
from qgtune.nn.models import Classifier, GraphClassifier, build_model

__all__ = [
    "ACTIVATIONS",
    "LAYERS",
    "NORMALIZERS",
    "POOLING",
    "Classifier",
    "GNNBlock",
    "GraphClassifier",
    "build_model",
    "registered_names",
    "taken_kwargs",
]
