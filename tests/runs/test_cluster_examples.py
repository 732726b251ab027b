"""The files in `examples/cluster`, as far as they can be checked without a cluster."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import ganzoo
from ganzoo_cli.commands.train import COMMAND
from support.processes import ROOT

EXAMPLES = ROOT / "examples/cluster"


@pytest.fixture
def environment(tmp_path):
    """The environment of a shell in which `srun` and `ganzoo` print their arguments."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("srun", "ganzoo"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nprintf "{name}"; printf " \'%s\'" "$@"\n')
        script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def options_of(line):
    """Returns the flags of a line `ganzoo train ...`, which the command's own parser checks."""
    words = shlex.split(line)
    assert words[:2] == ["ganzoo", "train"]
    options, others = COMMAND.parse(words[2:])
    COMMAND.check(options, others)
    return options


def test_the_script_of_slurm_starts_and_resumes_a_run(environment, tmp_path):
    def run():
        printed = subprocess.run(
            ["bash", EXAMPLES / "slurm.sbatch"],
            env={**environment, "SLURM_SUBMIT_DIR": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return options_of(printed.removeprefix("srun "))

    options = run()
    assert (options.model, options.coordinator) == ("sngan", "auto")
    assert options.data == str(tmp_path / "photos_64.npz")
    folder = Path(options.output)
    folder.mkdir(parents=True)
    (folder / "options.json").touch()
    options = run()
    assert options.resume and options.given == {"resume", "output", "coordinator"}
    directives = [
        line.split()[1]
        for line in (EXAMPLES / "slurm.sbatch").read_text().splitlines()
        if line.startswith("#SBATCH")
    ]
    assert {"--signal=TERM@120", "--requeue", "--nodes=2"} <= set(directives)


def test_the_pods_of_kubernetes_find_each_other(environment, tmp_path):
    content = yaml.safe_load((EXAMPLES / "jobset.yaml").read_text())
    assert (content["apiVersion"], content["kind"]) == ("jobset.x-k8s.io/v1alpha2", "JobSet")
    (job,) = content["spec"]["replicatedJobs"]
    spec = job["template"]["spec"]
    assert job["replicas"] == 1 and spec["completionMode"] == "Indexed"
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"] == ["sh", "-c"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    assert {"name": "KERAS_BACKEND", "value": "jax"} in container["env"]
    (script,) = container["args"]
    script = script.replace("/shared/run", str(tmp_path / "run"))

    def run(index):
        variables = {**environment, "JOB_COMPLETION_INDEX": str(index)}
        command = ["sh", "-c", script]
        printed = subprocess.run(command, env=variables, check=True, capture_output=True, text=True)
        return options_of(f"ganzoo {printed.stdout.removeprefix('ganzoo ')}")

    first, second = run(0), run(1)
    assert first.model == "dcgan_mnist" and (first.process_id, second.process_id) == (0, 1)
    assert first.num_processes == spec["completions"] == spec["parallelism"] == 2
    name = content["metadata"]["name"]
    # The name that JobSet gives to the first pod of the first job, in the subdomain of the set.
    assert first.coordinator == f"{name}-{job['name']}-0-0.{name}:12355"
    (tmp_path / "run").mkdir()
    (tmp_path / "run/options.json").touch()
    assert run(0).resume


@pytest.mark.slow
def test_ray_train_resumes_after_a_worker_is_killed(tmp_path):
    pytest.importorskip("ray")
    flags = [
        *("--model=mlp", "--data=toy:ring", "--width=4", "--loss=hinge", "--regularizers=none"),
        *("--batch_size=2000", "--epochs=30"),  # Of 10 steps each.
    ]
    output = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "ray_train.py", "--workers=2", f"--output={output}", *flags],
        env={**os.environ, "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 300
    while not list(output.glob("checkpoints/step_*")) and time.monotonic() < deadline:
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.2)
    os.kill(_workers()[1], signal.SIGKILL)
    printed, _ = process.communicate(timeout=400)
    assert process.returncode == 0, printed
    log = (output / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in log[1:]] == [str(epoch) for epoch in range(1, 31)]
    assert ganzoo.runs.load_model(output).step == 300


def _workers():
    """Returns the ids of the processes of Ray Train's workers on this machine."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if name.startswith(b"ray::") and b"TrainWorker" in name:
            found.append(int(folder.name))
    return sorted(found)
