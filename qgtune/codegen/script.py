"""A stand-alone PyTorch Geometric script that trains one config."""

from collections.abc import Sequence

from qgtune.codegen.contents import ScriptContents
from qgtune.codegen.data_code import data_code, split_code, uses_folder
from qgtune.codegen.main_code import REPORT, main_code
from qgtune.codegen.metrics_code import measure_code
from qgtune.codegen.model_code import model_code, own_modules
from qgtune.codegen.source import Imports, literal
from qgtune.codegen.training_code import epoch_code, evaluate_code, loss_code, predict_code


def script_text(contents: ScriptContents) -> str:
    """Return the text of a Python script that trains a config without qgtune.

    It has the data, the model with each layer by its class, the training and the measuring, and of all these
    only what the config uses. Equal contents give equal texts.

    Args:
        contents: what is written: a config of built-in parts, and what is known of its data.
    """
    imports = Imports()
    imports.module("torch")
    sections: list[Sequence[str]] = [
        data_code(contents, imports),
        split_code(contents, imports),
        *own_modules(contents),
        model_code(contents, imports),
        predict_code(contents),
        loss_code(contents, imports),
        measure_code(contents, imports),
        epoch_code(contents, imports),
        evaluate_code(contents),
        REPORT,
        main_code(contents, imports),
        ['if __name__ == "__main__":', "    main()"],
    ]
    constants = _constants(contents, imports)
    written = ["\n".join(section).rstrip("\n") for section in sections if section]
    top = [_docstring(contents), "", *imports.lines(), "", *constants]
    return "\n\n\n".join(["\n".join(top), *written]) + "\n"


def _docstring(contents: ScriptContents) -> str:
    name = contents.task.replace("_", " ").capitalize()
    # As it could stand in a docstring.
    config = contents.config_name.replace("\\", "/").replace('"', "'")
    return (
        f'"""{name} with a graph neural network.\n\n'
        f"Written by `qgtune export` from {config}. It needs torch, torch_geometric and scikit-learn, and\n"
        "prints what `qgtune train` finds for the same config.\n"
        '"""'
    )


def _constants(contents: ScriptContents, imports: Imports) -> list[str]:
    training = contents.config.training
    lines: list[str] = []
    if uses_folder(contents):
        imports.name("pathlib", "Path")
        lines.append("FOLDER = Path(__file__).parent")
    lines += [f"SEED = {training.seed}", f"NUM_EPOCHS = {training.num_epochs}"]
    if contents.may_use_gpu:
        lines.append(
            f'DEVICE = torch.device({literal(training.device)} if torch.cuda.is_available() else "cpu")'
        )
    elif contents.half_precision:
        lines.append('DEVICE = torch.device("cpu")')
    if contents.several_targets:
        lines.append(f"TARGETS = {literal(list(contents.data.target_names))}")
    return lines
