"""`ganzoo generate`: a data set of samples as shards."""

from ganzoo_cli.command import Command
from ganzoo_cli.models import only_model
from ganzoo_cli.shared_flags import MODEL, add_debug_flag

FORMATS = ("packed", "tfrecord", "webdataset")


def _check(options, others):
    if options.n is None:
        raise ValueError("--n must be given, the number of samples. Received: none")
    if options.output is None:
        raise ValueError("--output must be given, the folder of the data set. Received: none")
    only_model(others)


COMMAND = Command(
    "generate",
    "Write a labeled data set of samples as shards.",
    "MODEL --n=N --output=FOLDER [flags]",
    description=f"""{MODEL} Row i of the data set is the sample of the seed SEED + i: the shards
        have the same bytes however many workers make them. The same command continues a data set
        that is not complete, or whose shards are damaged. generated.json has the hashes of the
        shards.
        `ganzoo train --data=generated:FOLDER` and `ganzoo.data.load` read them;
        `tfds.builder_from_directory` reads the format tfrecord.""",
    examples=(
        "ganzoo generate dcgan_digits --n=100_000 --output=digits",
        "ganzoo generate runs/sngan-cats --n=10_000_000 --output=cats --format=webdataset "
        "--workers=16",
        "ganzoo generate model.keras --n=6000 --labels=cat,dog --format=tfrecord --output=pets",
        "ganzoo generate hf://me/faces --n=1_000_000 --output=/shared/faces --ray",
    ),
    check=_check,
)
COMMAND.group("Samples")
COMMAND.positive_integer("n", "Number of samples.")
COMMAND.seed("seed", "Seed of the first sample.", default=0)
COMMAND.classes(
    "labels",
    "CLASSES",
    """For a conditional model: the classes that take turns, as names, integers or ranges between
    commas. By default all classes, equally often.""",
)
COMMAND.positive("truncation", "As for `ganzoo sample`. By default none.")
COMMAND.positive("latent_scale", "Factor of the latents.", default=1.0)
COMMAND.group("Files")
COMMAND.path("output", "FOLDER", "The folder of the data set.")
COMMAND.choice(
    "format",
    FORMATS,
    """packed: .npz files. tfrecord: TFRecord files, with the metadata of TensorFlow Datasets.
    webdataset: tars of .png and .cls files. Samples that are no images of 1, 3 or 4 channels are
    stored as arrays.""",
    default="packed",
)
COMMAND.positive_integer("shard_size", "Samples of a shard.", default=10_000)
COMMAND.group("The machine")
COMMAND.positive_integer(
    "workers",
    """Number of processes, each with a copy of the model. By default 1; with --ray one for each GPU
    of the cluster, or for each processor if there is no GPU.""",
)
COMMAND.positive_integer(
    "threads",
    """Threads of each worker on a processor, for TensorFlow only. On processors, many workers of
    one thread are the fastest. All runs of one data set need the same number. By default 1.""",
)
COMMAND.positive_integer(
    "batch_size",
    "Samples that the generator computes at once. All runs of one data set need the same number.",
    default=64,
)
COMMAND.switch(
    "ray",
    """Start the workers on a Ray cluster (extra ray): the one of RAY_ADDRESS, or of this machine.
    All machines need the model and the folder at the same paths.""",
)
COMMAND.group("Other")
add_debug_flag(COMMAND)
