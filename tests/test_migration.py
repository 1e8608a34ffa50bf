"""The fifteen readings that QGTune got wrong: what qgtune makes of the same files.

Each test has the name of its section in docs/migration.md, and reads the files from there.
"""

import pathlib
import re
import subprocess
import sys

import optuna
import pytest
import yaml
from documented import files_of, sections, tables

from qgtune import tune
from qgtune.compiler.linking.link import Outside
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.compiler.planning.stand_ins import RandomTrial
from qgtune.compiler.prepare import prepare
from qgtune.core.diagnostics import Severity
from qgtune.core.errors import DiagnosticError
from qgtune.document import Source, read_text
from qgtune.schema.tuning import TuningSettings, tuning_keys

PAGE = (pathlib.Path(__file__).parent.parent / "docs" / "migration.md").read_text(encoding="utf-8")
READINGS = sections(sections(PAGE, "##")["The fifteen readings"], "###")


def test_every_reading_of_the_page_has_a_test_of_its_name_and_every_test_a_reading():
    here = [name for name in globals() if name.startswith("test_")]
    named = [f"test_{re.sub('[^a-z0-9]+', '_', heading.lower())}" for heading in READINGS]
    assert len(named) == 15
    assert here[1 : 1 + len(named)] == named


def compiled(heading, **changes):
    """Return the compilation of the files that a section shows; ``changes`` are other texts for them."""
    files = files_of(READINGS[heading]) | {f"{name}.yaml": text for name, text in changes.items()}
    names = ("search_space.yaml", "base_settings.yaml", "dependency_map.yaml")
    sources = [Source(name, files[name]) if name in files else None for name in names]
    return compile_space(SpaceSources(*sources))


def domains_of(plan):
    return {suggestion.name: str(suggestion.domain) for suggestion in plan.suggestions}


def domains(heading):
    return domains_of(compiled(heading).plan)


def configs(compilation, count=20, seed=0):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    return [compilation.plan.resolve(study.ask()) for _ in range(count)]


def written(heading, folder):
    """Write the files of a section into a folder."""
    for name, text in files_of(READINGS[heading]).items():
        (folder / name).write_text(text)
    return folder


def test_lists_sampled_that_were_lists():
    heading = "Lists sampled that were lists"
    assert domains(heading) == {"model.activation": "one of relu, tanh"}
    for config in configs(compiled(heading)):
        assert (config["model"]["hidden_dims"], config["model"]["output_dims"]) == ([48, 18], [2])


def test_the_text_1e_5():
    assert domains("The text 1e-5") == {"training.learning_rate": "float from 1e-05 to 0.1, log"}
    for config in configs(compiled("The text 1e-5")):
        assert 1e-5 <= config["training"]["learning_rate"] <= 0.1
    assert {problem.code for problem in compiled("The text 1e-5").warnings} == {"QG110"}


def test_stale_chains():
    for lines in ("c: model.b, b: model.a", "b: model.a, c: model.b"):
        for config in configs(compiled("Stale chains", dependency_map=f"model: {{{lines}}}")):
            assert config["model"]["c"] == config["model"]["b"] == config["model"]["a"]


def test_silent_typos():
    with pytest.raises(DiagnosticError) as caught:
        compiled("Silent typos")
    assert [problem.code for problem in caught.value.diagnostics] == ["QG301", "QG202"]
    with pytest.raises(DiagnosticError, match=r"did you mean 'training.warmup'"):
        compiled(
            "Silent typos",
            search_space="training: {}",
            dependency_map="training: {warmpu: training.batch_size}",
        )


def test_names_corrupted_after_a_failing_trial(tmp_path, monkeypatch):
    monkeypatch.chdir(written("Names corrupted after a failing trial", tmp_path))

    class Failing:
        """A trial that fails at its second parameter."""

        def suggest_categorical(self, name, choices):
            return choices[0]

        def suggest_int(self, name, low, high, *, step, log):
            raise RuntimeError("the storage is gone")

    def build(trial):
        return tune.build_search_space_with_dependencies(
            "search_space.yaml", None, trial, tune_model=True, base_settings_file="base_settings.yaml"
        )

    trials = [optuna.create_study().ask() for _ in range(2)]
    build(trials[0])
    with pytest.raises(RuntimeError, match="the storage is gone"):
        build(Failing())
    build(trials[1])
    assert list(trials[1].params) == list(trials[0].params) == ["model.width", "model.depth"]


