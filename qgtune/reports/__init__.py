"""Reports: what people see of a run while it runs, and the files that they read afterwards."""

from qgtune.reports.live import LiveView
from qgtune.reports.trials_table import write_trials_csv

__all__ = ["LiveView", "write_trials_csv"]
