"""Published models: a trained GAN as a preset with its card, figures and pictures.

It knows the zoo, the metrics and the drawing, and nothing of these knows it.
"""

from ganzoo.zoo.index_page import card_of, check_folder_of_all, table, tables, write
from ganzoo.zoo.publishing import (
    Training,
    check_folder,
    is_local,
    publish,
    read,
    read_all,
    without_paths,
)

__all__ = [
    "Training",
    "card_of",
    "check_folder",
    "check_folder_of_all",
    "is_local",
    "publish",
    "read",
    "read_all",
    "table",
    "tables",
    "without_paths",
    "write",
]
