"""A SavedModel of functions: each is traced once."""

import tensorflow as tf


def write(folder, functions, variables):
    """Writes functions as the signatures of a SavedModel.

    Keras's `ExportArchive` traces each function a second time, to find its variables.

    Args:
        folder: Path of the folder.
        functions: Dictionary from the names of signatures to `(function, specs)`, as
            `ganzoo.export.signatures.signatures` returns it.
        variables: The Keras variables that the functions read, and possibly more.
    """
    module = tf.Module()
    module.all_variables = [variable.value for variable in variables]
    signatures = {}
    for name, (function, specs) in functions.items():
        signatures[name] = tf.function(function, input_signature=specs, autograph=False)
        setattr(module, name, signatures[name])
    tf.saved_model.save(module, folder, signatures=signatures)
