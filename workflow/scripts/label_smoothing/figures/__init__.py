"""
One module a figure, and what they share.

`numbers(**inputs, **settings)` of a figure returns a table of every number in it, and
`draw(numbers, study)` draws them; `study` is the title. The inputs have the same names everywhere:

- ``tables``: networks of one data set, one a row; of the noise types, methods and clean rates that
  study/figure_registry.py asks for.
- ``fits``: tables of `comparison.compare_with_theory`, one clean rate and noise type a row.
- ``votes``: table of `vote_fits.fit_vote_table`; without columns where there is no vote theory.

The column ``quantity`` says what a row is. Means over seeds have 95 % t-intervals in ``low`` and
``high``. The row ``votes`` has the ``k`` and the ``purity`` of the vote theory, with their limits.
Losses are in nats, inf where a theory diverges.
"""
