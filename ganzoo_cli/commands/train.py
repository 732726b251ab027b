"""`ganzoo train`: trains a recipe, and keeps everything in a folder of its own."""

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import (
    add_content_flags,
    add_data_flags,
    add_debug_flag,
    add_dry_run_flag,
    add_seed_flag,
)

NORMALIZATIONS = ("spectral", "batch", "layer", "weight", "none")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
LARGEST_SEED = 2**32 - 1
# The flags that can change when a run is resumed.
_CHANGEABLE = {
    *("output", "resume", "epochs", "steps", "sample_every", "jit", "dry_run", "debug"),
    *("devices", "coordinator", "process_id", "num_processes", "accept_changes"),
    *("threads", "steps_per_execution", "checkpoint_every", "keep", "monitors", "log", "config"),
    "cache",
}
_NEED_METRICS = ("every", "metric_samples", "extractor")


def _check(options, others):
    if others:
        raise ValueError(f"`ganzoo train` takes flags only. Received: {' '.join(others)}")
    if options.coordinator is None and {"process_id", "num_processes"} & options.given:
        raise ValueError(
            "--process_id and --num_processes need the address of process 0: "
            "--coordinator=HOST:PORT. Received: none"
        )
    if options.resume:
        _check_resume(options)
    elif options.accept_changes:
        raise ValueError(
            "--accept_changes is for a run that is resumed. Received: "
            f"--accept_changes={','.join(options.accept_changes)} without --resume"
        )
    elif options.model is None:
        raise ValueError("--model must be given; `ganzoo list` lists the recipes. Received: none")
    if not options.metrics and (given := [n for n in _NEED_METRICS if n in options.given]):
        raise ValueError(
            "Give --metrics too, such as --metrics=fid. "
            f"Received: {', '.join(f'--{name}' for name in given)} without --metrics"
        )
    if options.epochs is not None and options.steps is not None:
        raise ValueError(
            "Expected --epochs or --steps, not both. "
            f"Received: --epochs={options.epochs} --steps={options.steps}"
        )
    if options.seed > LARGEST_SEED:
        raise ValueError(f"--seed must be at most {LARGEST_SEED}. Received: --seed={options.seed}")


def _check_resume(options):
    if options.output is None:
        raise ValueError("--resume needs the folder of the run: --output=FOLDER. Received: none")
    fixed = sorted(f"--{name}" for name in options.given - _CHANGEABLE)
    if fixed:
        raise ValueError(
            "A resumed run keeps its options: only --epochs or --steps, the devices, how often it "
            "draws, checks and saves, and what --accept_changes names can change. "
            f"Received: --resume with {', '.join(fixed)}"
        )


