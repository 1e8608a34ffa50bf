"""Laws of best_config.yaml over random conditional spaces: any two configs of a space, one written over the other.

The base settings are one config of the space, in a style of their own and with a comment on every line; the best
config is that of another trial, in which switches chose other branches and lists have other lengths.
"""

import io

import yaml
from conditional_strategies import spaces
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from test_conditional_spaces import asked, plan_of

from qgtune.document import Source, format_flow, format_scalar, read_document, same_value
from qgtune.document.splicing import splice_with_layout

STYLES = st.sampled_from([(2, 2), (2, 0), (4, 4), (4, 0)])
laws = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def lines(value, style, column=0, path=()):
    """Yield the lines of a mapping or list, one for each value, each with its path behind it as a comment."""
    keys, dashes = style
    for part, item in value.items() if isinstance(value, dict) else enumerate(value):
        here = (*path, part)
        is_mapping = isinstance(value, dict)
        head = " " * column + (f"{format_scalar(part)}:" if is_mapping else "-")
        if isinstance(item, dict | list) and item:
            yield f"{head}  # {here}"
            below = 2 if not is_mapping else keys if isinstance(item, dict) else dashes
            yield from lines(item, style, column + below, here)
        else:
            yield f"{head} {format_flow(item)}  # {here}"


def leaves(value, path=()):
    """Return every value and every container by its path; a container by its kind."""
    found = {}
    for part, item in value.items() if isinstance(value, dict) else enumerate(value):
        here = (*path, part)
        is_container = isinstance(item, dict | list) and bool(item)
        found[here] = type(item) if is_container else format_flow(item)
        found |= leaves(item, here) if is_container else {}
    return found


def base_and_best(space, seeds, style):
    plan = plan_of(space)
    (base, _), (best, _) = (asked(plan, seed) for seed in seeds)
    assume(base and best)
    document = read_document(Source("base.yaml", "".join(f"{line}\n" for line in lines(base, style))), [])
    assert same_value(document.data, base)
    return document, base, best


two_seeds = st.tuples(st.integers(0, 99), st.integers(100, 199))


@laws
@given(spaces, two_seeds, STYLES)
def test_whatever_a_trial_chose_its_config_reads_back_the_same_under_both_readers(space, seeds, style):
    document, _, best = base_and_best(space, seeds, style)
    text = splice_with_layout(document, best).text
    assert same_value(yaml.safe_load(text), best)
    assert same_value(YAML(typ="safe", pure=True).load(io.StringIO(text)), best)


@laws
@given(spaces, two_seeds, STYLES)
def test_the_base_settings_own_values_leave_its_bytes_and_equal_configs_give_equal_bytes(space, seeds, style):
    document, base, best = base_and_best(space, seeds, style)
    assert splice_with_layout(document, base).text == document.source.text
    text = splice_with_layout(document, best).text
    again = read_document(Source("elsewhere.yaml", document.source.text), [])
    assert splice_with_layout(again, best).text == text
    assert splice_with_layout(read_document(Source("best.yaml", text), []), best).text == text


@laws
@given(spaces, two_seeds, STYLES)
def test_lines_whose_values_did_not_change_stay_as_they_are(space, seeds, style):
    document, base, best = base_and_best(space, seeds, style)
    text, kept_layout = splice_with_layout(document, best)
    assume(kept_layout)
    before, after = leaves(base), leaves(best)
    written = set(text.splitlines())
    for line, path in zip(document.source.text.splitlines(), before, strict=True):
        around = [path[:end] for end in range(1, len(path) + 1)]
        if all(before[part] == after.get(part) for part in around) and has_own_keys(base, best, path):
            assert line in written, line


def has_own_keys(base, best, path):
    """Tell whether all mappings above a path have the keys that they had, in their order, and no others."""
    for part in path:
        if isinstance(base, dict) and list(base) != list(best):
            return False
        base, best = base[part], best[part]
    return True
