"""
Advice on labels of which an unknown part is wrong: how noisy, which smoothing, what else, how sure.

Nothing here knows a right label, but for those that somebody has checked by hand. docs/advice.md
says what each number rests on, and how it fared where the truth was known.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import log_softmax, stdtrit

from label_smoothing.analysis.clean_rate import (
    RateEstimate,
    covariance_of_mean,
    early_stopping_bound,
    rate_of_confident_joint,
    rate_of_shares,
    rate_of_votes,
)
from label_smoothing.analysis.intervals import binomial_limits
from label_smoothing.analysis.noise_model import (
    MOST_OPEN,
    NoiseMatrix,
    NoiseModel,
    RateLikelihood,
    fit_noise_model,
    lowest_loss,
    most_suspicious,
    probability_right,
)
from label_smoothing.theory.matrices import smoothing_matrix
from label_smoothing.theory.rates import (
    asks_for_label,
    clean_rate_from_beta,
    informative,
    p_from_epsilon,
)
from label_smoothing.theory.votes import smoothing_helps_below, vote_optimum

HABIT = 0.1  # PyTorch's label_smoothing that most recipes have
# Deviation of the vote theory, in nats, beyond which its numbers are not shown.
WORST_DEVIATION = 0.2
# Signal kappa of the labels below which nothing is converted to clean labels: it is divided by.
LEAST_SIGNAL = 0.1
_CONFUSIONS, _NEIGHBOURS = 5, 2000
_MANY_VOTES = 1e6


class Networks(NamedTuple):
    """
    The networks of one method at one level of added noise: S seeds, P smoothing parameters.

    Attributes
    ----------
    p : sequence of float, length P
        Ascending; those of label smoothing end with 1, no smoothing.
    outputs, uncorrected : ndarray, shape (S, P, N, M)
        Log outputs on N test images, of noisy labels (for forward correction) and of right ones.
    labels : ndarray of int, shape (S, N)
        Test labels: the given ones, with the noise that was added.
    accuracies : ndarray, shape (S, P, E)
        Against these labels, after each of E epochs; nan where it was not scored.
    train_accuracies : ndarray, shape (S, P)
        On the training labels, noisy as they are.
    noisy_losses, uniform_losses : ndarray, shape (S, P, E), optional
        Of `outputs` after each epoch, on the same test labels and on all labels alike, in nats.
    """

    p: Sequence[float]
    outputs: np.ndarray
    uncorrected: np.ndarray
    labels: np.ndarray
    accuracies: np.ndarray
    train_accuracies: np.ndarray
    noisy_losses: np.ndarray | None = None
    uniform_losses: np.ndarray | None = None

    def losses(self) -> np.ndarray:
        """Return the loss of each image's label in nats, shape (S, N, P)."""
        labels = self.labels[:, None, :, None]
        given = np.broadcast_to(labels, (*self.outputs.shape[:3], 1))
        own = np.take_along_axis(self.outputs, given, axis=3)[..., 0]
        return -own.astype(np.float64).transpose(0, 2, 1)


class Inputs(NamedTuple):
    """
    What the advice is made of.

    Attributes
    ----------
    plain : Networks
        Label smoothing on the labels as given.
    forward : Networks, optional
        Forward correction on the same; p is the clean rate that it assumes.
    added : Networks, optional
        Label smoothing with noise added.
    added_clean_rate : float
        Of the added noise, which is uniform.
    agreement : RateEstimate, optional
        See `neighbours_agreement`.
    checked : tuple of int, optional
        How many test labels were checked by hand, and how many of them are right.
    memorised_at : float
        Train accuracy from which a network counts as memorising.
    """

    plain: Networks
    forward: Networks | None = None
    added: Networks | None = None
    added_clean_rate: float = 1.0
    agreement: RateEstimate | None = None
    checked: tuple[int, int] | None = None
    memorised_at: float = 0.99


class Advice(NamedTuple):
    """
    The answer.

    Attributes
    ----------
    rows : DataFrame
        Columns question, what, quantity, value, low, high, unit, source, note. Limits are of 95 %.
    warnings : list of str
        Premises that fail, and what is therefore missing.
    votes : RateEstimate or None
        The fit of the vote theory, if it is to be trusted.
    likelihood : RateLikelihood or None
        Of the clean rate, by the noise model.
    matrix : NoiseMatrix or None
    right : ndarray, shape (N, M), or None
        How probable it is that each class is the right one of a test image.
    """

    rows: pd.DataFrame
    warnings: list[str]
    votes: RateEstimate | None
    likelihood: RateLikelihood | None
    matrix: NoiseMatrix | None
    right: np.ndarray | None


COLUMNS = ["question", "what", "quantity", "value", "low", "high", "unit", "source", "note"]
HOW_NOISY, WHICH, MORE, GAIN, SURE, FIRST = (
    "how noisy",
    "which smoothing",
    "what helps more",
    "what is gained",
    "how sure",
    "which labels first",
)
GOALS = (
    "loss on clean labels",
    "loss on labels as noisy as these",
    "accuracy",
    "calibration on clean labels",
)
_NO_LIMITS = np.nan, np.nan, np.nan
SUPPOSED = "if the noise is uniform"
AT_LEAST = "at least: takes hard images for wrong labels"
AT_LEAST_IF = f"at least, {SUPPOSED}: takes hard images for wrong labels"


