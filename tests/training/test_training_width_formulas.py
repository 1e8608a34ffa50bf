"""Formulas of widths: the simplest expression that holds for everything that was seen."""

from hypothesis import given
from hypothesis import strategies as st

from qgtune.space import parse_expression
from qgtune.training.proofs.width_formulas import Observation, width_formula

BLOCK = ("model", "gcn_net", 0)
OUT, HEADS, KIND, CONCAT = ((*BLOCK, key) for key in ("out_dim", "heads", "gnn_layer_type", "concat"))
LAYERS = ("plain", "heads", "double", "flagged")


def width(kind, out, heads, concat):
    if kind == "double":
        return 2 * out
    return out * heads if kind == "heads" or (kind == "flagged" and concat) else out


def observation(kind, out, heads, concat):
    leaves = {OUT: out, HEADS: heads, KIND: kind, CONCAT: concat}
    return Observation(leaves, width(kind, out, heads, concat))


@given(st.sets(st.sampled_from(LAYERS), min_size=1), st.permutations([4, 6, 10]), st.randoms())
def test_a_formula_that_is_found_gives_every_width_that_was_seen(kinds, outs, random):
    seen = [observation(k, o, h, c) for k in kinds for o in outs for h in (1, 2, 3) for c in (True, False)]
    random.shuffle(seen)
    formula = width_formula(seen)
    assert formula is not None
    expression = parse_expression(formula)
    for one in seen:
        assert expression.evaluate([one.leaves[term.path] for term in expression.terms]) == one.width


def test_the_simplest_formula_is_taken():
    plain, heads = ([observation(kind, o, 2, True) for o in (4, 6)] for kind in ("plain", "heads"))
    assert width_formula(plain) == "model.gcn_net[0].out_dim"
    assert width_formula(heads) == "model.gcn_net[0].out_dim * model.gcn_net[0].heads"
    assert width_formula([*plain, *heads]) == (
        "model.gcn_net[0].out_dim * model.gcn_net[0].heads if model.gcn_net[0].gnn_layer_type == 'heads' "
        "else model.gcn_net[0].out_dim"
    )


def test_what_never_changes_or_has_no_pattern_follows_nothing():
    assert width_formula([Observation({OUT: out}, 7) for out in (4, 6)]) is None
    assert width_formula([Observation({OUT: out}, width) for out, width in ((4, 9), (6, 11))]) is None
    assert width_formula([]) is None
