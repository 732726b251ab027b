"""Published models: a trained GAN as a preset with its card, measured values and pictures.

This package uses presets, metrics and drawing; they do not use it.
"""

from ganzoo.zoo.data_facts import STATED, check_stated
from ganzoo.zoo.directions import store as store_directions
from ganzoo.zoo.index_page import (
    card_of,
    check_folder_of_all,
    table,
    tables,
    write,
    write_card,
)
from ganzoo.zoo.overview import is_classifier, overview
from ganzoo.zoo.publishing import (
    Training,
    check_folder,
    check_license,
    is_local,
    publish,
    read,
    read_all,
    read_published,
    without_paths,
)
from ganzoo.zoo.pushing import push

__all__ = [
    "STATED",
    "Training",
    "card_of",
    "check_folder",
    "check_folder_of_all",
    "check_license",
    "check_stated",
    "is_classifier",
    "is_local",
    "overview",
    "publish",
    "push",
    "read",
    "read_all",
    "read_published",
    "store_directions",
    "table",
    "tables",
    "without_paths",
    "write",
    "write_card",
]
