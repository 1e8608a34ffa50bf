"""Every link of the README, the docs, the examples and the changelog leads somewhere: to a file, and to a heading there."""

import pathlib
import re
import urllib.parse

import pytest
from documented import without_blocks

ROOT = pathlib.Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "examples/README.md",
    *sorted(ROOT.glob("docs/*.md")),
]


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = {}
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", without_blocks(page), re.MULTILINE):
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = found[anchor] = found.get(anchor, -1) + 1
        yield f"{anchor}-{count}" if count else anchor


def links(page):
    """Return the targets of a page's links and pictures; what stands in code is none."""
    text = re.sub(r"`[^`\n]*`", "", without_blocks(page))
    defined = re.findall(r"^\[[^\]]+\]: +(\S+)", text, re.MULTILINE)
    return [*re.findall(r"\]\(\s*<?([^)\s>]+)", text), *defined]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(path):
    for target in links(path.read_text(encoding="utf-8")):
        file, _, anchor = urllib.parse.unquote(target).partition("#")
        if re.match(r"\w+:", target):
            assert target.startswith("https://"), target
            continue
        there = path.parent / file if file else path
        assert there.exists(), target
        assert there.resolve().is_relative_to(ROOT), f"{target} leaves the repository"
        if anchor:
            assert anchor in set(anchors(there.read_text(encoding="utf-8"))), target


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        found = {
            (path.parent / link.partition("#")[0]).resolve()
            for link in links(path.read_text(encoding="utf-8"))
        }
        waiting += [there for there in found - reached if there.suffix == ".md" and there.exists()]
    assert {page.resolve() for page in PAGES} <= reached


def test_the_anchors_of_headings_are_those_of_github():
    page = "# The `x` of *A*: [b](c.md)\n\n## Twice\n\n```yaml\n# no heading\n```\n\n## Twice\n"
    assert list(anchors(page)) == ["the-x-of-a-b", "twice", "twice-1"]