def give_advice(inputs: Inputs, suspects: int = 20) -> Advice:
    """
    Return what can be said about given labels.

    Parameters
    ----------
    inputs : Inputs
    suspects : int
        How many labels to look at first.
    """
    plain = inputs.plain
    M = plain.outputs.shape[3]
    warnings: list[str] = []
    rows: list[dict[str, Any]] = []
    rest = _without_diverged(plain, warnings)
    model, place = _noise_model(inputs, warnings)
    rate, votes = _how_noisy(rows, warnings, inputs, rest, model, place)
    truth = _Correction(model, rate, plain.labels[0], M, warnings)
    # Patterned noise is not what the vote theory predicts from.
    predicts = votes if model is None or model.tells else None
    supposed = None
    if model is not None and not model.tells:
        # A rate with a value was checked by hand.
        likely = model.clean_rate if np.isnan(rate[0]) else rate
        supposed = _Correction(model, likely, plain.labels[0], M, [], suppose=True)
    choices = _which_smoothing(rows, rest, truth, predicts, supposed)
    _what_helps_more(rows, inputs, rest, truth, choices, place)
    _what_lowers_the_loss(rows, inputs, rest, truth, choices, place)
    _what_is_gained(rows, rest, truth, choices)
    _how_sure(rows, warnings, inputs, votes, model)
    if model and model.tells:
        _confusions(rows, model)
        _suspects(rows, model, plain.labels[0], suspects)
    return Advice(
        pd.DataFrame(rows, columns=COLUMNS),
        warnings,
        votes,
        model.likelihood if model and model.tells else None,
        model and model.matrix,
        model and model.right,
    )


# ---- statistics ---------------------------------------------------------------------------------


def mean_with_limits(values: np.ndarray, choices: int = 1) -> tuple[float, float, float]:
    """
    Return a mean over seeds and test images with its 95 % limits.

    Parameters
    ----------
    values : ndarray, shape (S, N)
    choices : int
        Number of such intervals that shall hold at once (Bonferroni).

    Notes
    -----
    Student's quantile, with Satterthwaite's degrees of freedom for the variance of images and that
    of seeds.
    """
    S, N = values.shape
    mean = float(values.mean())
    total = float(covariance_of_mean(values[..., None])[0, 0])
    if total == 0:
        return mean, mean, mean
    images = float(values.mean(axis=0).var(ddof=1)) / N
    seeds = max(total - images, 0.0)
    degrees = total**2 / (images**2 / (N - 1) + (seeds**2 / (S - 1) if S > 1 else 0.0))
    half = float(stdtrit(degrees, 1 - 0.025 / choices)) * total**0.5
    return mean, mean - half, mean + half


class Choice(NamedTuple):
    """The place of the best p, and of all that these data cannot tell from it."""

    best: int
    tied: np.ndarray


def choose(costs: np.ndarray) -> Choice:
    """
    Return the p of lowest mean cost, and those whose excess may be 0.

    Parameters
    ----------
    costs : ndarray, shape (S, N, P)
        Paired over seeds and images. The limits of all excesses hold at once.
    """
    P = costs.shape[2]
    best = int(costs.mean(axis=(0, 1)).argmin())
    tied = [
        j == best or mean_with_limits(costs[..., j] - costs[..., best], max(P - 1, 1))[1] <= 0
        for j in range(P)
    ]
    return Choice(best, np.flatnonzero(tied))


def neighbours_agreement(
    x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, M: int
) -> RateEstimate:
    """
    Return the clean rate at which nearest neighbours agree as often as they do.

    Two independent labels of one class agree with the beta match probability, so that neighbours of
    other classes lower the estimate.

    Parameters
    ----------
    x_train, x_test : ndarray, shapes (N_train, ...) and (N_test, ...)
        The nearest, by Euclidean distance, of the training images of each test image counts; of
        more than 2,000 test images, the first.
    y_train, y_test : ndarray of int
        Given labels.
    M : int
    """
    train = x_train.reshape(len(x_train), -1).astype(np.float32)
    test = x_test[:_NEIGHBOURS].reshape(min(len(x_test), _NEIGHBOURS), -1).astype(np.float32)
    mean = train.mean(axis=0)
    train, test = train - mean, test - mean
    if x_train.ndim == 2:  # features, each on its own scale
        scale = train.std(axis=0)
        scale[scale == 0] = np.inf
        train, test = train / scale, test / scale
    squares = (train**2).sum(axis=1)
    nearest = np.concatenate(
        [(squares - 2 * part @ train.T).argmin(axis=1) for part in np.array_split(test, 20)]
    )
    agree = int((y_train[nearest] == y_test[: len(test)]).sum())
    limits = [max(c, 1 / M) for c in binomial_limits(agree, len(test))]
    return RateEstimate(*(float(clean_rate_from_beta(c, M)) for c in limits))


