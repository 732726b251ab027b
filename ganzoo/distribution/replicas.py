"""What a layer may ask of the replicas that compute one batch together.

TensorFlow's strategies run the same code on several replicas, each with its part of the batch. On
JAX one program computes the global batch under `keras.distribution`, and a layer sees all rows.
"""

from ganzoo import backend


def gather_rows(rows):
    """Concatenates the rows of all replicas, in the order of the replicas.

    It is differentiable: the gradient with respect to the rows of one replica is the sum of what
    the losses of all replicas contribute. With one replica, and on JAX, it returns the rows that it
    was given. All replicas must reach this call: TensorFlow refuses it in the branch of a condition
    and in a loop.

    Args:
        rows: Tensor of shape `(batch, ...)`. Every replica must call this, with the same shape
            except for the batch.

    Returns:
        Tensor of shape `(sum of the replicas' batches, ...)`, the same on all replicas.
    """
    _, replicas = backend.replica_context()
    return rows if replicas == 1 else backend.gather_rows(rows)
