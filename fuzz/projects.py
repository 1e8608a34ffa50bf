"""The projects that fuzzing begins with: every YAML file that the repository has, grouped by project."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent
CORPUS = ROOT / "fuzz" / "corpus"

Project = dict[str, bytes]
"""The files of a project by name; ``tuning.yaml`` is the one that is checked."""

_FENCE = re.compile(r"^```ya?ml[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# ([\w-]+\.yaml)\n")

_TUNING = b"""\
base_settings_path: base_settings.yaml
search_space_path: search_space.yaml
dependency_mapping_path: dependency_map.yaml
objective: objective.py:score
"""
_OBJECTIVE = b"def score(trial, config):\n    return 0.0\n"
_NAMES = {"depmap.yaml": "dependency_map.yaml"}


def seed_projects() -> list[Project]:
    """Return the projects of the tests, the samples, the docs and the corpus, always in the same order.

    The golden cases are many and wrong by nature; the sound projects are repeated to be as many.
    """
    tests = ROOT / "tests"
    wrong = _projects_in(tests / "golden", CORPUS)
    sound = _projects_in(tests / "guide", ROOT / "sample_configs", ROOT / "examples")
    sound += [_complete(files) for page in sorted(ROOT.glob("docs/*.md")) for files in _documented(page)]
    return wrong + sound * max(1, round(len(wrong) / len(sound)))


def _projects_in(*places: pathlib.Path) -> list[Project]:
    folders = sorted({path.parent for place in places for path in place.rglob("*.yaml")})
    return [project_in(folder) for folder in folders if "runs" not in folder.parts]


def project_in(folder: pathlib.Path) -> Project:
    """Return the project whose files stand in a folder, with what it lacks to be checked as a whole."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".py"})
    return _complete({path.name: path.read_bytes() for path in paths})


def _documented(page: pathlib.Path) -> list[Project]:
    """Return the YAML blocks of a page, grouped until a file's name comes again."""
    groups: list[Project] = [{}]
    for block in _FENCE.findall(page.read_text(encoding="utf-8")):
        named = _NAMED.match(block)
        name = named[1] if named else "search_space.yaml"
        if name in groups[-1]:
            groups.append({})
        groups[-1][name] = block.encode()
    return [group for group in groups if group]


def _complete(files: Project) -> Project:
    """Return a project with what it lacks to be checked as a whole."""
    named = {
        _NAMES.get(name, name) if "tuning.yaml" not in files else name: text for name, text in files.items()
    }
    project = {"tuning.yaml": _TUNING, "objective.py": _OBJECTIVE, **named}
    if project["tuning.yaml"] is _TUNING:
        for name in ("base_settings.yaml", "search_space.yaml", "dependency_map.yaml"):
            project.setdefault(name, b"")
    return dict(sorted(project.items()))


def write_project(project: Project, folder: pathlib.Path) -> pathlib.Path:
    """Write the files of a project; return its tuning file. Other files that stand there are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file() and path.name not in project:
            path.unlink()
    for name, text in project.items():
        (folder / name).write_bytes(text)
    return folder / "tuning.yaml"
