"""`python -m emulator.photos DIR` writes the sample archive and a film, and names the files."""

import sys
from pathlib import Path

from emulator.photos import gather, write_film

if len(sys.argv) != 2:
    sys.exit("usage: python -m emulator.photos DIR")
folder = Path(sys.argv[1])
for written in (*gather(folder), write_film(folder)):
    print(written)
