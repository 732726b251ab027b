"""Trains a GAN with Ray Train on several workers, which start again if one is lost.

    pip install "ganzoo[jax,ray]"
    python ray_train.py --workers=2 --output=/shared/run --model=dcgan_mnist --epochs=20
    python ray_train.py --workers=8 --gpus --output=/shared/run --model=dcgan

All other flags of `ganzoo train` work too, as --name=value. The folder must be on a file system
that all machines share. The cluster is the one of RAY_ADDRESS; without it, Ray starts one on this
machine.
"""

import argparse
import os
import socket
from pathlib import Path

import ray.train
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.collective import broadcast_from_rank_zero
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer


def train_on_worker(config):
    """Trains in one worker. All workers together are one run, which is resumed if there is one."""
    os.environ["KERAS_BACKEND"] = "jax"
    import ganzoo

    context = ray.train.get_context()
    coordinator = broadcast_from_rank_zero(free_address())
    processes = {"process_id": context.get_world_rank(), "num_processes": context.get_world_size()}
    settings = config["settings"]
    if Path(config["output"], "options.json").is_file():
        settings = {"resume": True}
    ganzoo.train(coordinator=coordinator, output=config["output"], **processes, **settings)


def free_address():
    """Returns the address of this machine with a free port."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        return f"{ray.util.get_node_ip_address()}:{listener.getsockname()[1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--gpus", action="store_true", help="give each worker a GPU")
    parser.add_argument("--failures", type=int, default=10, help="how often workers may be lost")
    parser.add_argument("--output", required=True)
    arguments, flags = parser.parse_known_args()
    parts = (flag.removeprefix("--").partition("=") for flag in flags)
    settings = {name: value or True for name, _, value in parts}
    output = Path(arguments.output).resolve()
    DataParallelTrainer(
        train_on_worker,
        train_loop_config={"settings": settings, "output": str(output)},
        scaling_config=ScalingConfig(num_workers=arguments.workers, use_gpu=arguments.gpus),
        run_config=RunConfig(
            name=output.name,
            storage_path=str(output.parent / ".ray"),
            failure_config=FailureConfig(max_failures=arguments.failures),
        ),
    ).fit()


if __name__ == "__main__":
    main()
