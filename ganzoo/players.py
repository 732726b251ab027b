"""The names of the two players, which are names of attributes and keys of files too."""

PLAYERS = ("generator", "discriminator")
