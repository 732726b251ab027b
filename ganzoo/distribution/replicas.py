"""What a layer may ask of the replicas that compute one batch together.

TensorFlow's strategies run the same code on several replicas, each with its part of the batch. On
JAX one program computes the global batch under `keras.distribution`, and a layer sees all rows.
"""

import keras


def replica_context():
    """Returns the index of the replica that runs this code, and how many replicas there are.

    Under a strategy of TensorFlow the index is a tensor. Elsewhere the two are 0 and 1.
    """
    context = _tensorflow_context()
    if context is None:
        return 0, 1
    return context.replica_id_in_sync_group, context.num_replicas_in_sync


def gather_rows(rows):
    """Concatenates the rows of all replicas, in the order of the replicas.

    Differentiable: the gradient by the rows of one replica is the sum of what the losses of all
    replicas contribute. With one replica, and on JAX, it returns the rows that it was given. All
    replicas must reach it: TensorFlow refuses it in the branch of a condition and in a loop.

    Args:
        rows: Tensor of shape `(batch, ...)`. Every replica must call this, with the same shape but
            for the batch.

    Returns:
        Tensor of shape `(sum of the replicas' batches, ...)`, the same on all replicas.
    """
    context = _tensorflow_context()
    if context is None or context.num_replicas_in_sync == 1:
        return rows
    import tensorflow as tf

    # In a graph the collective forgets the shape that it had.
    return tf.ensure_shape(context.all_gather(rows, axis=0), (None, *rows.shape[1:]))


def _tensorflow_context():
    """The replica context, `None` outside of a replica and on other backends."""
    if keras.backend.backend() != "tensorflow":
        return None
    # Other backends must work where TensorFlow is not installed.
    import tensorflow as tf

    return tf.distribute.get_replica_context()
