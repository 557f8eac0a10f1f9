"""What a film is before it is paid for: its length, whether Rekognition takes it. `Prober` is the way in.

Rule: read from the boxes of its header by a few ranged reads, whatever the film's size; nothing is decoded.
"""

from jobs.video.film import Film, Probed
from jobs.video.probe import Prober

__all__ = ["Film", "Probed", "Prober"]