def test_log_flag_lost_on_ints():
    assert domains("Log flag lost on ints") == {"model.width": "int from 1 to 1024, log"}
    widths = [config["model"]["width"] for config in configs(compiled("Log flag lost on ints"), 200)]
    assert sum(width <= 32 for width in widths) > 70  # half of them; even sampling would give about 6


def test_two_item_and_mixed_tuples():
    assert domains("Two-item and mixed tuples") == {
        "model.depth": "int from 1 to 4",
        "model.dropout": "float from 0.0 to 0.5, step 0.1",
    }


def test_null_in_a_list():
    found = {config["model"]["normalizer"] for config in configs(compiled("Null in a list"))}
    assert found == {"batch_norm", None}


def test_lists_of_lists():
    assert domains("Lists of lists") == {"model.hidden_dims": "one of [16], [32, 16]"}
    found = [config["model"]["hidden_dims"] for config in configs(compiled("Lists of lists"))]
    assert all(dims in ([16], [32, 16]) for dims in found)


def test_shared_mutable_results():
    plan = compiled("Shared mutable results").plan
    name = "model.first.out_dim"
    config = plan.config_of({name: 2})["model"]
    assert (config["first"]["norm_args"], config["second"]["norm_args"]) == ([2], [128])
    config["second"]["norm_args"].append("changed")
    assert plan.config_of({name: 2})["model"]["second"]["norm_args"] == [128]
    whole = compiled("Shared mutable results", dependency_map="model: {second: model.first}").plan
    copied = whole.config_of({name: 2})["model"]
    assert copied["second"] == copied["first"]
    copied["second"]["norm_args"].append("changed")
    assert copied["first"]["norm_args"] == [128]


def test_aliases_sampled_twice():
    assert domains("Aliases sampled twice") == {"validation.batch_size": "one of 32, 64"}
    for config in configs(compiled("Aliases sampled twice")):
        assert config["testing"] == config["validation"]


def test_half_written_files(tmp_path):
    (tmp_path / "built.yaml").write_text("".join(f"key{i}: {i}\n" for i in range(2000)))
    (tmp_path / "trial.yaml").write_text("key0: 1\n")
    (tmp_path / "best.yaml").write_text("what: was there before\n")
    # A disk that is full after 4 kB: the limit is the operating system's own.
    script = (
        "import resource, signal\n"
        "from qgtune import tune\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "tune.save_best_config('built.yaml', 'trial.yaml', None, 'best.yaml')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "File too large" in done.stderr
    assert (tmp_path / "best.yaml").read_text() == "what: was there before\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.yaml", "built.yaml", "trial.yaml"]


def test_unsorted_dumps(tmp_path, monkeypatch):
    monkeypatch.chdir(written("Unsorted dumps", tmp_path))
    study = optuna.create_study()
    study.optimize(
        lambda trial: tune.build_search_space_with_dependencies(
            "search_space.yaml", None, trial, True, True, "base_settings.yaml", "built.yaml"
        )["training"]["learning_rate"],
        n_trials=2,
    )
    tune.save_best_trial(study, "trial.yaml")
    tune.save_best_config("built.yaml", "trial.yaml", None, "best.yaml")
    for name in ("built.yaml", "best.yaml"):
        config = yaml.safe_load((tmp_path / name).read_text())
        assert [list(config), *map(list, config.values())] == [
            ["training", "model"],
            ["seed", "learning_rate"],
            ["name", "depth"],
        ]


def prepared(folder, *headings):
    """Return what a run of the files of these sections needs, the later ones over the earlier."""
    for heading in headings:
        written(heading, folder)
    return prepare(folder / "tuning.yaml")


def test_kwargs_that_no_layer_takes(tmp_path):
    [warning] = prepared(tmp_path, "Kwargs that no layer takes").warnings
    assert (warning.code, warning.location.text.strip()) == ("QG215", "project: false")


def test_unknown_registry_names(tmp_path):
    with pytest.raises(DiagnosticError) as caught:
        prepared(tmp_path, "Kwargs that no layer takes", "Unknown registry names")
    [error] = [problem for problem in caught.value.diagnostics if problem.code == "QG214"]
    assert error.location.text[error.location.column - 1 : error.location.end_column - 1] == "gcm"
    assert error.hint == "did you mean 'gco'?"


