"""Draws a grid of samples from a GAN that a server runs, and writes it to a PNG file.

    python examples/serving/draw_grid.py dcgan_mnist --num-classes=10
    python examples/serving/draw_grid.py dcgan_fashion_mnist --protocol=grpc --seed=100

Each row of a conditional GAN's grid is one class, if the number of samples can be divided so.
"""

import argparse

from ganzoo import drawing
from ganzoo.export.client import Client


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="name of the model on the server")
    parser.add_argument("--address", default="localhost", help="host, or host:port (%(default)s)")
    parser.add_argument("--protocol", choices=("rest", "grpc"), default="rest")
    parser.add_argument("--version", type=int, help="by default the newest")
    parser.add_argument("--num-classes", type=int, help="of a conditional GAN")
    parser.add_argument("--n", type=int, default=64, help="number of samples (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first sample (%(default)s)")
    parser.add_argument("--output", default="grid.png", help="file to write (%(default)s)")
    options = parser.parse_args(arguments)

    labels, columns, n = None, None, options.n
    if options.num_classes is not None:
        labels, columns = drawing.class_grid(n, options.num_classes)
    with Client(
        options.address, options.model, version=options.version, protocol=options.protocol
    ) as client:
        samples = client.sample(n, options.seed, labels)
    drawing.save_picture(options.output, drawing.picture(samples, columns))
    print(f"{len(samples)} samples of {options.model} in {options.output}")


if __name__ == "__main__":
    main()
