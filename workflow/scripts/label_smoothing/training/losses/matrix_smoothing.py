"""Cross entropy to the soft targets of any matrix (arXiv 2010.12648, Eq 10 and 13)."""

from label_smoothing.training.losses.base import Loss
from label_smoothing.training.losses.label_smoothing import soft_target_loss

LOSS = Loss(soft_target_loss)
