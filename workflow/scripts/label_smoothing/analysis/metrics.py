"""What `evaluate` writes for one network under one noise type: keys, units and limits."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float | None, Field(ge=0, le=1)]

# What a training that diverged lacks, and no other.
_ALWAYS = [
    "test_loss",
    "test_accuracy",
    "nll",
    "brier",
    "calibration_error",
    "confidence",
    "uncorrected_test_loss",
    "uncorrected_test_accuracy",
    "honest_stop_epoch",
    "train_loss",
    "train_accuracy",
    "uniform_train_loss",
]
# What needs the clean labels of all images, so that given labels lack it.
_CLEAN_RATES = [
    "expected_clean_rate",
    "expected_agreement",
    "match_probability",
    "realised_clean_rate",
    "realised_test_clean_rate",
]
_CLEAN_SCORES = [
    "honest_stop_clean_accuracy",
    "oracle_stop_epoch",
    "oracle_stop_loss",
    "oracle_stop_accuracy",
    "oracle_stop_clean_accuracy",
    "clean_train_loss",
    "clean_train_accuracy",
    "empirical_loss",
]
_SOME_CLEAN_SCORES = ["clean_test_accuracy", "honest_stop_loss", "honest_stop_accuracy"]
_SOMETIMES = ["confidence_right", "confidence_wrong", "train_kl", "share_mean", "share_variance"]


class Metrics(BaseModel):
    """
    The scores of one network under one noise type; losses in nats.

    "Test labels" are those of the noise type. A score that a training lacks is None: every score if
    it diverged, those of clean labels where the labels are given.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    dataset: str = Field(description="data set, as named in the config")
    labels: Literal["given"] | None = Field(None, description="given; absent if clean")
    noise: str = Field(description="noise type, as named in the config")
    assumption: Literal["alpha", "beta", "gamma"] = Field(
        description="test labels: clean, equally corrupted, or clean and smoothed with p"
    )
    method: str = Field(description="training method, as named in the config")
    a: float = Field(gt=0, le=1, description="clean rate of the training labels")
    p: float = Field(gt=0, description="smoothing parameter")
    seed: int = Field(ge=0, description="seed of the noise, the weights and the batches")
    classes: int = Field(ge=2, description="number of classes")
    test_size: int = Field(ge=1, description="number of test images")
    expected_clean_rate: Share = Field(
        description="probability, by the noise matrix, that a corrupted label is the clean one"
    )
    expected_agreement: Share = Field(
        description="probability that two independent corruptions of one label agree"
    )
    match_probability: Share = Field(
        description="the one of these two that the assumption asks for: c (gamma: its a)"
    )
    predicted_loss: float | None = Field(
        description="the theory's test loss of a network that memorises its targets; null for "
        "losses without targets and where it is infinite"
    )
    noiseless_loss: float | None = Field(description="the same if no label were wrong")
    averaging_kl: float | None = Field(
        description="train_kl of a network that averages the noise away (without noise: of one "
        "that puts out the same for all images); 0 where nothing can be memorised"
    )
    test_loss: float | None = Field(description="loss on the test labels (gamma: smoothed with p)")
    test_accuracy: Share = Field(description="accuracy on the test labels")
    clean_test_accuracy: Share = Field(description="accuracy on the clean test labels")
    nll: float | None = Field(description="negative log likelihood of the test labels, unsmoothed")
    brier: float | None = Field(description="Brier score on the test labels, 0 to 2")
    calibration_error: Share = Field(description="expected calibration error, 15 equal bins")
    confidence: Share = Field(description="mean probability of the predicted class")
    confidence_right: Share = Field(description="the same over right predictions; null if none")
    confidence_wrong: Share = Field(description="the same over wrong predictions; null if none")
    uncorrected_test_loss: float | None = Field(
        description="test loss of the outputs before any correction"
    )
    uncorrected_test_accuracy: Share = Field(
        description="test accuracy of the outputs before any correction"
    )
    share_mean: float | None = Field(
        description="mean over test images of (f - q)/(p - q), f the output for the true class: "
        "the share of its labels that the network draws on; null at p = 1/M and above p = 1"
    )
    share_variance: Annotated[float | None, Field(ge=0)] = Field(description="its variance")
    honest_stop_epoch: float | None = Field(
        description="epoch, from 1, of the highest accuracy on the corrupted test labels"
    )
    honest_stop_loss: float | None = Field(description="test loss at that epoch")
    honest_stop_accuracy: Share = Field(description="test accuracy at that epoch")
    honest_stop_clean_accuracy: Share = Field(description="accuracy on clean labels there")
    oracle_stop_epoch: float | None = Field(
        description="epoch, from 1, of the highest accuracy on the clean test labels"
    )
    oracle_stop_loss: float | None = Field(description="test loss at that epoch")
    oracle_stop_accuracy: Share = Field(description="test accuracy at that epoch")
    oracle_stop_clean_accuracy: Share = Field(description="accuracy on clean labels there")
    train_loss: float | None = Field(description="final training loss on the corrupted labels")
    train_kl: float | None = Field(
        description="mean KL divergence of the final outputs from the training targets; null for "
        "losses without targets"
    )
    train_accuracy: Share = Field(description="final accuracy on the corrupted training labels")
    clean_train_loss: float | None = Field(
        description="final cross entropy on the training images against their clean labels"
    )
    clean_train_accuracy: Share = Field(description="final accuracy on the same")
    uniform_train_loss: float | None = Field(
        description="final cross entropy on the training images, all labels weighing the same"
    )
    empirical_loss: float | None = Field(
        description="the paper's empirical generalization loss: on the training images, against "
        "labels drawn anew as the assumption says"
    )
    diverged_epoch: int = Field(ge=0, description="epoch in which the training diverged; 0: none")
    realised_clean_rate: Share = Field(description="share of clean training labels")
    realised_test_clean_rate: Share = Field(description="share of clean corrupted test labels")

    trained_with: str = Field(
        description="device and versions of Python, torch, numpy and Snakemake"
    )

    @model_validator(mode="after")
    def _has_what_it_can_have(self) -> "Metrics":
        given, diverged = self.labels == "given", self.diverged_epoch > 0
        scores = _ALWAYS + _CLEAN_SCORES + _SOME_CLEAN_SCORES
        lacks = (scores + _SOMETIMES) * diverged + (_CLEAN_RATES + _CLEAN_SCORES) * given
        needs = _CLEAN_RATES * (not given) + (_ALWAYS if given else scores) * (not diverged)
        extra = [name for name in dict.fromkeys(lacks) if getattr(self, name) is not None]
        missing = [name for name in needs if getattr(self, name) is None]
        if extra or missing:
            raise ValueError(f"null is needed for {extra}, a number for {missing}")
        return self
