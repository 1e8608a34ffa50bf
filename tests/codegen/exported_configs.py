"""Configs that are exported, trained and run by tests: together they use all that a script may hold."""

import torch
from torch_geometric.data import Data

CAUSAL = "{name: causal_sets, num_graphs: 40, min_nodes: 20, max_nodes: 40}"
LOADERS = "validation: {split: 0.2}\ntesting: {split: 0.2}\n"

CLASSIFICATION = f"""\
model:
  gcn_net:
    - {{in_dim: 12, out_dim: 8, gnn_layer_type: sage, normalizer: batch_norm}}
  pooling_layer: mean
  classifier: {{input_dim: 8, output_dims: [2]}}
training: {{seed: 3, num_epochs: 3, batch_size: 8, split: 0.6, learning_rate: 0.01}}
{LOADERS}
task: graph_classification
data: {CAUSAL}
"""

SEVERAL_TARGETS = """\
model:
  encoder:
    - {in_dim: 12, out_dim: 5, gnn_layer_type: gat, heads: 2, normalizer: layer_norm, activation: elu,
       gnn_layer_kwargs: {dropout: 0.1, normalize: true}, dropout: 0.2}
    - {in_dim: 10, out_dim: 10, gnn_layer_type: gin, normalizer: graph_norm, dropout: 0.0,
       gnn_layer_kwargs: {hidden_channels: 7, train_eps: true}}
    - {in_dim: 10, out_dim: 6, gnn_layer_type: sage, gnn_layer_args: [max], residual: false,
       activation: identity}
  pooling_layer: [mean, max]
  graph_features_net: {input_dim: 2, hidden_dims: [4], output_dim: 3, activation: tanh}
  head: {input_dim: 15, hidden_dims: [9, 5], output_dims: [2, 4], activation: leaky_relu,
         activation_kwargs: [{negative_slope: 0.2}], backbone_kwargs: [{bias: false}, {}]}
training: {seed: 1, num_epochs: 4, batch_size: 8, split: 0.6, accumulate_batches: 3, optimizer: AdamW,
           clip_grad_norm: 0.5, clip_grad_value: 0.2, scheduler: OneCycleLR, scheduler_kwargs: {max_lr: 0.02},
           early_stopping_metric: roc_auc/dimension, early_stopping_patience: 2, early_stopping_window: 2,
           early_stopping_tol: 0.001}
validation: {split: 0.2, shuffle: true, batch_size: 5}
testing: {split: 0.2}
task: graph_classification
data: {name: causal_sets, num_graphs: 40, min_nodes: 20, max_nodes: 40, targets: [manifold_like, dimension],
       graph_features: [num_links, longest_chain]}
metric: balanced_accuracy
"""

REGRESSION = f"""\
model:
  gcn_net:
    - {{in_dim: 12, out_dim: 6, gnn_layer_type: gco, normalizer: batch_norm}}
    - {{in_dim: 6, out_dim: 3, gnn_layer_type: graph_transformer, heads: 2, activation: gelu}}
  pooling_layer: sum
  classifier: {{input_dim: 6, output_dims: [1]}}
training: {{seed: 5, num_epochs: 4, batch_size: 8, split: 0.6, loss: huber, learning_rate: 0.01,
            scheduler: ReduceLROnPlateau, scheduler_kwargs: {{patience: 0}}, early_stopping_patience: 3,
            drop_last: true, optimizer: SGD, optimizer_kwargs: {{momentum: 0.9}}, weight_decay: 0.001}}
{LOADERS}
task: graph_regression
data: {CAUSAL.replace("}", ", targets: [width]}")}
metric: mae
"""

NODES = """\
model:
  gcn_net:
    - {in_dim: 34, out_dim: 8, gnn_layer_type: sage, normalizer: graph_norm, dropout: 0.5}
  classifier: {input_dim: 8, output_dims: [4]}
training: {seed: 2, num_epochs: 6, split: 0.5, learning_rate: 0.02, scheduler: CosineAnnealingLR,
           scheduler_kwargs: {T_max: 6}, optimizer: RMSprop}
validation: {split: 0.2}
testing: {split: 0.3}
task: node_classification
data: {name: karate_club}
metric: f1_macro
"""

HALF_PRECISION = CLASSIFICATION.replace("seed: 3,", "seed: 3, precision: bf16, shuffle: false,").replace(
    "gnn_layer_type: sage", "gnn_layer_type: gatv2"
)

LOSS_ALONE = REGRESSION.replace("metric: mae\n", "").replace(
    "loss: huber", "loss: mae, standardize_targets: false"
)

