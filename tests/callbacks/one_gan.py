"""Many training runs of one GAN, because tracing its step takes most of their time."""

from faults import runs

from support.gans import dense


class OneGan:
    """A GAN of `faults.runs` that starts each run as a new GAN would."""

    def __init__(self, name):
        self._name = name
        self._gan = runs.build(name)
        self._starts = dense.state(self._gan), dense.state(runs.build(name, initialization=1))

    def restart(self, initialization=0):
        """Returns the GAN in its first state, or in that of another initialization, 1."""
        dense.restore(self._gan, self._starts[initialization])
        self._gan.stop_training = False
        return self._gan

    def train(self, folder=None, callbacks=(), initialization=0, **settings):
        """Trains as `runs.train` does, and returns the GAN."""
        gan = self.restart(initialization)
        return runs.train(self._name, folder, callbacks, gan=gan, **settings)
