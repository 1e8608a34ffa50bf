"""The loss, one epoch of training and the measuring of a script."""

from qgtune.codegen.contents import ScriptContents
from qgtune.codegen.metrics_code import takes_scores
from qgtune.codegen.source import Imports, block, statement

_LOSSES = {"mse": "F.mse_loss", "mae": "F.l1_loss", "huber": "F.huber_loss"}
BY_STEP = frozenset({"OneCycleLR", "CyclicLR"})
"""Schedules whose unit is a step of the optimizer; that of all others is an epoch."""


def predict_code(contents: ScriptContents) -> list[str]:
    """Return the lines of the function ``predict``; none where calling the model is all that it would do."""
    if not contents.half_precision and not contents.on_nodes:
        return []
    several = contents.several_targets
    given = "model: Model, data: Data" + (", nodes: Tensor" if contents.on_nodes else "")
    of_part = "[nodes]" if contents.on_nodes else ""
    rows = " for the nodes of a part" if contents.on_nodes else ""
    lines = [f"def predict({given}) -> {'list[Tensor]' if several else 'Tensor'}:"]
    half = contents.half_precision
    in_float = ", in float32" if half else ""
    lines.append(f'    """Return the outputs of the model{rows}{in_float}."""')
    model = f"[output{of_part} for output in model(data)]" if several and of_part else f"model(data){of_part}"
    if not half:
        return [*lines, f"    return {model}"]
    lines += [f"    with torch.autocast(DEVICE.type, dtype={half}):", f"        outputs = {model}"]
    return [
        *lines,
        f"    return {'[output.float() for output in outputs]' if several else 'outputs.float()'}",
    ]


def loss_code(contents: ScriptContents, imports: Imports) -> list[str]:
    """Return the lines of the function ``loss_of``."""
    imports.module("torch.nn.functional", "F")
    outputs = "outputs: list[Tensor]" if contents.several_targets else "outputs: Tensor"
    first = "model: Model, " if contents.standardizes else ""
    lines = [
        f"def loss_of({first}{outputs}, labels: Tensor) -> Tensor:",
        f'    """Return the mean loss of a batch{_meaning(contents)}."""',
    ]
    if not contents.several_targets:
        return lines + block(_loss_of_one(contents, "outputs", "labels[:, 0]", "0", "return "))
    return [
        *lines,
        "    losses = []",
        "    for k, output in enumerate(outputs):",
        *block(_loss_of_one(contents, "output", "labels[:, k]", "k", "loss = "), 2),
        "        losses.append(loss)",
        "    return torch.stack(losses).mean()",
    ]


def _meaning(contents: ScriptContents) -> str:
    of_targets = ", the mean over the targets" if contents.several_targets else ""
    unit = ", of errors in standard deviations" if contents.standardizes else ""
    return f"{of_targets}{unit}"


def _loss_of_one(contents: ScriptContents, output: str, labels: str, k: str, result: str) -> list[str]:
    if not contents.predicts_values:
        return [f"{result}F.cross_entropy({output}, {labels})"]
    errors = f"({output} - {labels})"
    errors = f"{errors} / model.target_std[{k}]" if contents.standardizes else errors[1:-1]
    loss = _LOSSES[contents.config.training.loss]
    return [f"errors = {errors}", f"{result}{loss}(errors, torch.zeros_like(errors))"]


def call_loss(contents: ScriptContents, data: str = "batch") -> str:
    """Return the loss of a batch as source."""
    first = "model, " if contents.standardizes else ""
    if contents.on_nodes:
        return f"loss_of({first}predict(model, {data}, nodes), {data}.y[nodes])"
    return f"loss_of({first}{call_model(contents, data)}, {data}.y)"


def call_model(contents: ScriptContents, data: str = "batch") -> str:
    """Return the outputs for a batch as source."""
    return f"predict(model, {data})" if contents.half_precision else f"model({data})"


def extra_arguments(contents: ScriptContents) -> str:
    """Return what ``train_epoch`` is given besides, as source."""
    training = contents.config.training
    scheduler = ", scheduler" if training.scheduler in BY_STEP else ""
    return scheduler + (", scaler" if training.precision == "fp16" else "")


def epoch_code(contents: ScriptContents, imports: Imports) -> list[str]:
    """Return the lines of the function ``train_epoch``."""
    training = contents.config.training
    data = ["data: Data", "nodes: Tensor"] if contents.on_nodes else ["loader: DataLoader"]
    given = ["model: Model", *data, f"optimizer: {imports.name('torch.optim', 'Optimizer')}"]
    if training.scheduler in BY_STEP:
        given.append(f"scheduler: {imports.name('torch.optim.lr_scheduler', 'LRScheduler')}")
    if training.precision == "fp16":
        given.append("scaler: torch.amp.GradScaler")
    signature = statement("def train_epoch(", given, ") -> float:")
    if contents.on_nodes:
        return [
            *signature,
            '    """Take one step on some nodes, with the whole graph in sight; return the loss."""',
            "    model.train()",
            "    optimizer.zero_grad()",
            f"    loss = {call_loss(contents, 'data')}",
            *block([*_check_finite(), _backward(contents, "loss"), *_step(contents)]),
            "    return loss.item()",
        ]
    head = [
        *signature,
        '    """Train the model on each batch once; return the mean loss of a graph."""',
        "    model.train()",
        "    total, graphs = 0.0, 0",
    ]
    accumulated = training.accumulate_batches
    loop = _loop(contents) if accumulated == 1 else _accumulating_loop(contents, imports, accumulated)
    return [*head, *block(loop), "    return total / graphs"]


