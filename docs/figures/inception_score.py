"""Shows what the Inception Score notices: python docs/figures/inception_score.py

Prints a table. All images are digits, and the extractor is ganzoo's classifier for them.
"""

import numpy as np

import ganzoo

COUNT = 1000


def main():
    train = ganzoo.data.load("digits", split="train")
    random = np.random.default_rng(0)
    images, labels = train.examples, train.labels
    noise = random.normal(0, 80, images[:COUNT].shape)
    first_of_each = np.array([np.flatnonzero(labels == label)[0] for label in range(10)])
    sets = {
        "real digits": images[:COUNT],
        "the same with noise (standard deviation 80)": np.clip(images[:COUNT] + noise, 0, 255),
        "one digit, repeated": np.repeat(images[:1], COUNT, axis=0),
        "fours alone": images[np.resize(np.flatnonzero(labels == 4), COUNT)],
        "ten digits, one of each class, repeated": images[np.resize(first_of_each, COUNT)],
    }
    test = ganzoo.data.load("digits", split="test")
    for name, samples in sets.items():
        samples = samples.astype(np.uint8)
        results = ganzoo.metrics.evaluate(samples, test, ["is", "fid"], extractor="digits", n=COUNT)
        print(name, *results.values(), sep="  |  ")


if __name__ == "__main__":
    main()
