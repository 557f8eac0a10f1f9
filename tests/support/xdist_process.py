"""A test process of pytest-xdist, as a fork (forks.py): it reads what it is to do, as one that xdist starts itself."""

import sys

if __name__ == "__main__":
    exec(eval(sys.stdin.readline()))