# ---- how noisy ----------------------------------------------------------------------------------


def add_row(
    rows: list[dict[str, Any]],
    question: str,
    what: str,
    quantity: str,
    limits: Sequence[float],
    unit: str,
    source: str,
    note: str = "",
) -> None:
    """Add a row of `COLUMNS`; limits are the value alone, or with both ends of its interval."""
    value, low, high = (*limits, np.nan, np.nan)[:3]
    values = (question, what, quantity, value, low, high, unit, source, note)
    rows.append(dict(zip(COLUMNS, values, strict=True)))


def _finite(networks):
    return np.isfinite(networks.outputs).all(axis=(0, 2, 3))


def _without_diverged(networks, warnings):
    finite = _finite(networks)
    if not finite.any():
        raise ValueError(
            "no network of label smoothing has scores; needed: one that did not diverge"
        )
    if not finite.all():
        lost = _spelled(np.asarray(networks.p)[~finite])
        warnings.append(f"Networks at p = {lost} diverged and are left out.")
    return _at(networks, finite)


def _at(networks, mask):
    p = np.asarray(networks.p, dtype=float)[mask]
    parts = {
        name: values[:, mask]
        for name, values in networks._asdict().items()
        if name not in ("p", "labels") and values is not None
    }
    return networks._replace(p=p, **parts)


def _noise_model(inputs, warnings):
    """Return the noise model, and the place of the forward-corrected networks that it rests on."""
    forward = inputs.forward
    if forward is None or not _finite(forward).any():
        none = "There are no networks" if forward is None else "All networks diverged"
        warnings.append(
            f"{none} of forward correction, so that the noise model is missing: the clean rate is "
            "a lower bound only, and nothing is said of clean labels."
        )
        return None, None
    losses = np.where(_finite(forward), forward.losses().mean(axis=(0, 1)), np.nan)
    place, outputs = lowest_loss(losses, forward.uncorrected)
    model = fit_noise_model(outputs, forward.labels[0])
    if not model.tells:
        warnings.append(
            f"{cannot_tell(model)} The share of right labels lies anywhere in between. Of clean "
            "labels is only said which smoothing is best if the noise is uniform: a wrong label is "
            "any of the others alike. Check some by hand."
        )
    elif not model.uniform:
        warnings.append(
            "The noise is not uniform: some classes lose more labels than others, or to some more "
            "than to others. The vote theory and the neighbours assume uniform noise, so they give "
            "no number; what is said of clean labels rests on the estimated noise matrix."
        )
    return model, place


def describe(model: NoiseModel) -> str:
    """Return what a noise model takes the noise for, if it tells it from hard images."""
    return "uniform noise" if model.uniform else "with the noise matrix as it is"


def cannot_tell(model: NoiseModel) -> str:
    """Return why a noise model says nothing of right labels."""
    return (
        f"The right label of {_percent(model.still_open)} of the images stays open. Either these "
        "images are hard, or their labels are wrong in a pattern that networks learn, such as "
        "always the same other class: the labels alone cannot tell."
    )


def _how_noisy(rows, warnings, inputs, plain, model, place):
    """Return the clean rate with its limits, and the fit of the vote theory if it holds."""

    def add(source, estimate, note=""):
        limits = estimate.estimate, estimate.low, estimate.high
        add_row(
            rows, HOW_NOISY, "share of right labels", "clean rate", limits, "share", source, note
        )
        return limits

    answers = []
    if inputs.checked:
        trials, right = inputs.checked
        answers.append(("checked by hand", binomial_limits(right, trials), f"{trials} test labels"))
    uniform = model is None or model.uniform
    told = model is None or model.tells
    at_least = AT_LEAST if told else AT_LEAST_IF
    bound = _bound(inputs)
    if model:
        found, note = model.clean_rate, describe(model)
        if not model.tells:
            # On hard images even uniform noise is estimated too high: CIFAR-10 in docs/advice.md.
            found = np.nan, min(bound.low, model.likelihood.low), 1.0
            note = "from patterned noise on easy images to hard images with right labels"
        answers.append(("noise model", found, note))
    if len(answers) == 2 and not _apart(*(limits for _, limits, _ in answers)):
        # Few checked labels say less than the noise model.
        answers.sort(key=lambda answer: answer[1][2] - answer[1][1])
    elif len(answers) == 2:
        warnings.append(
            "The labels that were checked by hand and the noise model contradict each other: if "
            "the checked ones were drawn at random, trust them."
        )
    for source, limits, note in answers:
        add(source, RateEstimate(*limits), note)
    best = answers[0][1] if answers else None
    votes = _votes(plain, inputs.memorised_at) if uniform else RateEstimate(np.nan)
    trusted = np.isfinite(votes.estimate) and votes.deviation <= WORST_DEVIATION
    if trusted:
        best = best or (np.nan, votes.low, 1.0)
        add("vote theory", votes, at_least)
    elif uniform:
        count = int(_memorised(plain, inputs.memorised_at).sum())
        why = f"only {count} p below 1 at which the networks memorise, 3 are needed"
        if np.isfinite(votes.estimate):
            why = f"it leaves {votes.deviation:.2f} nats unexplained"
        warnings.append(f"The vote theory says nothing here ({why}): its numbers are left out.")
    if uniform:
        _added_noise(rows, warnings, partial(add, note=at_least), inputs, plain, trusted)
    if inputs.agreement is not None and uniform:
        add("nearest neighbours", inputs.agreement, at_least)
    last = len(plain.p) - 1
    joint = inputs.forward.uncorrected[:, place] if model else plain.uncorrected[:, last]
    of = "of forward correction" if model else "of memorised labels: too low where many are wrong"
    add("cleanlab", rate_of_confident_joint(joint, plain.labels), f"confident joint {of}")
    note = "lower bound, for all epochs, p and methods at once"
    if not told:
        note += "; if no class has mostly one wrong label"
    add("early stopping", bound, note)
    best = best or (np.nan, bound.low, 1.0)
    if bound.low > best[2]:
        warnings.append(
            f"Some networks are right on {_percent(bound.estimate, 1)} of the given labels, more "
            f"than the clean rate of at most {_percent(best[2], 1)} allows: the labels are better "
            "than that."
        )
        best = (np.nan, bound.low, 1.0)
    return best, votes if trusted else None


