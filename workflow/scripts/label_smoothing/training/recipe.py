"""How to train, and what only a training can know."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Recipe(NamedTuple):
    """
    How to train, the same for all cells of a data set.

    Attributes
    ----------
    optimizer : {"sgd", "adam"}
    learning_rate : float
        The highest learning rate of the schedule.
    momentum : float
        Momentum of SGD, first beta of Adam.
    schedule, milestones, factor
        See `optimizers.learning_rate_at`.
    epochs, batch_size : int
    flip : bool
        Whether training images are mirrored at random.
    crop : int
        Pixels of zero padding from which training images are cropped back at random.
    precision : {"fp32", "bf16"}
        "bf16" runs the networks in bfloat16 where torch's autocast deems it safe.
    compile : bool
        Whether torch compiles the network first, which pays on GPUs and takes a minute.
    score_every : int
        Epochs between two scorings of the test set; the last epoch is always scored.
    """

    optimizer: str
    learning_rate: float
    momentum: float
    schedule: str
    epochs: int
    batch_size: int
    # The defaults of the config's schema, which the params of a training leave out.
    milestones: Sequence[int] = ()
    factor: float = 0.5
    flip: bool = False
    crop: int = 0
    precision: str = "fp32"
    compile: bool = False
    score_every: int = 1


class TrainingResult(NamedTuple):
    """
    What only the training can know.

    All scores of the training images are the final network's, all weights frozen, in nats where
    they are losses, and NaN if the training diverged.

    Attributes
    ----------
    log_probabilities : ndarray of float32, shape (N_test, M)
        Log outputs of the final network on the test images, in nats, as its loss saw them: for
        forward correction and logit smoothing the corrected ones. NaN if the training diverged.
    uncorrected_log_probabilities : ndarray of float32, shape (N_test, M)
        Log softmax of the final network; the same array where nothing is corrected.
    train_loss : float
        Training loss on the corrupted labels.
    train_kl : float
        Mean KL divergence of the log outputs from the targets of the corrupted training labels: 0
        for a network that memorises. NaN where the loss has no target.
    train_accuracy : float
        Accuracy of the log outputs on the corrupted training labels: does the network memorise?
    uniform_train_loss : float
        Cross entropy of the log outputs on the training images, all labels weighing the same.
    clean_train_loss, clean_train_accuracy : float or None
        Cross entropy and accuracy of the log outputs on the CLEAN labels of the training images;
        None where those are unknown.
    class_train_losses : ndarray of float64, shape (M, M), or None
        Entry ``[j, y]`` is the mean of minus the log output `j` over the training images of the
        clean class `y`; None where the clean labels are unknown. With it comes the loss under any
        noise, the paper's empirical generalization loss.
    diverged_epoch : int
        The epoch with a score or an output that was not finite, which ended the training; 0 if
        there was none.
    history : list of dict
        One row an epoch: epoch, learning_rate (of its last step), train_loss and train_accuracy
        (running means while the weights move, corrupted labels), test_loss and test_accuracy (clean
        labels; absent where those are unknown), noisy_test_loss and noisy_test_accuracy (corrupted
        labels), uniform_test_loss (all labels weighing the same, from which evaluation gets the
        loss to smoothed labels), seconds. In an epoch that is not scored, see `Recipe.score_every`,
        the test columns are NaN.

    Source: arXiv 2010.12648, section 2 (empirical generalization loss).
    """

    log_probabilities: np.ndarray
    uncorrected_log_probabilities: np.ndarray
    train_loss: float
    train_kl: float
    train_accuracy: float
    uniform_train_loss: float
    clean_train_loss: float | None
    clean_train_accuracy: float | None
    class_train_losses: np.ndarray | None
    diverged_epoch: int
    history: list[dict[str, float]]
