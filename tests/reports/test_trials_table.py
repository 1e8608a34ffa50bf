"""Laws of the table of trials."""

import csv
import io
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.trials import TrialRecord
from qgtune.reports import trials_csv
from qgtune.reports.trials_table import value_columns

START = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as studies keep their times
END = datetime(2026, 1, 2, 3, 4, 8, 250000)  # noqa: DTZ001 - the same

RECORDS = [
    TrialRecord(
        0, "complete", (0.25,), {"lr": 1e-05, "model.act": "relu"}, START, END, worker="0", peak_memory=2**20
    ),
    TrialRecord(
        1,
        "failed",
        (),
        {"lr": 0.1, "worker": 3},
        START,
        END,
        failure='ValueError: "a", b',
        worker="1",
    ),
    TrialRecord(2, "running", (), {}, START),
]

TABLE = """\
number,state,value,lr,model.act,params_worker,duration_seconds,datetime_start,datetime_complete,worker,peak_memory,failure,reused_from,spread
0,complete,0.25,1e-05,relu,,3.250,2026-01-02T03:04:05,2026-01-02T03:04:08.250000,0,1048576,,,
1,failed,,0.1,,3,3.250,2026-01-02T03:04:05,2026-01-02T03:04:08.250000,1,,"ValueError: ""a"", b",,
2,running,,,,,,2026-01-02T03:04:05,,,,,,
"""


def test_the_table_has_a_row_for_each_trial_and_a_column_for_each_parameter():
    assert trials_csv(RECORDS) == TABLE


def test_several_objectives_have_a_column_each():
    head, row = trials_csv([TrialRecord(0, "complete", (0.5, 2.0), {})], value_columns(2)).splitlines()
    assert head.startswith("number,state,values_0,values_1,duration_seconds")
    assert row == "0,complete,0.5,2.0,,,,,,,,"


def test_a_study_without_trials_gives_the_head_only():
    assert trials_csv([]).count("\n") == 1


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1),
        st.one_of(st.integers(), st.booleans(), st.text(st.characters(exclude_categories=("Cs", "Cc")))),
        max_size=5,
    )
)
def test_what_the_table_says_of_parameters_reads_back(params):
    head, row = csv.reader(io.StringIO(trials_csv([TrialRecord(0, "complete", (1.0,), params)]), newline=""))
    assert row[3 : 3 + len(params)] == [str(value) for value in params.values()]
    assert len(head) == len(row) == len(set(head)) == 11 + len(params)


def test_lost_reused_and_repeated_trials_say_so():
    records = [
        TrialRecord(0, "failed", (), {}, START, END, failure="killed", lost=True),
        TrialRecord(1, "complete", (0.5,), {}, reused_from=7),
        TrialRecord(2, "complete", (0.5,), {}, repeats=((0.4,), (0.6,)), spread=(0.1,)),
    ]
    rows = list(csv.DictReader(io.StringIO(trials_csv(records))))
    assert [row["state"] for row in rows] == ["lost", "complete", "complete"]
    assert [row["duration_seconds"] for row in rows] == ["", "", ""]
    assert [row["reused_from"] for row in rows] == ["", "7", ""]
    assert [row["spread"] for row in rows] == ["", "", "0.1"]
    several = TrialRecord(0, "complete", (0.5, 2.0), {}, spread=(0.1, 0.2))
    assert trials_csv([several], value_columns(2)).endswith(",0.1 0.2\n")
