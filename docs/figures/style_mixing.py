"""Draws style mixing with a model of the zoo: `python docs/figures/style_mixing.py`

The left table takes the rows of the styles of small feature maps from the samples at the top, and
the right table the rows of large ones.
"""

import style
from matplotlib.figure import Figure

import ganzoo

MODEL, LABEL = "stylegan2_small_fashion_mnist", "Ankle boot"
LEFT, TOP = range(4), range(10, 15)


def main():
    gan = ganzoo.GAN.from_preset(MODEL)
    rows = gan.generator.get_layer("mapping").num_rows
    figure = Figure(figsize=(9, 4))
    for axes, chosen in zip(
        figure.subplots(1, 2), (range(rows // 2), range(rows // 2, rows)), strict=True
    ):
        title = f"rows {chosen.start} to {chosen.stop - 1} from the top"
        ganzoo.plot.style_mixing(gan, LEFT, TOP, chosen, labels=LABEL, title=title, ax=axes)
    style.save(figure, "style_mixing.png")


if __name__ == "__main__":
    main()
