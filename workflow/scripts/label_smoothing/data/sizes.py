"""
Which sizes a stratified subset may have.

The checks before the first job ask for it, so it imports nothing.
"""


def size_problem(size: int, counts: list[int]) -> str:
    """
    Return what is wrong with the size of a stratified subset.

    Parameters
    ----------
    size : int
        Number of images of the subset.
    counts : list of int
        Images of each class that there are.

    Returns
    -------
    str
        "" if every class gets an image, whatever the seed; otherwise what stands behind "KEY is
        SIZE" in a message.
    """
    available, M = sum(counts), len(counts)
    if size == available:
        return ""
    # scikit-learn wants one image of each class among those that are left out, too.
    if not M <= size <= available - M:
        return f"; allowed: {M} to {available - M}, or all {available}"
    rare = min(range(M), key=counts.__getitem__)
    if counts[rare] < 2:
        return f"; allowed: all {available}, because class {rare} has one image only"
    if _least(size, counts, rare) > 0:
        return ""
    enough = -(-available // counts[rare])
    return (
        f", which may leave no image of class {rare}; "
        f"allowed: {enough} to {available - M}, or all {available}"
    )


def split_counts(counts: list[int], size: int) -> tuple[list[int], list[int]]:
    """Return the images of each class among `size` stratified ones, and among the others."""
    whole, left = _shares(counts, size)
    more = sorted(range(len(counts)), key=lambda label: -left[label])[: size - sum(whole)]
    taken = [share + (label in more) for label, share in enumerate(whole)]
    return taken, [count - share for count, share in zip(counts, taken, strict=True)]


def _shares(counts, size):
    """Return each class's proportional share: its whole images, and the rest in 1/sum(counts)."""
    available = sum(counts)
    return [size * n // available for n in counts], [size * n % available for n in counts]


def _least(size, counts, label):
    # The images that whole shares leave over go to the largest rests, and chance decides ties.
    whole, left = _shares(counts, size)
    before = sum(rest >= left[label] for rest in left)
    return whole[label] + (before <= size - sum(whole))
