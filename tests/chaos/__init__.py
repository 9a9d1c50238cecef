"""Seeded chaos with the real parts: ``make chaos``.

A row of the table is one fault (or all of them mixed) on one database: real workers, beats, a real broker and database,
posts flowing in, and the sandbox as the platforms. The sandbox's own log says what became of each post, never our
database. docs/reliability.md explains the table.

    __main__.py   the command: the rows one after the other, the table
    row.py        one row, in a process of its own: feed, break, heal, wait for the end, judge
    stage.py      everything that runs during a row, and who starts again what ends
    databases.py  SQLite and a PostgreSQL server of the row's own
    network.py    the way to the platforms: a proxy that can be told to fail
    clock.py      the clock of the house; moved/ brings it into its processes
    people.py     who writes, and who opens a closed channel again
    faults.py     what goes wrong
    oracle.py     what became of each post, and whether the promises were kept
    table.py      the table, as Markdown and JSON
"""
