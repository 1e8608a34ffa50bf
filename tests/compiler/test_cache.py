"""The cache: files that did not change are not read again, files that did are."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from qgtune.compiler import cache as cache_module
from qgtune.compiler.building.selection import EVERYTHING, Selection
from qgtune.compiler.cache import CompilationCache
from qgtune.core.errors import DiagnosticError


def aged(path, text):
    """Write a file that looks as if it had been written long ago."""
    path.write_text(text)
    os.utime(path, (1_000_000_000, 1_000_000_000))


@pytest.fixture
def counted(monkeypatch):
    """Count the compilations of a cache, which run as ever."""
    calls = []
    compile_files = cache_module.compile_files

    def counting(*arguments):
        calls.append(arguments)
        return compile_files(*arguments)

    monkeypatch.setattr(cache_module, "compile_files", counting)
    return calls


def parameters(compilation):
    return [suggestion.name for suggestion in compilation.plan.suggestions]


def test_unchanged_files_are_compiled_once_even_by_many_threads(tmp_path, counted):
    space = tmp_path / "space.yaml"
    aged(space, "a: [1, 2]\n")
    cache, barrier = CompilationCache(), threading.Barrier(8)

    def get(_):
        barrier.wait()
        return [cache.get((space, None, None), EVERYTHING)[0] for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        found = [compilation for got in pool.map(get, range(8)) for compilation in got]
    assert len(counted) == 1
    assert {id(compilation) for compilation in found} == {id(found[0])}


def test_a_changed_file_is_read_again_even_within_the_same_tick_and_size(tmp_path):
    space = tmp_path / "space.yaml"
    cache = CompilationCache()
    for name in "abcdefgh":
        space.write_text(f"{name}: [1, 2]\n")
        assert parameters(cache.get((space, None, None), EVERYTHING)[0]) == [name]


def test_a_file_that_is_rewritten_with_the_same_text_is_not_compiled_again_if_its_stamp_stays(
    tmp_path, counted
):
    space = tmp_path / "space.yaml"
    space.write_text("a: [1, 2]\n")
    cache = CompilationCache()
    first = cache.get((space, None, None), EVERYTHING)
    second = cache.get((space, None, None), EVERYTHING)
    assert (first[1], second[1], len(counted)) == (True, False, 1)


def test_the_same_files_with_other_sections_tuned_are_another_compilation(tmp_path):
    space, base = tmp_path / "space.yaml", tmp_path / "base.yaml"
    aged(space, "a: {x: [1, 2]}\n")
    aged(base, "a: {x: 5}\n")
    cache = CompilationCache()
    assert parameters(cache.get((space, None, base), EVERYTHING)[0]) == ["a.x"]
    assert parameters(cache.get((space, None, base), Selection(frozenset({"a"})))[0]) == []


def test_an_error_is_not_kept(tmp_path):
    space = tmp_path / "space.yaml"
    cache = CompilationCache()
    with pytest.raises(DiagnosticError):
        cache.get((space, None, None), EVERYTHING)
    space.write_text("a: [1, 2]\n")
    assert parameters(cache.get((space, None, None), EVERYTHING)[0]) == ["a"]
