"""Laws of the table of trials."""

import csv
import io
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.core.trials import TrialRecord
from qgtune.reports import write_trials_csv

START = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as studies keep their times
END = datetime(2026, 1, 2, 3, 4, 8, 250000)  # noqa: DTZ001 - the same

RECORDS = [
    TrialRecord(0, "complete", (0.25,), {"lr": 1e-05, "model.act": "relu"}, START, END, worker="0"),
    TrialRecord(
        1,
        "failed",
        (),
        {"lr": 0.1, "worker": 3},
        START,
        END,
        failure='ValueError: "a", b',
        worker="1",
        peak_memory=2**30,
    ),
    TrialRecord(2, "running", (), {}, START),
]

TABLE = """\
number,state,value,lr,model.act,params_worker,duration_seconds,datetime_start,datetime_complete,worker,peak_memory,failure
0,complete,0.25,1e-05,relu,,3.250,2026-01-02T03:04:05,2026-01-02T03:04:08.250000,0,,
1,failed,,0.1,,3,3.250,2026-01-02T03:04:05,2026-01-02T03:04:08.250000,1,1073741824,"ValueError: ""a"", b"
2,running,,,,,,2026-01-02T03:04:05,,,,
"""


def test_the_table_has_a_row_for_each_trial_and_a_column_for_each_parameter(tmp_path):
    write_trials_csv(RECORDS, tmp_path / "trials.csv")
    assert (tmp_path / "trials.csv").read_bytes().decode() == TABLE


def test_several_objectives_have_a_column_each(tmp_path):
    write_trials_csv([TrialRecord(0, "complete", (0.5, 2.0), {})], tmp_path / "trials.csv")
    head, row = (tmp_path / "trials.csv").read_text().splitlines()
    assert head.startswith("number,state,values_0,values_1,duration_seconds")
    assert row == "0,complete,0.5,2.0,,,,,,"


def test_a_study_without_trials_gives_the_head_only(tmp_path):
    write_trials_csv([], tmp_path / "trials.csv")
    assert (tmp_path / "trials.csv").read_text().count("\n") == 1


def test_a_table_that_cannot_be_written_leaves_no_trace(tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot write the file") as caught:
        write_trials_csv(RECORDS, tmp_path / "nowhere" / "trials.csv")
    assert caught.value.filename == str(tmp_path / "nowhere" / "trials.csv")
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)  # each example waits for the disk
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1),
        st.one_of(st.integers(), st.booleans(), st.text(st.characters(exclude_categories=("Cs", "Cc")))),
        max_size=5,
    )
)
def test_what_the_table_says_of_parameters_reads_back(tmp_path_factory, params):
    path = tmp_path_factory.mktemp("table") / "trials.csv"
    write_trials_csv([TrialRecord(0, "complete", (1.0,), params)], path)
    head, row = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    assert row[3 : 3 + len(params)] == [str(value) for value in params.values()]
    assert len(head) == len(row) == len(set(head)) == 9 + len(params)
