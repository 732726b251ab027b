"""`python -m ganzoo` is the command `ganzoo`.

Python imports the whole package before this file. The command itself and `python -m ganzoo_cli`
start faster.
"""

import sys

from ganzoo_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
