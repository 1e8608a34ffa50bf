"""The function ``main`` of a script: data, model, optimizer, the epochs, and what they came to."""

from qgtune.codegen.contents import ScriptContents
from qgtune.codegen.data_code import parts_code
from qgtune.codegen.source import Imports, arguments, block, literal, statement
from qgtune.codegen.training_code import BY_STEP, extra_arguments

_FUSED = frozenset({"Adam", "AdamW", "SGD"})
_OWN_CHOICE = frozenset({"fused", "foreach", "differentiable"})


def main_code(contents: ScriptContents, imports: Imports) -> list[str]:
    """Return the lines of the function ``main``."""
    imports.module("copy")
    imports.module("math")
    imports.module("numpy", "np")
    lines = ["def main() -> None:", '    """Train the model, and measure its best epoch."""']
    data = _nodes(contents, imports) if contents.on_nodes else _loaders(contents, imports)
    body = [
        *data,
        "",
        *_model(contents),
        *_optimizer(contents),
        *_loop(contents, imports),
        "",
        *_results(contents),
    ]
    return [*lines, *(f"    {line}" if line else "" for line in body)]


def _loaders(contents: ScriptContents, imports: Imports) -> list[str]:
    imports.name("torch_geometric.loader", "DataLoader")
    lines = [
        "graphs = load_graphs()",
        "labels = np.concatenate([graph.y.numpy() for graph in graphs])",
        *parts_code(contents),
        "# The loaders have generators of their own: the weights and the dropout alone draw from torch's.",
    ]
    for section in contents.sections:
        lines += _loader(section, contents, imports)
    return lines


def _loader(section: str, contents: ScriptContents, imports: Imports) -> list[str]:
    settings = getattr(contents.config, section)
    given = [f"[graphs[i] for i in {section}]", f"batch_size={settings.batch_size}"]
    if settings.shuffle:
        sampler = imports.name("torch.utils.data", "RandomSampler")
        given.append(f"sampler={sampler}({section}, generator=torch.Generator().manual_seed(SEED))")
    if settings.drop_last:
        given.append("drop_last=True")
    given.append("generator=torch.Generator()")
    return statement(f"{section}_loader = DataLoader(", given)


def _nodes(contents: ScriptContents, imports: Imports) -> list[str]:
    to_device = ".to(DEVICE)" if contents.may_use_gpu else ""
    if contents.data.num_graphs == 1:
        lines = [f"data = load_graphs()[0]{to_device}"]
    else:
        imports.name("torch_geometric.data", "Batch")
        lines = [f"data = Batch.from_data_list(load_graphs()){to_device}"]
    lines += [f"labels = data.y{'.cpu()' if contents.may_use_gpu else ''}.numpy()", *parts_code(contents)]
    names = ", ".join(contents.sections)
    return [*lines, f"{names} = (torch.as_tensor(part) for part in ({names}))"]


def _data(section: str, contents: ScriptContents) -> str:
    """Return what ``train_epoch`` and ``evaluate`` are given of the data of a section."""
    return f"data, {section}" if contents.on_nodes else f"{section}_loader"


def _model(contents: ScriptContents) -> list[str]:
    lines = ["torch.manual_seed(SEED)", f"model = Model(){'.to(DEVICE)' if contents.may_use_gpu else ''}"]
    if contents.standardizes:
        lines += [
            "values = labels[training].astype(np.float64)",
            "std = values.std(axis=0)",
            "model.target_mean.copy_(torch.as_tensor(values.mean(axis=0)))",
            "model.target_std.copy_(torch.as_tensor(np.where(std > 0, std, 1.0)))",
        ]
    return lines


def _optimizer(contents: ScriptContents) -> list[str]:
    training = contents.config.training
    kwargs = {"lr": training.learning_rate, **training.optimizer_kwargs}
    if training.optimizer != "Rprop":  # which has none
        kwargs["weight_decay"] = training.weight_decay
    if training.optimizer in _FUSED and _OWN_CHOICE.isdisjoint(kwargs):
        kwargs["fused"] = True
    given = ["model.parameters()", *arguments((), kwargs)]
    lines = statement(f"optimizer = torch.optim.{training.optimizer}(", given)
    if training.precision == "fp16":
        lines.append("scaler = torch.amp.GradScaler(DEVICE.type)")
    return lines + _scheduler(contents)


