"""Whether the launcher of a tuning file exists and is given what it needs."""

from qgtune.compiler.objective import check_function
from qgtune.compiler.problems import Problems
from qgtune.compiler.tuning import Tuning
from qgtune.schema.launcher_settings import find_launcher_problems


def check_launcher(tuning: Tuning, problems: Problems) -> None:
    """Report what is wrong with ``launcher``; a user's own file is not run."""
    found = find_launcher_problems(tuning.settings.launcher)
    for problem in found:
        key = tuning.document.key_at(problem.path) if problem.is_key else None
        place = tuning.document.source.location(key.span) if key else tuning.document.locate(problem.path)
        problems.error("QG422", problem.message, place, problem.hint)
    if found or tuning.settings.chosen_launcher.is_local:
        return
    place = tuning.locate("launcher")
    name = tuning.settings.chosen_launcher.name
    if ":" in name:
        check_function(name, tuning.folder, place, "QG422", problems.found)
    if tuning.gives("storage") and tuning.settings.storage is None:
        message = f"the processes that {name} starts share the study, but storage: null keeps it in memory"
        problems.error(
            "QG422", message, place, "leave out storage, or name a file or a server that all reach"
        )
