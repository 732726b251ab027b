"""What a command says of a model whose samples are all alike."""

from ganzoo.callbacks import CollapseMonitor

_MOST = 256


def signs_of_collapse(gan, data):
    """Returns a sentence if samples vary much less than the training images, or `None`.

    The measures and their limits are the ones of `ganzoo.callbacks.CollapseMonitor`.

    Args:
        gan: The trained and compiled `ganzoo.GAN`.
        data: The `ganzoo.data.Dataset` that it was trained on.
    """
    monitor = CollapseMonitor(data, n=min(_MOST, len(data)))
    monitor.set_model(gan)
    try:
        monitor.on_train_begin()
    except ValueError:
        return None  # The images themselves are alike.
    values = {}
    monitor.on_epoch_end(0, values)
    diversity, copies = values["collapse/diversity"], values["collapse/duplicates"]
    if diversity >= monitor.min_diversity and copies <= monitor.max_duplicates:
        return None
    return (
        "The samples are alike: their mean distance is "
        f"{diversity:.0%} of that of your images, and {copies:.0%} of them have a near copy. The "
        "run has collapsed, or was too short. Look at its pictures: if they varied before, train "
        "again with another --seed, a smaller --size or fewer --steps; if they still improve, give "
        "more --steps."
    )
