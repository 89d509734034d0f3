"""The paper's theory, and what goes beyond it; numpy and scipy alone.

Source: "An Investigation of how Label Smoothing Affects Generalization" (arXiv 2010.12648), with
its misprints corrected; docs/theory.md derives every formula and lists the differences.

Notation, used everywhere in the library:

- ``M`` number of classes, an integer >= 2.
- ``a`` clean rate: a label stays with probability a and moves to each other class with
  probability (1 - a)/(M - 1).
- ``p`` smoothing parameter: a target has p on its label and q = (1 - p)/(M - 1) on each other
  class. p = 1 is no smoothing, p = 1/M is uniform.
- ``assumption`` what the test labels are: alpha, beta or gamma.
- ``c`` match probability: how often the class that is given p is the one the test set asks for.
- ``T[i, j]`` probability of noisy label i given clean label j: columns sum to 1.
- ``S[k, i]`` target for class k when the training label is i: columns sum to 1.
- ``J[k, i]`` joint probability of test label k and training label i.

Losses are in nats. Functions of p, a, c and M broadcast over arrays; scalars give a float.
"""
