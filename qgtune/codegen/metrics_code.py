"""How a script measures its predictions: the metrics by scikit-learn, as qgtune takes them."""

from qgtune.codegen.contents import ScriptContents
from qgtune.codegen.source import WIDTH, Imports, block, literal

_OF_CLASSES = {
    "accuracy": "accuracy_score(y, predicted)",
    "balanced_accuracy": (
        'recall_score(y, predicted, labels=np.unique(y), average="macro", zero_division=0)'
    ),
    "matthews": "matthews_corrcoef(y, predicted)",
    **{
        f"{name}_{average}": f'{name}_score(y, predicted, average="{average}", zero_division=0)'
        for average in ("weighted", "macro", "micro")
        for name in ("f1", "precision", "recall")
    },
}
_OF_VALUES = {
    "mse": "mean_squared_error(y, predicted)",
    "rmse": "root_mean_squared_error(y, predicted)",
    "mae": "mean_absolute_error(y, predicted)",
    "median_absolute_error": "median_absolute_error(y, predicted)",
    "max_error": "max_error(y, predicted)",
    "r2": "r2_score(y, predicted) if len(y) > 1 else math.nan",
    "explained_variance": "explained_variance_score(y, predicted)",
}
_LOSS = "-log_probabilities[np.arange(len(y)), y].mean()"


def takes_scores(contents: ScriptContents) -> bool:
    """Whether anything but the loss of a regression is measured, which is taken batch by batch."""
    return not contents.predicts_values or len(contents.metrics) > 1


def measure_code(contents: ScriptContents, imports: Imports) -> list[str]:
    """Return the lines of the functions that measure outputs: ``measure``, and what it calls."""
    if not takes_scores(contents):
        return []
    lines = [*_roc_auc_code(imports), "", ""] if "roc_auc" in contents.metrics else []
    if not contents.several_targets:
        head = ["def measure(outputs: Tensor, labels: Tensor) -> dict[str, float]:"]
        return [*lines, *head, *_of_one_target(contents, imports, "labels[:, 0]")]
    head = ["def measure_target(outputs: Tensor, labels: Tensor) -> dict[str, float]:"]
    lines += [*head, *_of_one_target(contents, imports, "labels"), "", ""]
    imports.module("numpy", "np")
    return [*lines, *_SEVERAL]


def _of_one_target(contents: ScriptContents, imports: Imports, labels: str) -> list[str]:
    lines = [
        '    """Return the metrics of the predictions of one target."""',
        f"    y = {labels}.cpu().numpy()",
    ]
    names = [name for name in contents.metrics if not (contents.predicts_values and name == "loss")]
    if contents.predicts_values:
        lines.append("    predicted = outputs.double().cpu().numpy()")
    else:
        lines.append("    log_probabilities = outputs.double().log_softmax(dim=1).cpu().numpy()")
        lines.append("    predicted = log_probabilities.argmax(axis=1)")
        imports.module("numpy", "np")
    table = _OF_VALUES if contents.predicts_values else {**_OF_CLASSES, "loss": _LOSS, "roc_auc": _ROC_AUC}
    entries = [line for name in names for line in block(_entry(name, table[name]), 2)]
    for name in names:
        function = table[name].partition("(")[0]
        if function.isidentifier() and function != "roc_auc":
            imports.name("sklearn.metrics", function)
        if "math." in table[name]:
            imports.module("math")
    return [*lines, "    return {", *entries, "    }"]


def _entry(name: str, score: str) -> list[str]:
    line = f"{literal(name)}: float({score}),"
    return [line] if len(line) <= WIDTH else [f"{literal(name)}: float(", f"    {score}", "),"]


_ROC_AUC = "roc_auc(y, log_probabilities)"


def _roc_auc_code(imports: Imports) -> list[str]:
    imports.name("sklearn.metrics", "roc_auc_score")
    imports.module("math")
    return _ROC_AUC_FUNCTION


_ROC_AUC_FUNCTION = '''\
def roc_auc(y: np.ndarray, log_probabilities: np.ndarray) -> float:
    """Return the mean area over the classes, each against the rest; of two classes, that of the second."""
    classes = np.unique(y)
    if len(classes) < 2:
        return math.nan
    if log_probabilities.shape[1] == 2:
        classes = classes[1:]
    return float(np.mean([roc_auc_score(y == each, log_probabilities[:, each]) for each in classes]))
'''.splitlines()
_SEVERAL = '''\
def measure(outputs: list[Tensor], labels: Tensor) -> dict[str, float]:
    """Return each metric as the mean over the targets, and of each target."""
    of_targets = {name: measure_target(outputs[k], labels[:, k]) for k, name in enumerate(TARGETS)}
    metrics: dict[str, float] = {}
    for metric in next(iter(of_targets.values())):
        metrics[metric] = float(np.mean([measured[metric] for measured in of_targets.values()]))
        metrics |= {f"{metric}/{name}": measured[metric] for name, measured in of_targets.items()}
    return metrics
'''.splitlines()
