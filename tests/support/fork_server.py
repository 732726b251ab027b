"""A process that imports a module once and forks itself for every piece of code that it is sent.

`support.processes` runs it as a script. It forks once for each client, and then for each of its
requests: lines of JSON. To each it answers the id of the new process, and its exit code when it
ended. It ends when no client is connected any more.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import socket
import sys
import threading
import traceback

# Modules that are blocked where TensorFlow is.
_BLOCKED = ("tensorflow", "tensorflow_datasets")


class NoTensorFlow:
    """Lets an import of TensorFlow fail. Keras on JAX has not imported it."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in _BLOCKED:
            raise ImportError(f"{name} is blocked")


def next_client(listener):
    """Waits for clients; returns each one in a new process, and None after the last one."""
    processes = set()
    while True:
        ready, _, _ = select.select([listener], [], [], 1.0 if processes else 60.0)
        if ready:
            client, _ = listener.accept()
            process = os.fork()
            if process == 0:
                listener.close()
                return client
            client.close()
            processes.add(process)
        processes -= {process for process in processes if os.waitpid(process, os.WNOHANG)[0]}
        if not ready and not processes:
            return None


def next_request(stream):
    """Serves requests; returns each one in a new process, and None at the end of the stream."""
    for line in stream:
        process = os.fork()
        if process == 0:
            return json.loads(line)
        print(process, file=stream, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), file=stream, flush=True)
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
        assert not {*_BLOCKED} & {*sys.modules}
        sys.meta_path.insert(0, NoTensorFlow())


def run(code):
    """Runs code as the main module; returns its exit code."""
    try:
        exec(compile(code, "<code of the test>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def end(exit_code):
    """Ends this process without freeing every object that the fork shares, which takes seconds."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def main(address, imported):
    """Imports a module, serves the clients at the path of a socket, and runs their requests."""
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(address)
        except OSError:
            return  # Another one has just started.
        listener.listen()
        print("listening", flush=True)
        if imported:
            # Keras imports it for wrappers that no test uses, if it is there.
            sys.modules["sklearn"] = None
            importlib.import_module(imported)
            del sys.modules["sklearn"]
        # Collecting garbage would copy the memory that the processes share.
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        client = next_client(listener)
    if client is None:
        os.unlink(address)
        end(0)
    stream = client.makefile("rw")
    for module in json.loads(stream.readline()):
        # What cannot be imported fails in the code of the test.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    gc.freeze()
    received = next_request(stream)
    if received is None:
        end(0)
    client.close()
    enter(received)
    end(run(received["code"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
