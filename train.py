"""`python train.py ...` is the command `ganzoo train ...`."""

import sys

from ganzoo_cli.main import main

sys.exit(main(["train", *sys.argv[1:]]))
