"""Links to keras.io: an inventory of Keras for intersphinx, which needs no network.

keras.io offers no inventory. This one has the names that ganzoo's pages use.
"""

import zlib
from pathlib import Path

import keras

URL = "https://keras.io/api/"
PAGES = {
    "keras.Input": "layers/core_layers/input/",
    "keras.Layer": "layers/base_layer/",
    "keras.Model": "models/model/",
    "keras.Sequential": "models/sequential/",
    "keras.callbacks.BackupAndRestore": "callbacks/backup_and_restore/",
    "keras.callbacks.CSVLogger": "callbacks/csv_logger/",
    "keras.callbacks.Callback": "callbacks/base_callback/",
    "keras.callbacks.EarlyStopping": "callbacks/early_stopping/",
    "keras.callbacks.LearningRateScheduler": "callbacks/learning_rate_scheduler/",
    "keras.callbacks.ModelCheckpoint": "callbacks/model_checkpoint/",
    "keras.callbacks.TensorBoard": "callbacks/tensorboard/",
    "keras.layers.BatchNormalization": "layers/normalization_layers/batch_normalization/",
    "keras.layers.Conv2D": "layers/convolution_layers/convolution2d/",
    "keras.layers.Dense": "layers/core_layers/dense/",
    "keras.layers.Embedding": "layers/core_layers/embedding/",
    "keras.layers.Layer": "layers/base_layer/",
    "keras.metrics.Metric": "metrics/base_metric/",
    "keras.optimizers.Adam": "optimizers/adam/",
    "keras.optimizers.AdamW": "optimizers/adamw/",
    "keras.optimizers.Lion": "optimizers/lion/",
    "keras.optimizers.Muon": "optimizers/muon/",
    "keras.optimizers.Optimizer": "optimizers/",
    "keras.optimizers.RMSprop": "optimizers/rmsprop/",
    "keras.optimizers.SGD": "optimizers/sgd/",
    "keras.optimizers.schedules.LearningRateSchedule": (
        "optimizers/learning_rate_schedules/learning_rate_schedule/"
    ),
    "keras.random.SeedGenerator": "random/seed_generator/",
    "keras.saving.load_model": "models/model_saving_apis/model_saving_and_loading/",
    "keras.saving.register_keras_serializable": "models/model_saving_apis/serialization_utils/",
    "keras.utils.PyDataset": "utils/python_utils/",
    "keras.utils.image_dataset_from_directory": "data_loading/image/",
    "keras.utils.set_random_seed": "utils/python_utils/",
}


def setup(app):
    # Before intersphinx reads its settings.
    app.connect("config-inited", _write, priority=100)
    return {"parallel_read_safe": True}


def _write(app, config):
    path = Path(app.doctreedir, "keras.inv")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, page in PAGES.items():
        member = _find(name)
        is_class = isinstance(member, type)
        lines.append(f"{name} py:{'class' if is_class else 'function'} 1 {page} -\n")
        if is_class:
            # Annotations are shown with the public name, and not with the module of the source.
            member.__module__ = name.rpartition(".")[0]
    head = (
        "# Sphinx inventory version 2\n# Project: Keras\n"
        f"# Version: {keras.__version__}\n# The remainder of this file is compressed using zlib.\n"
    )
    path.write_bytes(head.encode() + zlib.compress("".join(sorted(lines)).encode()))
    config.intersphinx_mapping = {"keras": (URL, str(path))}


def _find(name):
    found = keras
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found
