"""`python -m emulator`: the same command as `rekscan emulator`."""

import sys

from emulator.cli import main

sys.exit(main(sys.argv[1:]))
