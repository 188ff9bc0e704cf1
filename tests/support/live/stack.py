# SPDX-License-Identifier: Apache-2.0
"""Servers of a test's own, which it may kill; and a word with the broker that all tests share."""

import os
import shlex
import shutil
import subprocess
import tempfile

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../scripts/stack")


class Stack:
    """Comes up at once; what its servers are called goes into the environment."""

    def __init__(self, name):
        self.name = name
        self.home = tempfile.mkdtemp(prefix=f"test-{name}-", dir="/var/tmp")
        os.chmod(self.home, 0o755)
        os.environ["TILL_STACK_HOME"] = os.path.join(self.home, "stacks")
        try:
            self.run("up")
            for line in self.run("env").splitlines():
                variable, value = line[len("export "):].split("=", 1)
                os.environ[variable] = shlex.split(value)[0]
        except BaseException:
            self.down()
            raise

    def run(self, action, *arguments):
        done = subprocess.run([SCRIPT, action, "--name", self.name, *arguments], timeout=100,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"stack {action} {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def down(self):
        done = subprocess.run([SCRIPT, "down", "--name", self.name], timeout=100, check=False,
                              capture_output=True, text=True)
        if done.returncode == 0:
            shutil.rmtree(self.home, ignore_errors=True)
        else:  # it is still needed to stop the servers by hand
            print(f"{self.home}: stack down: {done.stdout}{done.stderr}", flush=True)


def rabbitmqctl(*arguments):
    """On the broker that all tests share; each call costs the start of a machine of Erlang's."""
    subprocess.run([os.path.abspath(SCRIPT), "rabbitmqctl", "--name", os.environ["TILL_STACK_NAME"],
                    "-q", *arguments], cwd="/", timeout=60, check=True, stdout=subprocess.DEVNULL)
