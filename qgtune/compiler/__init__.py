"""The compiler: three documents in, one Plan out.

Its floors, from the ground up::

    problems, files   diagnostics against the documents; file names as users see them
    building          documents -> typed tree: forms, conditions, repeats, tags, aliases, the dependency map
    linking           typed tree -> linked tree: references at their places, what they read, in which order
    planning          linked tree -> Plan: names, steps, constraints, the template of a config
    proving           configs at the corners of the space and at random: what cannot be had, what never holds
    pipeline          these in their order
    tuning            a tuning file -> its settings and the texts that it names
    task_check        what a task's schema says of the configs; ``incremental`` keeps that cheap
    load, emit        files -> compilation; config -> the files that people keep
    prepare, cache    all that is known from a tuning file alone; compilations while their files stay the same

``qgtune.insight``, above, explains a compiled space to people.
"""
