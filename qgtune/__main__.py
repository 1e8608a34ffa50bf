"""``python -m qgtune`` is the command ``qgtune``."""

import sys

from qgtune.cli import main

if __name__ == "__main__":
    sys.exit(main())
