"""Laws of passwords in URLs: none is ever shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.diagnostics import (
    Diagnostic,
    Location,
    diagnostics_as_json,
    diagnostics_for_github,
    render_diagnostic,
)
from qgtune.core.passwords import password_of, passwords_hidden, without_passwords


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://me:secret@host/db", "secret"),
        ("redis://:p@ss@host:6379/0", "p@ss"),
        ("mysql+pymysql://me:a%2Fb@host/db", "a/b"),
        ("postgresql://host/db?user=me&password=secret", "secret"),
        ("redis://host:6379/0", ""),
        ("sqlite:///a:b.db", ""),
        ("study.log", ""),
    ],
)
def test_the_password_of_a_url_is_found_and_hidden(url, password):
    assert password_of(url) == password
    hidden = without_passwords(url)
    assert (hidden != url) == bool(password)
    assert not password or password not in hidden
    assert len(passwords_hidden(url)) == len(url)


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=4))
def test_no_rendering_of_a_problem_shows_a_password(secret):
    url = f"postgresql://user:{secret}~@host/db"
    place = Location("tuning.yaml", 1, 10, 1, 10 + len(url), f"storage: {url}")
    problem = Diagnostic("QG403", f"it is {url}", place, f"not {url}")
    for text in (
        render_diagnostic(problem),
        diagnostics_as_json([problem]),
        diagnostics_for_github([problem]),
    ):
        assert f"{secret}~" not in text
        assert "user:" in text
