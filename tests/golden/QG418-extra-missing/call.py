import pathlib
import sys

from qgtune.compiler.prepare import prepare

# As where it is not installed, wherever this runs.
there = sys.modules.get("cmaes")
sys.modules["cmaes"] = None
try:
    prepare(pathlib.Path("tuning.yaml"))
finally:
    del sys.modules["cmaes"]
    if there is not None:
        sys.modules["cmaes"] = there
