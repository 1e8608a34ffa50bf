"""``qgtune report``: everything that a run leaves, made again from its study."""

import argparse
import webbrowser

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import OK, print_diagnostics, say
from qgtune.cli.projects import prepare_file
from qgtune.compiler.files import shown_path
from qgtune.core.wording import count

_LEFT_ALONE = "the files with configs, such as best_config.yaml, are left as they are"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    parser.add_argument("--open", action="store_true", help="open report.html in the browser")
    parser.add_argument("--no-plots", action="store_true", help="draw no pictures into the folder plots")
    parser.add_argument("--pickle", action="store_true", help="write study.pkl too, a pickled Optuna study")


def _report(options: argparse.Namespace) -> int:
    prepared = prepare_file(options.tuning)
    print_diagnostics(prepared.warnings, color=options.color)
    from qgtune.core.events import Event, Notice
    from qgtune.outputs.files import OutputFiles, check_outputs
    from qgtune.outputs.study_results import CHANGED, begun_otherwise, open_tuned_study
    from qgtune.outputs.writer import OutputWriter
    from qgtune.study import trial_records

    def tell(event: Event) -> None:
        if isinstance(event, Notice):
            say(f"note: {event.text}")

    study = open_tuned_study(prepared.tuning)
    check_outputs(prepared)
    begun = begun_otherwise(study, prepared)
    if begun is not None:
        say(f"note: {CHANGED}; {_LEFT_ALONE}")
    files = OutputFiles.of(prepared.tuning.settings, prepared.tuning.folder)
    writer = OutputWriter(prepared, files, tell, begun=begun)
    records = tuple(trial_records(study))
    writer.run_ended(records)
    writer.write_report(study, with_plots=not options.no_plots)
    if options.pickle:
        writer.write_pickle(study)
    print(f"{count(len(records), 'trial')} of study {study.study_name}")
    for path in (files.summary_report, files.report):
        print(f"  {shown_path(path)}")
    if files.plots.is_dir() and not options.no_plots:
        print(f"  {shown_path(files.plots)}")
    if options.pickle and files.pickle.is_file():
        print(f"  {shown_path(files.pickle)}")
    if options.open and webbrowser.open(files.report.resolve().as_uri()) is False:
        say(f"there is no browser here that could be opened: open {shown_path(files.report)} yourself")
    return OK


REPORT = Command(
    "report",
    "make the report of a study again: tables, pages, pictures",
    "report TUNING.yaml",
    "report TUNING.yaml [--open] [--no-plots] [--pickle]",
    _add_arguments,
    _report,
)
