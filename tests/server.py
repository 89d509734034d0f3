"""
Runs Snakemake's command line again and again, and the scripts of its jobs.

Each of them is a process forked from one that has imported what it needs: a fresh interpreter takes
seconds for that. Nothing of the workflow itself is imported here.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from contextlib import nullcontext
from multiprocessing import Pipe
from multiprocessing.connection import Client, Connection, wait

import snakemake.cli
from snakemake.benchmark import benchmarked
from snakemake.script import PythonScript

# What Snakemake and the scripts import late.
LATE = """jinja2 jsonschema pydantic smart_open snakemake.dag snakemake.workflow
matplotlib.pyplot pandas safetensors.numpy scipy.optimize scipy.stats sklearn.datasets torch"""
PATIENCE = 900  # seconds, as long as any run may take


def fork():
    """Fork a process that ends with this one; return 0 in it, and its id here."""
    if child := os.fork():
        return child
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    return 0


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def enter(folder, environment):
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)


def run_scripts(listener):
    """Run the scripts that a Snakemake asks for; tell it the id and, at the end, the status."""
    running = {}
    while True:
        for ready in wait([listener, *running]):
            if ready in running:
                child, connection = running.pop(ready)
                ready.close()
                connection.send(ended(child))
                connection.close()
                continue
            connection = Connection(listener.accept()[0].detach())
            script, folder, environment = connection.recv()
            end, held = Pipe(duplex=False)
            if not (child := fork()):
                enter(folder, environment)
                sys.argv = [script]
                sys.path.insert(0, os.path.dirname(script))
                runpy.run_path(script, run_name="__main__")
                sys.exit()
            held.close()  # so that `end` is at its end when the script is
            running[end] = child, connection
            connection.send(child)


def run_snakemake(folder, arguments, environment, output):
    """Be a Snakemake whose scripts run in forked processes."""
    signal.alarm(PATIENCE)
    enter(folder, environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY), 1)
    os.dup2(1, 2)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("")  # to a name that is free
    listener.listen()
    if not fork():
        run_scripts(listener)

    def execute_script(self, fname, edit=False):
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.threads)}
        with Client(listener.getsockname()) as connection:
            connection.send((fname, os.getcwd(), environment))
            child, record = connection.recv(), self.bench_record
            with benchmarked(child, record) if record else nullcontext():
                status = connection.recv()
            if status:
                raise subprocess.CalledProcessError(status, fname)

    PythonScript.execute_script = execute_script
    sys.argv = ["snakemake", *arguments]
    snakemake.cli.main()


if __name__ == "__main__":
    for name in LATE.split():
        importlib.import_module(name)
    snakemake.cli.get_argument_parser()  # imports the plugins
    gc.freeze()  # or every run copies all of it, to look for garbage
    for line in sys.stdin:
        if not (child := fork()):
            run_snakemake(*json.loads(line))
        print(ended(child), flush=True)
