"""The paper's theory, and what goes beyond it; numpy and scipy alone.

Source: "An Investigation of how Label Smoothing Affects Generalization" (arXiv 2010.12648), with
its misprints corrected. docs/theory.md derives every formula and lists the differences. "Eq"
in a docstring is an equation of that paper.

Notation of the whole library, which docstrings do not repeat:

- ``M`` is the number of classes, an integer >= 2.
- ``a`` is the clean rate, in [0, 1]: a label stays with probability a and moves to each other
  class with probability (1 - a)/(M - 1).
- ``p`` is the smoothing parameter, in [0, 1]: a target has p on its label and q = (1 - p)/(M - 1)
  on each other class. p = 1 is no smoothing, p = 1/M the uniform target.
- ``epsilon`` is PyTorch's label_smoothing, M (1 - p)/(M - 1).
- ``assumption`` says what the test labels are: "alpha" clean, "beta" corrupted as those of the
  training, "gamma" clean and smoothed with the same p.
- ``c`` is the match probability: how often the class that is given p is the one that the test set
  asks for.
- ``k``, at least 1, is the number of labels that a network draws on (the vote theory), and
  ``purity``, in [0, 1], the share of the image's own class among them before any corruption.
- ``T``, shape (M, M): T[i, j] = P(noisy label i | clean label j); columns sum to 1.
- ``S``, shape (M, M): S[c, i] is the target for class c where the label is i; columns sum to 1.
- ``J``, shape (M, M): J[c, i] = P(test label c, training label i); all of it sums to 1.
- ``prior``, shape (M,): distribution of the clean labels; uniform if None.

Losses are in nats. Functions of p, a, c, k, purity and M broadcast over arrays and return a float
for scalars. Each checks its arguments and raises a ValueError that names the argument, its value
and what is allowed.
"""
