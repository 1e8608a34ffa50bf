"""Reports: what people see of a run while it runs, and the texts of the files that they read afterwards."""

from qgtune.reports.live import LiveView
from qgtune.reports.trials_table import trials_csv

__all__ = ["LiveView", "trials_csv"]
