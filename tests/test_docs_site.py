"""The pages of docs/ make a site without a warning: each is in its contents, and each link leads somewhere."""

import pathlib
import subprocess
import sys

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


def test_a_link_to_nowhere_ends_it(tmp_path):
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "conf.py").write_text((ROOT / "docs/conf.py").read_text())
    (pages / "index.md").write_text("# Here\n\n[there](nowhere.md)\n")
    done = build(pages, tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
