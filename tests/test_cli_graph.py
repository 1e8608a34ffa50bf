"""``qgtune graph``: the dependency graph is right, and its text is sound Mermaid and dot."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from own_projects import write_project

from qgtune import cli
from qgtune.compiler.linking.link import Outside
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.core.paths import format_path
from qgtune.document import Source
from qgtune.insight.graph import FORMATS, Edge, Link, dependency_graph, dot_text, mermaid_text

MERMAID_NODE = re.compile(
    r'  (?P<id>n\d+)(\(\["(?P<a>[^"`<>{}|]*(?:<br/>[^"`<>{}|]*)?)"\]\)|\["(?P<b>[^"`<>{}|]*(?:<br/>[^"`<>{}|]*)?)"\]'
    r'|\[/"[^"`<>]*(?:<br/>[^"`<>]*)?"/\]|\[\["[^"`<>]*"\]\]|\{\{"[^"`<>]*(?:<br/>[^"`<>]*)?"\}\})'
)
MERMAID_EDGE = re.compile(r"  (n\d+) (-->|-\.->) (n\d+)")
DOT_NODE = re.compile(r'  (?P<id>n\d+) \[label="(?:[^"\\]|\\["\\n])*", shape=\w+(?:, \w+=\w+)*\];')
DOT_EDGE = re.compile(r"  (n\d+) -> (n\d+)(?: \[style=dashed\])?;")


def is_sound(lines, node, edge):
    """Tell whether each line is a node or an edge, and each edge joins two nodes that came before it."""
    known = set()
    for line in lines:
        if found := node.fullmatch(line):
            known.add(found["id"])
            continue
        found = edge.fullmatch(line)
        if not found or not {found[1], found[found.lastindex]} <= known:
            return False
    return True


def compiled(base, space, dependencies, facts=None):
    sources = SpaceSources(Source("s", space), Source("b", base), Source("m", dependencies))
    return compile_space(sources, outside=Outside(facts=facts or {}))


def test_the_graph_of_a_project_as_mermaid(tmp_path, capsys):
    assert cli.main(["graph", str(write_project(tmp_path))]) == 0
    assert capsys.readouterr().out == (
        "flowchart LR\n"
        '  n0(["training.learning_rate<br/>float from 0.001 to 1.0, log"])\n'
        '  n1["training.warmup"]\n'
        "  n0 --> n1\n"
    )


def test_the_graph_of_a_project_as_dot_with_all_parameters(tmp_path, capsys):
    assert cli.main(["graph", "--format", "dot", "--all", str(write_project(tmp_path))]) == 0
    assert capsys.readouterr().out == (
        "digraph dependencies {\n"
        "  rankdir=LR;\n"
        '  n0 [label="training.learning_rate\\nfloat from 0.001 to 1.0, log", shape=box, style=rounded];\n'
        '  n1 [label="training.batch_size\\none of 16, 32, 64", shape=box, style=rounded];\n'
        '  n2 [label="training.warmup", shape=box];\n'
        "  n0 -> n2;\n"
        "}\n"
    )


def test_facts_constants_computed_values_and_what_stands_in_a_copied_mapping_take_part():
    compilation = compiled(
        "a: {x: 1, y: 2}\nb: {x: 0, y: 0}\nc: 0\nd: 0\n",
        "a: {x: [1, 2]}\n",
        "b: a\nc: a.y * data.num_classes\nd: c\n",
        {("data", "num_classes"): 3},
    )
    graph = dependency_graph(compilation)
    assert graph.edges == (
        Edge("a.x", "a", Link.HOLDS),
        Edge("a", "b"),
        Edge("a.y", "c"),
        Edge("data.num_classes", "c"),
        Edge("c", "d"),
    )
    assert [(node.name, str(node.kind), node.detail) for node in graph.nodes] == [
        ("a", "container", ""),
        ("a.x", "parameter", "one of 1, 2"),
        ("a.y", "constant", "2"),
        ("b", "reference", ""),
        ("c", "reference", "= a.y * data.num_classes"),
        ("d", "reference", ""),
        ("data.num_classes", "fact", "3"),
    ]
    assert is_sound(mermaid_text(graph).splitlines()[1:], MERMAID_NODE, MERMAID_EDGE)
    assert is_sound(dot_text(graph).splitlines()[2:-1], DOT_NODE, DOT_EDGE)


ODD = st.sampled_from('ab1 "\\`#;<>|&[]{}()/.:-_%$\n\té\N{GRINNING FACE}')


@given(st.lists(st.text(ODD, min_size=1, max_size=12), min_size=2, max_size=4, unique=True))
@settings(max_examples=60, deadline=None)
def test_any_key_and_choice_gives_sound_text(keys):
    first, *others = keys
    base = json.dumps({"m": dict.fromkeys(keys, "v")}, ensure_ascii=False)
    space = json.dumps({"m": {first: ["v", f"{first}w"]}}, ensure_ascii=False)
    lines = {format_path(("m", other)): format_path(("m", first)) for other in others}
    graph = dependency_graph(compiled(base, space, json.dumps(lines, ensure_ascii=False)))
    assert len(graph.edges) == len(others)
    assert is_sound(mermaid_text(graph).splitlines()[1:], MERMAID_NODE, MERMAID_EDGE)
    assert is_sound(dot_text(graph).splitlines()[2:-1], DOT_NODE, DOT_EDGE)


def test_the_order_of_the_files_lines_does_not_matter_to_the_edges():
    base = "a: 1\nb: 1\nc: 1\n"
    texts = [
        FORMATS[form](dependency_graph(compiled(base, "a: [1, 2]\n", dependencies)))
        for form in FORMATS
        for dependencies in ("b: a\nc: b\n", "c: b\nb: a\n")
    ]
    assert texts[0] == texts[1]
    assert texts[2] == texts[3]


def test_an_unknown_format_is_wrong_usage(tmp_path, capsys):
    assert cli.main(["graph", str(write_project(tmp_path)), "--format", "svg"]) == 2
    assert "'svg' is none of mermaid, dot" in capsys.readouterr().err