def _apart(one, other):
    return one[2] < other[1] or other[2] < one[1]


def _memorised(networks, memorised_at):
    p, M = np.asarray(networks.p), networks.outputs.shape[3]
    usable = informative(p, M) & asks_for_label(p, M) & _finite(networks)
    return usable & (networks.train_accuracies >= memorised_at).all(axis=0)


def _votes(networks, memorised_at):
    mask = _memorised(networks, memorised_at)
    at = _at(networks, mask)
    if mask.sum() < 3:
        return RateEstimate(np.nan)
    return rate_of_votes(at.p, at.losses(), at.outputs.shape[3])


def _added_noise(rows, warnings, add, inputs, plain, trusted):
    """Tell the clean rate from the networks with added noise, and how that is found again."""
    if inputs.added is None:
        return
    M = plain.outputs.shape[3]
    kappa_added = (M * inputs.added_clean_rate - 1) / (M - 1)
    if kappa_added < LEAST_SIGNAL:
        return
    signals = []
    for networks in (plain, inputs.added):
        mask = _memorised(networks, inputs.memorised_at)
        if not mask.any():
            return
        at = _at(networks, mask)
        share = rate_of_shares(at.p, at.losses(), M)
        signals.append([(M * x - 1) / (M - 1) for x in share[:3]])
    (before, *before_limits), (after, *after_limits) = signals
    if before <= 0 or after <= 0:
        return
    relative = np.hypot(
        (before_limits[1] - before_limits[0]) / (2 * before),
        (after_limits[1] - after_limits[0]) / (2 * after),
    )
    ratio = after / before * np.array([1, 1 - relative, 1 + relative])
    found = (1 + (M - 1) * ratio) / M
    note = f"{inputs.added_clean_rate:g} was added on purpose"
    add_row(rows, SURE, "added noise, found again", "clean rate", found, "share", "shares", note)
    if not found[1] <= inputs.added_clean_rate <= found[2]:
        warnings.append(
            f"Noise was added that keeps {inputs.added_clean_rate:g} of the labels, and is found "
            f"again as {found[0]:.2f} [{found[1]:.2f}, {found[2]:.2f}]: do not trust the vote "
            "theory here."
        )
    votes = _votes(inputs.added, inputs.memorised_at)
    if trusted and np.isfinite(votes.estimate) and votes.deviation <= WORST_DEVIATION:
        signal = [(M * x - 1) / (M - 1) / kappa_added for x in votes[:3]]
        limits = [min((1 + (M - 1) * x) / M, 1.0) for x in signal]
        add("vote theory, noise added", RateEstimate(*limits))


def _bound(inputs):
    parts = [part for part in (inputs.plain, inputs.forward) if part is not None]
    epochs = max(part.accuracies.shape[2] for part in parts)
    padded = [
        np.pad(
            part.accuracies,
            ((0, 0), (0, 0), (0, epochs - part.accuracies.shape[2])),
            constant_values=np.nan,
        )
        for part in parts
    ]
    return early_stopping_bound(np.concatenate(padded, axis=1), inputs.plain.labels.shape[1])


# ---- clean labels from noisy ones ---------------------------------------------------------------


