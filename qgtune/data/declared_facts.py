"""What the settings of a data set on disk say of it, held against what is there."""

from qgtune.core.errors import ConfigValueError
from qgtune.data.graph_dataset import GraphDataset, with_num_classes
from qgtune.schema.data_on_disk import FileSettings


def as_declared(dataset: GraphDataset, settings: FileSettings) -> GraphDataset:
    """Return the data set with as many classes as its settings give, where they give them.

    Raises:
        ConfigValueError: at ``data.num_node_features`` or ``data.num_classes``: the graphs differ.
    """
    given = settings.num_node_features
    if given is not None and given != dataset.num_node_features:
        rule = f"the graphs of {dataset.name} have {dataset.num_node_features} node features, not {given}"
        raise ConfigValueError(("data", "num_node_features"), rule)
    if settings.num_classes is None:
        return dataset
    try:
        return with_num_classes(dataset, settings.num_classes)
    except ValueError as error:
        raise ConfigValueError(("data", "num_classes"), str(error)) from error
