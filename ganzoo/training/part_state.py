"""What parts of a training remember from update to update, when a GAN is compiled anew."""

import keras


def renew(memories, owners, parts):
    """Makes `memories` those of the given parts, in their order.

    A part that was compiled before with the same settings goes on with what it remembers. All
    others start afresh, and nothing stays of what is no longer used: files hold the memories in
    their order, and a loaded GAN has those of its last settings only.

    Args:
        memories: Dictionary of the layers that hold them by name, which is changed.
        owners: Dictionary of the parts that they belong to, as the last call returned it.
        parts: Dictionary of the parts and their new memories, each of which may be `None`.

    Returns:
        The new `owners`.
    """
    described = keras.saving.serialize_keras_object
    kept = {
        name: memory
        for name, memory in memories.items()
        if name in parts and described(parts[name][0]) == described(owners[name])
    }
    memories.clear()
    for name, (_, memory) in parts.items():
        if memory is not None:
            memories[name] = kept.get(name, memory)
    return {name: part for name, (part, _) in parts.items()}
