"""`python -m rekscan`."""

from rekscan.cli import main

if __name__ == "__main__":
    main()
