"""`python -m ganzoo_cli` is the command `ganzoo`."""

import sys

from ganzoo_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