def _scheduler(contents: ScriptContents) -> list[str]:
    training = contents.config.training
    name = training.scheduler
    if name is None:
        return []
    given = arguments((), training.scheduler_kwargs)
    lines: list[str] = []
    if name == "OneCycleLR" and {"total_steps", "epochs"}.isdisjoint(training.scheduler_kwargs):
        steps = "NUM_EPOCHS" if contents.on_nodes else "NUM_EPOCHS * len(training_loader)"
        accumulated = getattr(training, "accumulate_batches", 1)
        if accumulated > 1:
            steps = f"NUM_EPOCHS * math.ceil(len(training_loader) / {accumulated})"
        given.insert(0, f"total_steps={steps}")
    if name == "ReduceLROnPlateau" and "mode" not in training.scheduler_kwargs:
        given.insert(0, f"mode={literal('max' if contents.maximizes else 'min')}")
    return lines + statement(f"scheduler = torch.optim.lr_scheduler.{name}(", ["optimizer", *given])


def _loop(contents: ScriptContents, imports: Imports) -> list[str]:
    training = contents.config.training
    chosen = literal(contents.chosen_by)
    better = ">" if contents.maximizes else "<"
    worst = "-math.inf" if contents.maximizes else "math.inf"
    given = f"model, {_data('training', contents)}, optimizer{extra_arguments(contents)}"
    body = [
        f"train_loss = train_epoch({given})",
        f"metrics = evaluate(model, {_data('validation', contents)})",
        'shown = "  ".join(f"{name} {value:.6g}" for name, value in metrics.items())',
        'print(f"epoch {epoch:>4}  train loss {train_loss:.6g}  {shown}")',
        f"if metrics[{chosen}] {better} best_value:",
        f"    best_value, best_epoch, best_metrics = metrics[{chosen}], epoch, metrics",
        "    best_weights = copy.deepcopy(model.state_dict())",
    ]
    if training.scheduler is not None and training.scheduler not in BY_STEP:
        plateau = training.scheduler == "ReduceLROnPlateau"
        body.append(f"scheduler.step({f'metrics[{chosen}]' if plateau else ''})")
    before, stopping = _stopping(contents, imports)
    return [
        "",
        f"best_value, best_epoch, best_metrics, best_weights = {worst}, -1, {{}}, model.state_dict()",
        *before,
        "for epoch in range(NUM_EPOCHS):",
        *block([*body, *stopping]),
    ]


def _stopping(contents: ScriptContents, imports: Imports) -> tuple[list[str], list[str]]:
    """Return the lines of early stopping: those before the loop, and those at the end of an epoch."""
    training = contents.config.training
    patience, window, tol = (
        getattr(training, f"early_stopping_{key}") for key in ("patience", "window", "tol")
    )
    if patience is None:
        return [], []
    if window == 1 and tol == 0:
        return [], [f"if epoch - best_epoch >= {patience}:", "    break"]
    imports.name("collections", "deque")
    improvement = "mean - best_mean" if contents.maximizes else "best_mean - mean"
    worst = "-math.inf" if contents.maximizes else "math.inf"
    before = [f"latest, best_mean, stale_epochs = deque(maxlen={window}), {worst}, 0"]
    return before, [
        f"latest.append(metrics[{literal(contents.chosen_by)}])",
        "mean = math.fsum(latest) / len(latest)",
        f"if {improvement} > {tol!r}:",
        "    best_mean, stale_epochs = mean, 0",
        "else:",
        "    stale_epochs += 1",
        f"if stale_epochs >= {patience}:",
        "    break",
    ]


def _results(contents: ScriptContents) -> list[str]:
    lines = [
        "model.load_state_dict(best_weights)",
        'print(f"the best is epoch {best_epoch}")',
        'report("validation", best_metrics)',
    ]
    if "testing" in contents.sections:
        lines.append(f'report("testing", evaluate(model, {_data("testing", contents)}))')
    return lines


REPORT = '''\
def report(section: str, metrics: dict[str, float]) -> None:
    """Print the metrics of a section, one to a line."""
    print(section)
    width = max(map(len, metrics))
    for name, value in sorted(metrics.items()):
        print(f"  {name:<{width}}  {value:.6g}")
'''.splitlines()
"""The function that prints what is found."""
