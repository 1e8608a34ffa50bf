"""Laws of reading a journal: the fast reader and Optuna's own agree, record for record."""

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import OptunaError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from qgtune.study import open_storage

DOMAINS = [
    FloatDistribution(0.0, 1.0),
    FloatDistribution(0.0, 2.0),
    IntDistribution(1, 9),
    CategoricalDistribution(["a", "b"]),
    CategoricalDistribution(["b", "c"]),
]

changes = st.one_of(
    st.tuples(st.just("study"), st.integers(0, 2)),
    st.tuples(st.just("delete"), st.integers(0, 2)),
    st.tuples(st.just("trial"), st.integers(0, 2)),
    st.tuples(st.just("waiting"), st.integers(0, 2)),
    st.tuples(st.just("param"), st.integers(0, 5), st.sampled_from("xy"), st.sampled_from(DOMAINS)),
    st.tuples(st.just("state"), st.integers(0, 5), st.sampled_from(list(TrialState))),
    st.tuples(st.just("report"), st.integers(0, 5), st.integers(0, 3)),
    st.tuples(st.just("attr"), st.integers(0, 5), st.sampled_from("pq")),
)


def change(storage, what, index, *rest):
    """Change a storage as a user could, or try to."""
    if what == "study":
        storage.create_new_study([StudyDirection.MINIMIZE], f"study{index}")
    elif what == "delete":
        storage.delete_study(index)
    elif what == "trial":
        storage.create_new_trial(index)
    elif what == "waiting":
        storage.create_new_trial(index, optuna.trial.create_trial(state=TrialState.WAITING))
    elif what == "param":
        storage.set_trial_param(index, rest[0], 1.0, rest[1])
    elif what == "state":
        values = [1.5] if rest[0] == TrialState.COMPLETE else None
        storage.set_trial_state_values(index, rest[0], values)
    elif what == "report":
        storage.set_trial_intermediate_value(index, rest[0], 0.5)
    else:
        storage.set_trial_user_attr(index, rest[0], {"ä": [1, None]})
        storage.set_trial_system_attr(index, rest[0], "ß")


def contents(storage):
    studies = storage.get_all_studies()
    return [(study, storage.get_all_trials(study._study_id)) for study in studies]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(changes, max_size=25), after=st.lists(changes, max_size=8))
def test_the_fast_reader_sees_what_optuna_sees(tmp_path_factory, before, after):
    path = tmp_path_factory.mktemp("journal") / "study.log"
    plain = JournalStorage(JournalFileBackend(str(path)))
    plain.create_new_study([StudyDirection.MINIMIZE], "study0")
    for made in before:
        attempt(plain, made)
    ours = open_storage(path)
    assert contents(ours) == contents(plain)
    for made in after:
        attempt(plain, made)
    assert contents(ours) == contents(plain)
    assert contents(open_storage(path)) == contents(plain)


def attempt(storage, made):
    try:
        change(storage, *made)
    except (AssertionError, KeyError, ValueError, OptunaError):
        return  # refused; the refused record stands in the journal all the same


@pytest.mark.parametrize("torn", [b'{"op_code":4,"wor', b'{"op_code":4,"wor\n'])
def test_a_last_record_that_is_being_written_is_read_when_it_is_whole(tmp_path, torn):
    path = tmp_path / "study.log"
    writer = open_storage(path)
    study_id = writer.create_new_study([StudyDirection.MINIMIZE], "study")
    reader = open_storage(path)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert reader.get_all_trials(study_id) == []
    path.write_bytes(whole)
    writer.create_new_trial(study_id)
    assert len(reader.get_all_trials(study_id)) == 1
