"""A process that imports a module once and forks itself for every piece of code that it is sent.

`support.processes` runs it as a script. Each line of its input is a request in JSON; to each it
answers the id of the new process, and its exit code when it ended.
"""

import importlib
import json
import os
import sys


class NoTensorFlow:
    """Lets an import of TensorFlow fail. Keras on JAX has not imported it."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "tensorflow_datasets"):
            raise ImportError(f"{name} is blocked")


def next_request():
    """Serves requests; returns each one in a new process, and None at the end of the input."""
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            return json.loads(line)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    return None


def enter(request):
    """Gives this process the environment, the folder and the files of the request."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for descriptor, (path, flags) in enumerate(
        [
            (os.devnull, os.O_RDONLY),
            (request["stdout"], os.O_WRONLY),
            (request["stderr"], os.O_WRONLY),
        ]
    ):
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = ["-c"]
    # Python put the folder of this script there.
    sys.path[0] = ""
    if request["without_tensorflow"]:
        assert "tensorflow" not in sys.modules
        sys.meta_path.insert(0, NoTensorFlow())


if __name__ == "__main__":
    if sys.argv[1]:
        # Keras imports it for wrappers that no test uses, if it is there.
        sys.modules["sklearn"] = None
        importlib.import_module(sys.argv[1])
        del sys.modules["sklearn"]
    received = next_request()
    if received is not None:
        enter(received)
        exec(compile(received["code"], "<code of the test>", "exec"), {"__name__": "__main__"})
