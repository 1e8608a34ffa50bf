"""The names under which qgtune keeps what it knows in a study's and its trials' user attributes."""

FINGERPRINT = "qgtune:space_fingerprint"
"""On a study: the fingerprint of the search space that it was begun with."""

WORKER = "qgtune:worker"
"""On a trial: the index of the worker process that ran it, as text."""

FAILURE = "qgtune:failure"
"""On a trial that its objective failed: the reason, in one line. Such a trial counts towards the total."""

PRUNED_BECAUSE = "qgtune:pruned_because"
"""On a trial whose config could not be resolved: the reason. It is pruned, and counts."""

PEAK_MEMORY = "qgtune:peak_memory"
"""On a trial of a built-in task: the most memory that it held at once, in bytes."""

LOST = "qgtune:lost"
"""On a trial whose process ended before it did: the reason. Such a trial does not count."""
