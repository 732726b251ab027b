"""Draws paths in the game min over x, max over y of xy.

Run it by `python docs/figures/historical_averaging.py`.
"""

import keras
import numpy as np
import style
import tensorflow as tf
from matplotlib import pyplot as plt

from ganzoo import regularizers

STEPS, RATE = 400, 0.05


def play(weight):
    """Returns the path of simultaneous gradient steps, shape (steps, 2)."""
    x, y = keras.Variable([1.0]), keras.Variable([0.0])
    part = regularizers.HistoricalAveraging(weight)
    states = {id(v): part.state([v]) for v in (x, y)}
    path = []
    for _ in range(STEPS):
        path.append([float(x[0]), float(y[0])])
        for v in (x, y):
            part.update_state([v], states[id(v)])
        with tf.GradientTape(persistent=True) as tape:
            value = tf.reduce_sum(x.value * y.value)
            cost_x = value + part.penalty([x], states[id(x)])
            cost_y = -value + part.penalty([y], states[id(y)])
        step_x, step_y = tape.gradient(cost_x, x.value), tape.gradient(cost_y, y.value)
        x.assign_sub(RATE * step_x)
        y.assign_sub(RATE * step_y)
    return np.array(path)


def main():
    figure, all_axes = plt.subplots(1, 3, figsize=(9, 3.1))
    for axes, weight in zip(all_axes, (0.0, 0.5, 1.0), strict=True):
        path = play(weight)
        axes.plot(*path.T, color=style.BLUE)
        axes.plot(*path[0], "o", color=style.ORANGE)
        axes.plot(0, 0, "+", color=style.BLACK, markersize=9)
        radius = np.linalg.norm(path[-1])
        axes.set_title(f"weight {weight:g}: ends {radius:.2f} from the solution")
        axes.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal", xlabel="x", ylabel="y")
    style.save(figure, "historical_averaging.png")


if __name__ == "__main__":
    main()
