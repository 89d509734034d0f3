"""
Backward correction: cross entropy to the targets of the inverse of the noise.

References
----------
Patrini et al. 2017, theorem 1; arXiv 2010.12648, section 6.2.
"""

from label_smoothing.theory.matrices import inverse
from label_smoothing.training.losses.base import Loss
from label_smoothing.training.losses.label_smoothing import soft_target_loss

LOSS = Loss(soft_target_loss, matrix=inverse, has_targets=False)
