"""`ganzoo train`: a training from a recipe, in a folder of its own."""

from ganzoo.cli.command import Command
from ganzoo.cli.data import add_flags as add_data_flags


def run(options, others):
    if others:
        raise ValueError(f"`ganzoo train` takes flags only. Received: {' '.join(others)}")
    from ganzoo.cli.train_plan import TrainingPlan

    plan = TrainingPlan(options)
    if not plan.speaks:
        return None if options.dry_run else plan.train
    print(plan.describe())
    if options.dry_run:
        print("\nAll is well. Nothing was trained or written: --dry_run.")
        return None
    print(flush=True)
    return plan.train


COMMAND = Command(
    "train",
    "Train a GAN, and keep all of it in a run folder.",
    "--model=NAME [--data=SOURCE] [flags]\n--resume --output=FOLDER [flags]",
    run,
    description="""A model is a recipe: networks, objective and optimizers as a paper gives them.
        What the flags do not set comes from there. The run folder holds options.json, log.csv with
        the mean of each term over each epoch, samples/ with a picture of the same latents every few
        epochs and an animation of them, checkpoints/ to resume from, and at the end model.keras.
        Ctrl-C ends the training after the present step: the folder then holds the model as it is,
        and the training can be resumed from that very step.""",
    examples=(
        "ganzoo train --model=dcgan_mnist",
        "ganzoo train --model=sngan --data=digits --width=16 --epochs=60",
        "ganzoo train --model=infogan_ns --data=tfds:fashion_mnist --epochs=20 --output=fashion",
        "ganzoo train --resume --output=fashion --epochs=40",
        "ganzoo train --model=sngan --data=folder:photos --size=64 --steps=50000 --dry_run",
        "ganzoo train --model=sngan_resnet --data=cifar.npz --conditional --ema_decay=0.9999",
        "ganzoo train --model=semi_supervised_mnist --test_split=test",
        "ganzoo train --model=dcgan_mnist --devices=all",
    ),
)
COMMAND.group("What to train")
COMMAND.text("model", "NAME", "The recipe; `ganzoo list` lists them with their papers.")
COMMAND.text(
    "data",
    "SOURCE",
    "The data; `ganzoo list` lists the kinds of sources. By default those of the recipe, if any.",
)
add_data_flags(COMMAND)
COMMAND.switch("conditional", "Train on the labels too: each sample is then of a chosen class.")
COMMAND.positive_integer(
    "labels_per_class",
    """Of a semi-supervised model, the examples of each class whose labels are used. By default the
    recipe's.""",
)
COMMAND.text(
    "test_split",
    "NAME",
    """Of a semi-supervised model, the part of the source on which the error rate is measured after
    each epoch, e.g. test. By default none.""",
)
COMMAND.group("How long")
COMMAND.positive_integer("epochs", "Passes over the data; or give --steps.")
COMMAND.positive_integer(
    "steps", "Updates of the generator. By default those of the recipe, which may take days."
)
COMMAND.positive_integer(
    "batch_size", "Real examples in each update of the discriminator. By default the recipe's."
)
COMMAND.group("Changes to the recipe")
COMMAND.positive_integer("width", "Channels of the networks at the full image size.")
COMMAND.positive_integer("latent_dim", "Size of a latent vector.")
COMMAND.text("loss", "NAME", "The adversarial loss; `ganzoo list` lists them.")
COMMAND.text(
    "regularizers",
    "NAMES",
    """Regularizers between commas, in place of the recipe's; or none. `ganzoo list` lists them.
    They have their papers' strengths, or arguments of theirs after colons:
    r1:gamma=0.1:every=16.""",
)
COMMAND.text(
    "augment",
    "POLICY",
    """Augmentation of all that the discriminator sees: adaptive_augment, or transforms between
    commas, e.g. color,translation,cutout; or none.""",
)
COMMAND.text(
    "normalization",
    "KIND",
    "Of the discriminator: spectral, batch, layer, weight or none, in place of the recipe's.",
)
COMMAND.positive_integer("packing", "Examples that the discriminator sees in one row (PacGAN).")
COMMAND.positive("generator_rate", "Learning rate of the generator.")
COMMAND.positive("discriminator_rate", "Learning rate of the discriminator.")
COMMAND.fraction(
    "ema_decay",
    """Decay per step of the average of the generator's weights that samples are drawn from,
    e.g. 0.999.""",
)
COMMAND.integer(
    "seed", "What initial weights, noise and the order of the data follow from.", default=0
)
COMMAND.group("The machine")
COMMAND.choice(
    "precision",
    ("float32", "mixed_bfloat16", "mixed_float16"),
    "What the networks compute in; weights and losses stay in float32.",
    default="float32",
)
COMMAND.choice(
    "jit",
    ("auto", "true", "false"),
    "Compile with XLA: auto does on JAX, and with TensorFlow on a GPU.",
    default="auto",
)
COMMAND.text(
    "devices",
    "N",
    """Devices of this machine that share each batch, or all: GPUs, or processors where there are
    none.""",
    default="1",
)
COMMAND.text(
    "coordinator",
    "HOST:PORT",
    """Of several processes, with JAX: where process 0 is found, at any free port of its machine; or
    auto under Slurm, Open MPI or on a cloud TPU. They train on the devices of all.""",
)
COMMAND.integer("process_id", "Number of this process, from 0; not with --coordinator=auto.")
COMMAND.positive_integer("num_processes", "How many processes there are; not with auto.")
COMMAND.group("The run folder")
COMMAND.text(
    "output",
    "FOLDER",
    "Where the run is kept. By default runs/MODEL, or runs/MODEL-DATA where --data is given.",
)
COMMAND.switch(
    "resume",
    "Continue the run in the output folder, exactly as if it had not been interrupted.",
)
COMMAND.positive_integer(
    "sample_every", "Epochs between two pictures of samples. By default 50 pictures in the run."
)
COMMAND.group("Other")
COMMAND.switch("dry_run", "Check everything, build the networks, print the plan, and end.")
COMMAND.switch("debug", "Show where an error comes from.")
