"""The one build step that pyproject.toml cannot say: the page of diagnostics goes into the package.

``docs/diagnostics.md`` is its single source. An installed ``qgtune explain`` reads the copy that is made
here; in the repository, or installed as editable, it reads the page itself.
"""

import pathlib

from setuptools import setup
from setuptools.command.build_py import build_py

PAGE = pathlib.Path("docs/diagnostics.md")


class BuildWithPages(build_py):
    """Builds the package, with the page of diagnostics beside its modules."""

    def run(self) -> None:
        """Build, then copy the page to where the wheel is made from."""
        super().run()
        if not self.editable_mode:
            self.copy_file(str(PAGE), str(self._copy))

    def get_source_files(self) -> list[str]:
        """Return the files that a source distribution needs, the page among them."""
        return [*super().get_source_files(), str(PAGE)]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files that are built, the copy among them."""
        copies = [] if self.editable_mode else [str(self._copy)]
        return [*super().get_outputs(include_bytecode), *copies]

    @property
    def _copy(self) -> pathlib.Path:
        return pathlib.Path(self.build_lib) / "qgtune" / PAGE.name


setup(cmdclass={"build_py": BuildWithPages})