class _Correction:
    """
    What a score on noisy labels says of clean ones, in two ways.

    With the inverse W of the noise matrix, ``sum_j W_j,given h(j)`` has the mean h(right) over the
    noise, for any score h of an image and a label (Natarajan et al. 2013; Patrini et al. 2017).
    That takes nothing but the matrix, and is far from sure. With the probability of each label to
    be the right one, by the noise model, ``sum_j P(j | image, given) h(j)`` is far more so, as long
    model is right; a network that the model is made of would judge itself.

    Where the model cannot tell hard images from patterned noise there is none, unless uniform
    noise is supposed.
    """

    def __init__(self, model, rate, labels, M, warnings, suppose=False):
        self.labels, self.inverses, self.rights = labels, [], []
        self.uniform = True
        if model is None or not (model.tells or suppose) or np.isnan(rate[0]):
            return
        self.uniform = model.uniform
        left_out = "So few labels may be right"
        if not self.uniform:
            matrices, left_out = [model.matrix.T], "Some classes have so nearly the same labels"
            if enough := np.linalg.cond(model.matrix.T) < 1 / LEAST_SIGNAL:
                warnings.append(
                    "Intervals of what is said of clean labels do not hold the uncertainty of the "
                    "noise matrix."
                )
        else:
            matrices = [smoothing_matrix(min(max(a, 1 / M), 1.0), M) for a in rate]
            enough = (M * min(rate) - 1) / (M - 1) >= LEAST_SIGNAL
        if not enough:
            warnings.append(
                f"{left_out} that noisy scores say nothing of clean ones: these numbers are left "
                "out."
            )
            return
        self.inverses = [np.linalg.inv(T) for T in matrices]
        self.rights = [probability_right(model.outputs, labels, T) for T in matrices]

    def __bool__(self):
        return bool(self.inverses)

    @property
    def source(self):
        """Where scores by `imputed` come from."""
        return "hold-out, right labels by the noise model" if self.rights else _CORRECTED

    def scores(self, by_label):
        """Return the scores on clean labels, first as estimated, then at the rate's limits.

        by_label has the shape (S, P, N, M); the scores have (S, N, P).
        """
        return [np.einsum("spnm,nm->snp", by_label, W.T[self.labels]) for W in self.inverses]

    def imputed(self, by_label):
        """Return the same with the noise model, if there is one."""
        if not self.rights:
            return self.scores(by_label)
        return [np.einsum("spnm,nm->snp", by_label, right) for right in self.rights]


_AS_IT_IS = "hold-out, these labels"
_CORRECTED = "hold-out, corrected for the noise"


def _hits(outputs):
    """Return 1 at the label that is most probable, shape (S, P, N, M)."""
    return np.eye(outputs.shape[3])[outputs.argmax(axis=3)]


def _right(outputs, labels):
    return (outputs.argmax(axis=3) == labels[:, None]).transpose(0, 2, 1).astype(float)


def _confidence(outputs):
    return np.exp(outputs.max(axis=3).astype(np.float64)).transpose(0, 2, 1)


# ---- which smoothing ----------------------------------------------------------------------------


def _costs(plain, truth):
    """Return what each goal minimises, as estimated and at the limits of the clean rate."""
    outputs, labels = plain.outputs.astype(np.float64), plain.labels
    costs = {GOALS[1]: [plain.losses()], GOALS[2]: [1 - _right(outputs, labels)]}
    if truth:
        costs[GOALS[0]] = truth.imputed(-outputs)
        # Under uniform noise, which p is most right does not depend on the rate; the gain does.
        costs["clean error"] = [1 - right for right in truth.scores(_hits(outputs))]
        if not truth.uniform:
            costs[GOALS[2]] = costs["clean error"]
        gaps = [_confidence(outputs) - right for right in truth.imputed(_hits(outputs))]
        costs[GOALS[3]] = [signs * gap for signs in _signs(gaps[0]) for gap in gaps]
    return costs


def _signs(gaps):
    """Return the signs that make a mean gap its size: as measured first, then all that may be."""
    signs = np.where(gaps.mean(axis=(0, 1)) < 0, -1, 1)
    limits = [mean_with_limits(gaps[..., j], gaps.shape[2]) for j in range(gaps.shape[2])]
    open_ones = [j for j, (_, low, high) in enumerate(limits) if low <= 0 <= high]
    # Of two p both signs may be open: each alone, and all together.
    flips = [[j] for j in open_ones] + [open_ones] * (len(open_ones) > 1)
    return [
        signs,
        *(np.where(np.isin(np.arange(len(signs)), flip), -signs, signs) for flip in flips),
    ]


def _best_and_tied(costs):
    """Return the place of the best p by the first costs, and of all that any of them ties with."""
    found = [choose(cost) for cost in costs]
    return found[0].best, np.unique(np.concatenate([choice.tied for choice in found]))