@pytest.mark.parametrize("row", tables(PAGE, "tag", "there", "here"), ids=lambda row: row[0])
def test_a_tag_of_the_page_is_read_as_the_page_says(row):
    tag, _, here = row
    source = Source("config.yaml", f"w: !sweep {{values: [1, 2]}}\ny: [{{z: 5}}, {{z: 7}}]\nx: {tag}\n")

    def plan():
        return compile_space(SpaceSources(source), outside=Outside(objects=("math",))).plan

    kind, _, value = here.partition(" ")
    if kind == "error":
        with pytest.raises(DiagnosticError) as caught:
            plan()
        assert {
            problem.code for problem in caught.value.diagnostics if problem.severity is Severity.ERROR
        } == {value}
    elif kind == "always":
        found = [plan().config_of({"w": w})["x"] for w in (1, 2)]
        assert found == read_text(f"x: {value.strip('`')}")["x"]
    else:
        assert domains_of(plan())["x"] == here


@pytest.mark.parametrize(
    "row", tables(PAGE, "tag of QGTune", "written here", "in the file"), ids=lambda row: row[0].split()[0]
)
def test_what_the_page_writes_for_a_tag_is_what_the_tag_is(row):
    tag, line, file = row
    beside = {"w: !sweep {values: [1, 2]}": "w: [1, 2]"} if "of `w" in tag else {}
    tag = tag.split("`")[0].strip()
    base = "x: 0\nw: 1\ny: [{z: 5}, {z: 7}]\n"
    texts = {"search space": "", "dependency map": "", "base settings": base}
    texts[file] += f"{line}\n"
    texts["search space"] += "\n".join(beside.values())
    roles = ("search space", "base settings", "dependency map")
    ours = compile_space(SpaceSources(*(Source(role, texts[role]) for role in roles))).plan
    one_file = f"x: {tag}\nw: {'!sweep {values: [1, 2]}' if beside else 1}\ny: [{{z: 5}}, {{z: 7}}]\n"
    theirs = compile_space(SpaceSources(Source("config.yaml", one_file))).plan
    for seed in range(20):
        assert ours.resolve(RandomTrial(seed)) == theirs.resolve(RandomTrial(seed))


def test_a_script_reads_the_one_file_form_as_the_page_says(tmp_path):
    files = files_of(sections(PAGE, "##")["The single-file form"])
    config = tmp_path / "config.yaml"
    config.write_text(files["config.yaml"].replace("!pyobject ", ""))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    found = tune.build_search_space_with_dependencies(config, None, study.ask(), tune_model=True)
    assert found["model"]["nn"][1]["in_dim"] == found["model"]["nn"][0]["out_dim"]
    assert found["training"]["batch_size"] == {2: 16, 5: 32, 7: 64}[found["training"]["epochs"]]


PIECES = sorted(
    {piece for row in tables(PAGE, "there", "here") for piece in re.findall(r"`([^`]+)`", f"`{row[1]}`")}
)


@pytest.mark.parametrize("piece", [piece for piece in PIECES if ": " in piece])
def test_what_the_page_writes_for_another_tuner_is_understood(piece, tmp_path):
    data = read_text(piece)
    if isinstance(data, dict) and data.keys() <= set(tuning_keys()):
        if data != {"objective": "file.py:function"}:
            TuningSettings.model_validate(data | {"objective": "a.py:f"})
        return
    text = f"x: {piece}" if piece.startswith("{") else piece.removeprefix("training.")
    if "{choices" in piece:
        text += "\nextends: broad.yaml\n"
    for name in ("broad.yaml", "first.yaml"):
        (tmp_path / name).write_text("output_dim: {type: categorical, choices: [256, 512]}\n")
    base = "{conv_type: gcn, optimizer: adam, loss_type: sigmoid_infonce, lora_r: 8}"
    sources = SpaceSources(Source("search space", text), Source("base settings", base), folder=tmp_path)
    plan = compile_space(sources).plan
    assert plan.suggestions or "patience" in piece
    if "{choices" in piece:
        assert domains_of(plan) == {"output_dim": "one of 768, 1024"}