def _check_finite() -> list[str]:
    return ["if not loss.isfinite():", '    raise FloatingPointError(f"the loss is {loss.item()}")']


def _backward(contents: ScriptContents, loss: str) -> str:
    scaled = contents.config.training.precision == "fp16"
    return f"scaler.scale({loss}).backward()" if scaled else f"{loss}.backward()"


def _moved(contents: ScriptContents) -> list[str]:
    return ["batch = batch.to(DEVICE)"] if contents.may_use_gpu else []


def _loop(contents: ScriptContents) -> list[str]:
    body = [
        *_moved(contents),
        "optimizer.zero_grad()",
        f"loss = {call_loss(contents)}",
        *_check_finite(),
        _backward(contents, "loss"),
        *_step(contents),
        "total += loss.item() * batch.num_graphs",
        "graphs += batch.num_graphs",
    ]
    return ["for batch in loader:", *block(body)]


def _accumulating_loop(contents: ScriptContents, imports: Imports, size: int) -> list[str]:
    imports.name("itertools", "islice")
    body = [
        *_moved(contents),
        f"loss = {call_loss(contents)}",
        *_check_finite(),
        _backward(contents, "(loss * (batch.num_graphs / in_group))"),
        "total += loss.item() * batch.num_graphs",
        "graphs += batch.num_graphs",
    ]
    group = [
        "in_group = sum(batch.num_graphs for batch in group)",
        "optimizer.zero_grad()",
        "for batch in group:",
        *block(body),
        *_step(contents),
    ]
    return [
        "batches = iter(loader)",
        f"# The gradients of {size} batches make a step: the mean over all of their graphs.",
        f"while group := list(islice(batches, {size})):",
        *block(group),
    ]


def _step(contents: ScriptContents) -> list[str]:
    training = contents.config.training
    scaled = training.precision == "fp16"
    clips = [
        f"torch.nn.utils.clip_grad_{kind}_(model.parameters(), {bound!r})"
        for kind, bound in (("value", training.clip_grad_value), ("norm", training.clip_grad_norm))
        if bound is not None
    ]
    lines = ["scaler.unscale_(optimizer)", *clips] if scaled and clips else clips
    lines += ["scaler.step(optimizer)", "scaler.update()"] if scaled else ["optimizer.step()"]
    if training.scheduler not in BY_STEP:
        return lines
    if not {"total_steps", "epochs"}.isdisjoint(training.scheduler_kwargs):
        return [*lines, "if scheduler.last_epoch + 1 < scheduler.total_steps:", "    scheduler.step()"]
    return [*lines, "scheduler.step()"]


def evaluate_code(contents: ScriptContents) -> list[str]:
    """Return the lines of the function ``evaluate``."""
    if contents.on_nodes:
        return [
            "@torch.no_grad()",
            "def evaluate(model: Model, data: Data, nodes: Tensor) -> dict[str, float]:",
            '    """Return the metrics of the model on some nodes."""',
            "    model.eval()",
            "    return measure(predict(model, data, nodes), data.y[nodes])",
        ]
    scores, values = takes_scores(contents), contents.predicts_values
    body = ["model.eval()"]
    body += ["outputs, labels = [], []"] if scores else []
    body += ["total, graphs = 0.0, 0"] if values else []
    body += ["for batch in loader:", *block(_evaluating_loop(contents, scores=scores))]
    if not scores:
        body.append('return {"loss": total / graphs}')
    else:
        several = contents.several_targets
        joined = (
            "[torch.cat(parts) for parts in zip(*outputs, strict=True)]" if several else "torch.cat(outputs)"
        )
        measured = f"measure({joined}, torch.cat(labels))"
        if values:
            body += [f"scores = {measured}", 'return {"loss": total / graphs, **scores}']
        else:
            body.append(f"return {measured}")
    return [
        "@torch.no_grad()",
        "def evaluate(model: Model, loader: DataLoader) -> dict[str, float]:",
        '    """Return the metrics of the model on the graphs of a loader."""',
        *block(body),
    ]


def _evaluating_loop(contents: ScriptContents, *, scores: bool) -> list[str]:
    lines = _moved(contents)
    if not contents.predicts_values:
        return [*lines, f"outputs.append({call_model(contents)})", "labels.append(batch.y)"]
    first = "model, " if contents.standardizes else ""
    lines += [f"output = {call_model(contents)}"]
    lines += [
        f"total += loss_of({first}output, batch.y).item() * batch.num_graphs",
        "graphs += batch.num_graphs",
    ]
    return [*lines, "outputs.append(output)", "labels.append(batch.y)"] if scores else lines