def _which_smoothing(rows, plain, truth, votes, supposed=None):
    p, M = plain.p, plain.outputs.shape[3]
    costs, choices = _costs(plain, truth), {}
    for goal in GOALS:
        if goal not in costs:
            continue
        best, tied = _best_and_tied(costs[goal])
        choices[goal] = best
        note = "every p may be as good" if len(tied) == len(p) else ""
        if len(tied) == 1:
            note = "the others of the grid are worse"
        limits = p[best], p[tied].min(), p[tied].max()
        source = truth.source
        if goal == GOALS[1] or goal == GOALS[2]:
            source = _CORRECTED if goal == GOALS[2] and truth and not truth.uniform else _AS_IT_IS
        add_row(rows, WHICH, goal, "p", limits, "p", source, note)
    if supposed:
        best, tied = _best_and_tied(supposed.imputed(-plain.outputs.astype(np.float64)))
        limits = p[best], p[tied].min(), p[tied].max()
        what = f"{GOALS[0]}, {SUPPOSED}"
        add_row(rows, WHICH, what, "p", limits, "p", supposed.source, "not checked here")
    if votes is not None:
        a = [votes.estimate, votes.low, votes.high]
        k = np.clip([votes.k, votes.k_low, votes.k_high], 1, _MANY_VOTES)
        best = np.array([[vote_optimum(x, y, M, "alpha") for y in k] for x in a])
        limit = smoothing_helps_below(votes.estimate, M)
        note = f"smoothing helps below k = {limit:.2f}"
        if best[0, 0] == 1:
            note = f"no smoothing: k is beyond {limit:.2f}"
        source = f"vote theory, k = {votes.k:.2f} [{votes.k_low:.2f}, {votes.k_high:.2f}]"
        limits = best[0, 0], best.min(), best.max()
        add_row(rows, WHICH, f"{GOALS[0]}, predicted", "p", limits, "p", source, note)
    return choices


# ---- what helps more ----------------------------------------------------------------------------


def _habit(p, M):
    """Return the place of the habit in the grid, or None."""
    apart = np.abs(np.asarray(p) - p_from_epsilon(HABIT, M))
    return int(apart.argmin()) if apart.min() < 0.01 else None


def _what_helps_more(rows, inputs, plain, truth, choices, forward):
    p, M, labels = plain.p, plain.outputs.shape[3], plain.labels
    last = {}  # what is scored at the last epoch: log outputs, shape (S, N, M)
    base = int(np.argmax(p))
    if p[base] == 1:
        last["no smoothing (p = 1)"] = plain.outputs[:, base]
    if (habit := _habit(p, M)) is not None:
        last[f"label smoothing, {HABIT:g} in PyTorch (p = {p[habit]:g})"] = plain.outputs[:, habit]
    best = choices[GOALS[2]]
    if best not in (base, habit) or p[best] != 1:
        last[f"label smoothing, p = {p[best]:g}"] = plain.outputs[:, best]
    if forward is not None:
        at = inputs.forward.p[forward]
        last[f"forward correction, p = {at:g}"] = inputs.forward.uncorrected[:, forward]
    found = []
    reference = _right(plain.outputs[:, [base]], labels)[..., 0]
    for name, outputs in last.items():
        right = _right(outputs[:, None], labels)[..., 0]
        clean = _union(
            mean_with_limits(score[..., 0]) for score in truth.scores(_hits(outputs[:, None]))
        )
        gain = mean_with_limits(right - reference, max(len(last) - 1, 1))
        found.append((name, mean_with_limits(right), clean, gain, ""))
    stops = [("no smoothing (p = 1)" if p[base] == 1 else f"p = {p[base]:g}", plain, base)]
    if best != base:
        stops.append((f"label smoothing, p = {p[best]:g}", plain, best))
    if forward is not None:
        name = f"forward correction, p = {inputs.forward.p[forward]:g}"
        stops.append((name, inputs.forward, forward))
    for name, networks, place in stops:
        limits, half = _stopped(networks, place)
        plain_limits = mean_with_limits(reference)
        gain = limits[0] - plain_limits[0]
        apart = np.hypot(half, (plain_limits[2] - plain_limits[1]) / 2)
        clean = (
            _union([])
            if not truth or not truth.uniform
            else _union(_clean_accuracy(limits, W) for W in truth.inverses)
        )
        note = "outputs at that epoch are not kept: the interval is a wide one"
        found.append(
            (f"early stopping, {name}", limits, clean, (gain, gain - apart, gain + apart), note)
        )
    if p[base] != 1:  # it diverged
        found = [(*entry[:3], _NO_LIMITS, entry[4]) for entry in found]
    found.sort(key=lambda entry: -entry[1][0])
    for name, noisy, clean, gain, note in found:
        add_row(rows, MORE, name, "accuracy on these labels", noisy, "share", "hold-out", note)
        add_row(
            rows,
            MORE,
            name,
            "accuracy on clean labels",
            clean,
            "share",
            "hold-out, corrected for the noise",
            note,
        )
        add_row(
            rows,
            MORE,
            name,
            "gained over no smoothing",
            gain,
            "share",
            "hold-out, these labels",
            note,
        )


LOSS_GAIN = "gained over the best smoothing"
LOSS_GOALS = GOALS[1], GOALS[0]


