"""`python -m emulator.photos DIR` writes the sample archive and names its files."""

import sys
from pathlib import Path

from emulator.photos import gather

if len(sys.argv) != 2:
    sys.exit("usage: python -m emulator.photos DIR")
for written in gather(Path(sys.argv[1])):
    print(written)
