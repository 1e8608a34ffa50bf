"""The command line: ``qgtune tuning.yaml``, ``qgtune check tuning.yaml`` and the other commands.

Exit codes: 0 all went well, 1 problems in the user's files, 2 wrong usage, 3 a fault of qgtune's own,
130 interrupted, 143 and 129 a run that SIGTERM or SIGHUP has ended.
"""

from qgtune.cli.entry import main

__all__ = ["main"]