def _what_lowers_the_loss(rows, inputs, plain, truth, choices, forward):
    """Compare early stopping with the best smoothing, on noisy labels and then on clean ones."""
    p, M, base = plain.p, plain.outputs.shape[3], int(np.argmax(plain.p))
    for goal in LOSS_GOALS:
        clean = goal == GOALS[0]
        if clean and not (truth and truth.uniform):
            continue
        right, best = truth if clean else None, choices[goal]
        places = {} if p[best] == 1 else {f"label smoothing, p = {p[best]:g}": best}
        if (habit := _habit(p, M)) not in (None, best):
            places[f"label smoothing, {HABIT:g} in PyTorch (p = {p[habit]:g})"] = habit
        if p[base] == 1:
            places["no smoothing (p = 1)"] = base
        found = {
            name: _losses(plain.outputs[:, place], plain.labels, right)
            for name, place in places.items()
        }
        reference = found[next(name for name, place in places.items() if place == best)]
        stops = [(*entry, plain) for entry in places.items() if entry[1] in (base, best)]
        if forward is not None and not clean:
            # On clean labels its losses, which are of its outputs for noisy ones in the history,
            # would be judged by a model that it is part of.
            name = f"forward correction, p = {inputs.forward.p[forward]:g}"
            found[name] = _losses(inputs.forward.outputs[:, forward], plain.labels, None)
            stops.append((name, forward, inputs.forward))
        for name, place, networks in stops:
            if networks.noisy_losses is None or networks.uniform_losses is None:
                continue
            costs = {"by loss": networks.noisy_losses}
            if clean:
                costs["by accuracy"] = -networks.accuracies
            for by, values in costs.items():
                epochs = np.nanargmin(values[:, place], axis=1)
                ends = networks.outputs[:, place]
                if forward is not None and networks is plain:
                    ends = inputs.forward.uncorrected[:, forward]
                stopped = _stopped_losses(networks, place, epochs, ends, right)
                found[f"early stopping {by}, {name}"] = stopped
        source = _CORRECTED if clean else _AS_IT_IS
        for name in sorted(found, key=lambda name: found[name][0].mean()):
            limits = _envelope(map(mean_with_limits, found[name]))
            limits = [max(limit, 0.0) for limit in limits]
            add_row(rows, MORE, name, goal, limits, "nats", source)
            gains = [
                mean_with_limits(ours - its, max(len(found) - 1, 1))
                for ours, its in zip(reference, found[name], strict=True)
            ]
            gain = _envelope(gains)
            note = "no difference that these data can show" if gain[1] <= 0 <= gain[2] else ""
            note = "the best smoothing" if found[name] is reference else note
            add_row(rows, MORE, name, f"{LOSS_GAIN}, {goal}", gain, "nats", source, note)


def _losses(outputs, labels, truth):
    """Return the losses of images, shape (S, N), on noisy labels, or on clean ones by each rate."""
    losses = -outputs.astype(np.float64)
    if truth:
        return [scores[..., 0] for scores in truth.scores(losses[:, None])]
    return [np.take_along_axis(losses, labels[..., None], axis=2)[..., 0]]


def _stopped_losses(networks, place, epochs, ends, truth):
    """
    Return the losses at an epoch of each seed as `_losses` does, from those of its history.

    On clean labels the loss is linear in those on noisy labels and on all labels alike. How the
    losses of images differ is not in the history: `ends` say it, outputs of other networks that do
    not memorise, to the power at which all labels weigh as much as at that epoch.
    """
    seeds, M = np.arange(len(epochs)), networks.outputs.shape[3]
    known, alike = (
        losses[seeds, place, epochs][:, None]
        for losses in (networks.noisy_losses, networks.uniform_losses)
    )
    outputs = np.array([_as_uniform_as(*seed) for seed in zip(ends, alike, strict=True)])
    means = [known]
    if truth:
        means = [W[0, 0] * known + W[0, 1] * (M * alike - known) for W in truth.inverses]
    losses = _losses(outputs, networks.labels, truth)
    return [_moved(one, mean) for one, mean in zip(losses, means, strict=True)]


def _moved(losses, means):
    return losses - losses.mean(axis=1, keepdims=True) + means


def _as_uniform_as(outputs, loss):
    """Return log outputs, shape (N, M), to the power that gives this loss on all labels alike."""
    low, high = -8.0, 3.0  # log power
    for _ in range(30):
        power = (low + high) / 2
        found = log_softmax(np.exp(power) * outputs.astype(np.float64), axis=1)
        low, high = (power, high) if -found.mean() < loss else (low, power)
    return found


def _envelope(estimates):
    """Return the first estimate, within limits that hold all of them."""
    if not (values := np.array(list(estimates))).size:
        return _NO_LIMITS
    return values[0, 0], values[:, 1].min(), values[:, 2].max()


def _clean_accuracy(limits, W):
    """Kappas multiply: W is the inverse of a uniform noise matrix."""
    slope, other = W[0, 0] - W[0, 1], W[0, 1]
    return [slope * x + other for x in limits]


def _union(estimates):
    """Return what `_envelope` does, of shares."""
    return tuple(np.clip(_envelope(estimates), 0, 1))


def _stopped(networks, place):
    """
    Return the accuracy at the epoch of highest accuracy of each seed, and half an interval.

    That epoch is chosen on the same labels, so that the lower limit holds for all epochs at once.
    """
    accuracies = networks.accuracies[:, place]
    best = np.where(np.isnan(accuracies), -np.inf, accuracies).max(axis=1)
    S, N = networks.labels.shape
    mean = float(best.mean())
    variance = mean * (1 - mean) / N + (best.var(ddof=1) / S if S > 1 else 0.0)
    epochs = int((~np.isnan(accuracies[0])).sum())
    above, below = (float(stdtrit(np.inf, 1 - 0.025 / n)) * variance**0.5 for n in (1, epochs))
    return (mean, mean - below, mean + above), below