EDGES = """\
model:
  gcn_net:
    - {in_dim: 4, out_dim: 6, gnn_layer_type: gcn}
    - {in_dim: 6, out_dim: 6, gnn_layer_type: gat, gnn_layer_kwargs: {edge_dim: 2}, normalizer: layer_norm}
  classifier: {input_dim: 6, output_dims: [3]}
training: {num_epochs: 2, batch_size: 8, split: 0.5, optimizer: NAdam}
validation: {split: 0.25}
task: graph_classification
data: {name: torch_file, path: edges.pt}
metric: matthews
"""

GENERATED = """\
model:
  gcn_net:
    - {in_dim: 5, out_dim: 8, gnn_layer_type: sage}
  classifier: {input_dim: 8, output_dims: [3]}
training: {num_epochs: 2, batch_size: 8, split: 0.6}
validation: {split: 0.2}
testing: {split: 0.1}
task: graph_classification
data: {name: pyg, dataset: FakeDataset, seed: 4,
       arguments: {num_graphs: 40, avg_num_nodes: 12, num_channels: 5, num_classes: 3, edge_dim: 0, task: graph}}
metric: accuracy
"""

MASKED_NODES = """\
model:
  gcn_net:
    - {in_dim: 4, out_dim: 8, gnn_layer_type: sage, normalizer: batch_norm}
  classifier: {input_dim: 8, output_dims: [3]}
training: {num_epochs: 3, learning_rate: 0.05}
validation: {}
testing: {}
task: node_classification
data: {name: torch_file, path: masked.pt}
metric: accuracy
"""

OWN_FUNCTION = """\
model:
  gcn_net:
    - {in_dim: 1, out_dim: 8, gnn_layer_type: gco, normalizer: batch_norm}
  classifier: {input_dim: 8, output_dims: [3]}
training: {num_epochs: 2, batch_size: 1, split: 0.6}
validation: {split: 0.2}
task: graph_classification
data: {name: "own/make.py:paths", count: 41}
metric: f1_weighted
"""

TWO_VALUES = """\
model:
  gcn_net:
    - {in_dim: 1, out_dim: 8, gnn_layer_type: sage, normalizer: batch_norm}
  classifier: {input_dim: 8, output_dims: [1, 1]}
training: {num_epochs: 3, batch_size: 8, split: 0.6, precision: bf16, early_stopping_metric: rmse/y1}
validation: {split: 0.2}
testing: {split: 0.2}
task: graph_regression
data: {name: "own/make.py:values", count: 30}
metric: mae
"""

MAKE = '''\
"""Graphs of a user's own."""

import torch
from torch_geometric.data import Data


def paths(count):
    """Return paths of one to six nodes, of which the shortest are rare."""
    graphs = []
    for k in range(count):
        nodes = 1 + (k % 6 if k % 3 else 0)
        edges = torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)])
        graphs.append(Data(x=torch.arange(nodes), edge_index=edges, y=0 if k == 5 else 1 + nodes % 2))
    return graphs


def values(count):
    """Return the same, with two numbers each."""
    graphs = paths(count)
    for k, graph in enumerate(graphs):
        graph.y = torch.tensor([k / 7, graph.num_nodes * 100.0])
    return graphs
'''

EXACT = {
    "classification": CLASSIFICATION,
    "several_targets": SEVERAL_TARGETS,
    "regression": REGRESSION,
    "nodes": NODES,
    "half_precision": HALF_PRECISION,
    "loss_alone": LOSS_ALONE,
    "generated": GENERATED,
    "masked_nodes": MASKED_NODES,
    "own_function": OWN_FUNCTION,
    "two_values": TWO_VALUES,
}
"""Configs whose scripts give the same digits."""

CLOSE = {"edges": EDGES}
"""Configs with sums that are weighted: rounded once in qgtune where torch_geometric rounds twice."""


def write_data(folder):
    """Write what some of the configs read."""
    (folder / "own").mkdir()
    (folder / "own" / "make.py").write_text(MAKE, encoding="utf-8")
    generator = torch.Generator().manual_seed(0)
    graphs = []
    for count in (12, 15):
        part = torch.arange(count) % 4
        y = torch.arange(count) % 3
        y[-1] = -1
        graphs.append(
            Data(
                x=torch.rand(count, 4, generator=generator, dtype=torch.float64),
                edge_index=torch.randint(0, count, (2, 3 * count), generator=generator),
                y=y,
                train_mask=(part == 0) | (part == 3),
                val_mask=part == 1,
                test_mask=part == 2,
            )
        )
    torch.save(graphs, folder / "masked.pt")
    torch.save([_weighted(k, generator) for k in range(40)], folder / "edges.pt")


def _weighted(k, generator):
    """Return a graph whose edges have weights and features."""
    nodes, edges = 6 + k % 3, 20
    return Data(
        x=torch.rand(nodes, 4, generator=generator),
        edge_index=torch.randint(0, nodes, (2, edges), generator=generator),
        edge_weight=torch.rand(edges, generator=generator),
        edge_attr=torch.rand(edges, 2, generator=generator),
        y=torch.tensor([k % 3]),
    )
