"""The front end of the command `ganzoo`: names, flags and help texts of all commands.

Nothing here imports `ganzoo` or Keras, which takes seconds, before a command line is known to be
right. The work of each command is in `ganzoo.cli`.
"""
