"""The pages of docs/ make a site without a warning: each is in its contents, and each link leads somewhere."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from documented import without_blocks

ROOT = pathlib.Path(__file__).parent.parent


def build(pages, site):
    """Build the site as `make docs` does, and return how that went."""
    command = [sys.executable, "-W", "ignore", "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    return subprocess.run([*command, pages, site], capture_output=True, text=True, check=False)


def test_the_site_is_built_without_a_warning_and_has_every_page(tmp_path):
    done = build(ROOT / "docs", tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")
    pages = {page.stem for page in ROOT.glob("docs/*.md")}
    assert pages <= {page.stem for page in (tmp_path / "site").glob("*.html")}
    assert "overflow-x: auto" in (tmp_path / "site/_static/wide_tables.css").read_text()
    for page in pages:
        assert "_static/wide_tables.css" in (tmp_path / f"site/{page}.html").read_text(), page


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.stem)
def test_a_page_has_one_title(page):
    assert len(re.findall(r"^# ", without_blocks(page.read_text(encoding="utf-8")), re.MULTILINE)) == 1


def test_a_link_to_nowhere_ends_it(tmp_path):
    pages = tmp_path / "docs"
    pages.mkdir()
    shutil.copytree(ROOT / "docs/_static", pages / "_static")
    (pages / "conf.py").write_text((ROOT / "docs/conf.py").read_text())
    (pages / "index.md").write_text("# Here\n\n[there](nowhere.md)\n")
    done = build(pages, tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
