"""The digits' network, which can be held: what tests put beside a config, and never import."""

import os
import time
from pathlib import Path

from label_smoothing.training.networks.cnn import CNN


class Held(CNN):
    """
    A network that takes 5 seconds a step from that step on which the file `hold` names.

    That is long enough to be hit, and short enough to leave a checkpoint on SIGTERM.
    """

    steps = 0

    def forward(self, images):
        if self.training:
            end = time.monotonic() + 5
            while self.held() and time.monotonic() < end:
                Path(f"held-{os.getpid()}").touch()
                time.sleep(0.1)
            self.steps += 1
        return super().forward(images)

    def held(self):
        hold = Path("hold")
        return hold.exists() and self.steps >= int(hold.read_text())
