"""The work of the commands: one file for each, whose `run` the package `ganzoo_cli` calls."""