# ---- what is gained -----------------------------------------------------------------------------


def _what_is_gained(rows, plain, truth, choices):
    p, M = plain.p, plain.outputs.shape[3]
    costs = _costs(plain, truth)
    others = {f"no smoothing (p = {p[-1]:g})": len(p) - 1} if p[-1] == 1 else {}
    if (habit := _habit(p, M)) is not None:
        others[f"{HABIT:g} in PyTorch (p = {p[habit]:g})"] = habit
    for goal, unit in zip(GOALS, ("nats", "nats", "points", "points"), strict=True):
        if goal not in choices:
            continue
        best, scale = choices[goal], 100 if unit == "points" else 1
        for name, other in others.items():
            what = f"{goal}: p = {p[best]:g} instead of {name}"
            if best == other:
                add_row(
                    rows, GAIN, what, "gain", (0.0, 0.0, 0.0), unit, "", "it is the best p measured"
                )
                continue
            kind = "clean error" if goal == GOALS[2] and truth else goal
            gains = [
                mean_with_limits(scale * (cost[..., other] - cost[..., best]), max(len(p) - 1, 1))
                for cost in costs[kind]
            ]
            values = np.array(gains)
            limits = values[0, 0], values[:, 1].min(), values[:, 2].max()
            note = "no difference that these data can show" if limits[1] <= 0 <= limits[2] else ""
            source = {GOALS[1]: _AS_IT_IS, GOALS[2]: _AS_IT_IS, "clean error": _CORRECTED}
            add_row(rows, GAIN, what, "gain", limits, unit, source.get(kind, truth.source), note)


# ---- how sure, and where to look ----------------------------------------------------------------


def _how_sure(rows, warnings, inputs, votes, model):
    plain = inputs.plain
    p, M = np.asarray(plain.p), plain.outputs.shape[3]
    S, N = plain.labels.shape
    # Below 1/M a network learns to avoid its label.
    reached = plain.train_accuracies[:, (p <= 1) & asks_for_label(p, M) & _finite(plain)]
    lowest = reached.min(initial=1.0)
    share = float((reached >= inputs.memorised_at).mean()) if reached.size else 1.0
    note = f"the lowest train accuracy is {lowest:.3f}"
    add_row(
        rows, SURE, "networks that memorised", "share", (share,), "share", "label smoothing", note
    )
    if share < 1:
        warnings.append(
            f"{_percent(1 - share)} of the networks of label smoothing did not memorise "
            f"their labels (train accuracy {lowest:.3f}, {inputs.memorised_at:g} is needed): the "
            "vote theory does not hold for them. More epochs help."
        )
    if votes is not None:
        add_row(
            rows,
            SURE,
            "what the vote theory leaves unexplained",
            "deviation",
            (votes.deviation,),
            "nats",
            "vote theory",
        )
    if model:
        note = f"from {_percent(MOST_OPEN)} on it cannot tell hard images from wrong labels"
        what, share = "images whose right label stays open", (model.still_open,)
        add_row(rows, SURE, what, "share", share, "share", "noise model", note)
    if model and model.tells:
        note = "uniform noise would do" if model.uniform else "the noise is not uniform"
        p_value = (model.matrix.p_value,)
        add_row(rows, SURE, "uniform noise", "p-value", p_value, "", "noise model", note)
    add_row(rows, SURE, "seeds", "number", (S,), "", "study", "few" if S < 3 else "")
    add_row(rows, SURE, "test labels", "number", (N,), "", "study", "few" if N < 500 else "")
    if S < 2:
        warnings.append("With one seed no interval holds what another seed would change.")


def _confusions(rows, model):
    T, M = model.matrix.T.copy(), len(model.matrix.T)
    joint = T * model.outputs.mean(axis=0)
    np.fill_diagonal(joint, 0)
    for place in np.argsort(-joint, axis=None)[: min(_CONFUSIONS, M * (M - 1))]:
        i, j = divmod(int(place), M)
        limits = model.matrix.T[i, j], model.matrix.low[i, j], model.matrix.high[i, j]
        what = f"right {j}, given {i}"
        add_row(rows, HOW_NOISY, what, "P(given | right)", limits, "share", "noise model")


def _suspects(rows, model, labels, count):
    for place in most_suspicious(model.right, labels, count):
        suggested = int(model.right[place].argmax())
        what = f"test image {place}: given {labels[place]}, suggested {suggested}"
        own = float(model.right[place, labels[place]])
        add_row(rows, FIRST, what, "P(given is right)", (own,), "share", "noise model")


def _percent(share, digits=0):
    return f"{100 * share:.{digits}f} %"


def _spelled(p):
    return ", ".join(f"{value:g}" for value in p)