COMMAND = Command(
    "train",
    "Train a GAN, and keep everything in a run folder.",
    "--model=NAME [--data=SOURCE] [flags]\n--resume --output=FOLDER [flags]",
    description="""A model is a recipe: the networks, the losses and the optimizers of a paper. The
        flags change single parts of it. The run folder holds options.json; log.csv with the mean of
        each term over each epoch, and curves.png with its curves; samples/ with a picture of the
        same latents every few epochs and an animation of them; checkpoints/ to resume from; and, at
        the end, model.keras. Ctrl-C ends the training run after the current step: the folder then
        holds the current model, and --resume continues from exactly this step.""",
    examples=(
        "ganzoo train --model=dcgan_mnist",
        "ganzoo train --model=sngan --data=digits --width=16 --epochs=60",
        "ganzoo train --model=infogan_ns --data=tfds:fashion_mnist --epochs=20 --output=fashion",
        "ganzoo train --resume --output=fashion --epochs=40",
        "ganzoo train --model=sngan --data=folder:photos --size=64 --steps=50000 --dry_run",
        "ganzoo train --model=sngan_resnet --data=cifar.npz --conditional --ema_decay=0.9999",
        "ganzoo train --model=sngan_mnist --metrics=fid,kid --every=5 --keep_best=fid",
        "ganzoo train --model=semi_supervised_mnist --test_split=test",
        "ganzoo train --model=dcgan_mnist --devices=all",
        "ganzoo train --config=runs/sngan-digits/config.toml --seed=1 --output=runs/again",
    ),
    check=_check,
)
COMMAND.group("What to train")
COMMAND.text("model", "NAME", "The recipe; `ganzoo list` lists them with their papers.")
COMMAND.text(
    "data",
    "SOURCE",
    """The data; `ganzoo list` lists the kinds of sources. By default the data of the recipe, if it
    names any.""",
)
add_data_flags(COMMAND)
COMMAND.switch(
    "conditional", "Train on the labels too, so that samples of a chosen class can be drawn."
)
COMMAND.positive_integer(
    "labels_per_class",
    """For a semi-supervised model: the number of examples of each class whose labels are used. By
    default the recipe's.""",
)
COMMAND.text(
    "test_split",
    "NAME",
    """For a semi-supervised model: the part of the source on which the error rate is measured after
    each epoch, e.g. test. By default none.""",
)
COMMAND.path(
    "init_from",
    "PRESET",
    """Start from the weights of a trained GAN: a preset that `ganzoo list` lists, or its folder.
    Weights of the same name and shape are taken, and the plan lists the others.""",
)
COMMAND.positive_integer(
    "freeze_discriminator",
    """Keep the first N layers of the discriminator, next to the images, as they are (Freeze-D).""",
)
COMMAND.switch(
    "mirror",
    "Flip each training image horizontally with probability 1/2. Not for digits or letters.",
)
add_content_flags(COMMAND)
COMMAND.group("How long")
COMMAND.positive_integer("epochs", "Passes over the data; or give --steps.")
COMMAND.positive_integer(
    "steps", "Updates of the generator. By default the recipe's, which may take days."
)
COMMAND.positive_integer(
    "batch_size", "Real examples in each update of the discriminator. By default the recipe's."
)
COMMAND.group("Changes to the recipe")
COMMAND.positive_integer("width", "Channels of the networks at the full image size.")
COMMAND.positive_integer("latent_dim", "Size of a latent vector.")
COMMAND.text("latent", "KIND", "Distribution of the latents: normal, or uniform in [-1, 1].")
COMMAND.text(
    "loss",
    "NAME",
    """The adversarial loss; `ganzoo list` lists them. Arguments follow after colons:
    non_saturating:label_smoothing=0.1. Others stay as the recipe says, if it has this loss.""",
)
COMMAND.text(
    "regularizers",
    "NAMES",
    """Regularizers between commas in place of the recipe's, or none; `ganzoo list` lists them. By
    default they have the strengths of their papers. Other arguments follow after colons:
    r1:gamma=0.1:every=16. A number may be a schedule: r1:gamma=cosine/2/0.2/2e6images goes from 2
    to 0.2 in two million real images; linear/2/0.2/1e4-5e4steps does from step 10,000 to 50,000.
    """,
)
COMMAND.strength(
    "gamma", "Strength of the regularizers r1 and r2, a schedule of it, or auto for a rule."
)
COMMAND.text(
    "augment",
    "POLICY",
    """Augmentation of all images that the discriminator sees, or none: transforms of DiffAugment
    between commas, e.g. color,translation,cutout; a policy of adaptive augmentation, e.g. bgc; or
    one or several names of `ganzoo list` between commas. Arguments follow after colons:
    bgc:images_to_one=100000,adaptive_pseudo_augment.""",
)
COMMAND.text(
    "normalization",
    "KIND",
    f"""Normalization of the discriminator in place of the recipe's:
    {", ".join(NORMALIZATIONS[:-1])} or {NORMALIZATIONS[-1]}.""",
)
COMMAND.positive_integer("packing", "Examples that the discriminator sees in one row (PacGAN).")
COMMAND.positive_integer(
    "discriminator_steps", "Updates of the discriminator in each step, each on other examples."
)
COMMAND.positive_integer(
    "generator_batch_ratio",
    "Fakes in an update of the generator for each real example in one of the discriminator.",
)
COMMAND.text(
    "optimizer",
    "KIND",
    """The optimizer of both players: adam, adamw, lion, muon, rmsprop or sgd. Arguments follow
    after colons: beta_1, beta_2, epsilon, weight_decay and clip_norm, the largest norm of all
    gradients together, as in adam:beta_1=0:beta_2=0.9. Others stay as the recipe says, or have the
    defaults of another kind.""",
)
COMMAND.text("generator_optimizer", "KIND", "The same, for the generator alone.")
COMMAND.text("discriminator_optimizer", "KIND", "The same, for the discriminator alone.")
COMMAND.positive_or_schedule("generator_rate", "Learning rate of the generator, or a schedule.")
COMMAND.positive_or_schedule(
    "discriminator_rate", "Learning rate of the discriminator, or a schedule."
)
COMMAND.fraction(
    "ema_decay",
    """Samples are drawn with an average of the generator's weights; this is its decay per step,
    e.g. 0.999.""",
)
COMMAND.positive_or_schedule(
    "ema_half_life",
    """In place of --ema_decay: the real images after which weights have half of their share in the
    average, or a schedule. A number is at most 5% of the images so far.""",
)
add_seed_flag(COMMAND)
COMMAND.group("What is measured")
COMMAND.names(
    "metrics",
    """Metrics of samples of the averaged generator while it trains, between commas: fid, kid, is,
    precision_recall and so on. They compare with the test images of the source, or with the
    training data if it has none. The values are in log.csv, and with their protocols in
    metrics.jsonl.""",
)
COMMAND.positive_integer("every", "Epochs from one measurement to the next.", default=1)
COMMAND.positive_integer(
    "metric_samples", "Samples in a measurement. By default as many as there are real images."
)
COMMAND.text(
    "extractor",
    "NAME",
    """The network whose features or classes are compared. By default ganzoo's own for the source,
    which there is for cifar10, digits, fashion_mnist and mnist.""",
)
COMMAND.text(
    "keep_best",
    "VALUE",
    """Keep the checkpoint with the best value of this name, such as fid, in addition to the newest
    ones. Other commands take it with --checkpoint=best.""",
)
COMMAND.text(
    "monitors",
    "NAMES",
    """collapse, spectral, both between commas, or none. collapse warns of samples that are all
    alike; spectral logs the norms of layers with spectral normalization. By default collapse, so
    rarely that it takes less than 1% of the time.""",
)
COMMAND.group("The machine")
COMMAND.choice(
    "precision",
    PRECISIONS,
    "Precision of the networks' computations; weights and losses stay in float32.",
    default="float32",
)
COMMAND.choice(
    "jit",
    ("auto", "true", "false"),
    "Compile with XLA. With auto, JAX always compiles and TensorFlow compiles on a GPU.",
    default="auto",
)
COMMAND.positive_or_auto(
    "steps_per_execution",
    """Steps in one call of the compiled function. More of them cost less time on a GPU; pictures
    and checkpoints follow at the end of a call.""",
)
COMMAND.positive_integer(
    "accumulate",
    """Parts in which each batch is computed, one after another, with the gradient of the whole
    batch: less memory in more time. Not with layers that couple the examples of a batch, such as
    batch normalization.""",
    default=1,
)
COMMAND.switch(
    "remat",
    """Compute activations again in the backward pass instead of keeping them: less memory in more
    time, with any layers.""",
)
COMMAND.text(
    "devices",
    "N",
    """Number of devices of this machine that share each batch, or all: GPUs, or processors if there
    is no GPU.""",
    default="1",
)
COMMAND.positive_integer(
    "threads",
    """Threads that share one operation on the processor. One number of threads gives the same bits
    on any number of cores of one kind. By default the number of cores, which the run keeps when it
    is resumed and writes to its config.toml. For TensorFlow only.""",
)
COMMAND.text(
    "coordinator",
    "HOST:PORT",
    """For several processes, with JAX: the address of process 0, where the port is any free port of
    its machine; or auto under Slurm, Open MPI or on a cloud TPU. The processes train on the devices
    of all.""",
)
COMMAND.integer("process_id", "Number of this process, from 0; not with --coordinator=auto.")
COMMAND.positive_integer("num_processes", "Number of processes; not with --coordinator=auto.")
COMMAND.group("The run folder")
COMMAND.path(
    "output",
    "FOLDER",
    "The run folder. By default runs/MODEL, or runs/MODEL-DATA if --data is given.",
)
COMMAND.switch(
    "resume", "Continue the run in the output folder, exactly as if it had not been interrupted."
)
COMMAND.names(
    "accept_changes",
    """What may differ from the run so far when it is resumed, as the error message names it, e.g.
    data, or all. By default other data, other versions of a recipe or an edited options.json are
    errors.""",
)
COMMAND.positive_integer(
    "sample_every",
    "Epochs from one picture of samples to the next. By default the run has 50 pictures.",
)
COMMAND.positive_integer("checkpoint_every", "Epochs from one checkpoint to the next.", default=1)
COMMAND.positive_integer("keep", "Number of checkpoints to keep, the newest ones.", default=3)
COMMAND.names(
    "log",
    """Show the run in trackers between commas: tensorboard, wandb, mlflow. Each needs its extra,
    such as ganzoo[wandb]. If one of them fails, the run goes on without it.""",
)
COMMAND.group("Other")
COMMAND.path(
    "config",
    "FILE",
    """A TOML file with flags, such as batch_size = 64; flags of the command line win. The file
    config.toml of a run folder repeats the run.""",
)
add_dry_run_flag(COMMAND)
add_debug_flag(COMMAND)
