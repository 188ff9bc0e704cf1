# SPDX-License-Identifier: Apache-2.0
"""The servers of a run, a namespace on them, and workers whose cables can be cut."""

import itertools
import os
import re
import shlex
import signal
import subprocess

from live import cable, corner, promises, workers

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/stack")


class Stack:
    """scripts/stack, of one name."""

    def __init__(self, name):
        self.name = name

    def __call__(self, command, *arguments, check=True):
        done = subprocess.run([SCRIPT, command, "--name", self.name, *arguments], timeout=180,
                              capture_output=True, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"stack {command} {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def environment(self):
        found = {}
        for line in self("env").splitlines():
            name, value = line[len("export "):].split("=", 1)
            found[name] = shlex.split(value)[0]
        return found


class Place(corner.Corner):
    """A namespace, without the corner's own subscriber."""

    def __init__(self, namespace, environment, lanes):  # pylint: disable=super-init-not-called
        self.namespace = namespace
        self.amqp = environment["TILL_AMQP_URL"]
        self.database = environment["TILL_DATABASE_URL"]
        self.roles = os.path.join(environment["TILL_STACK_DIR"], "roles")
        promises.until("the setup", 120, lambda: self.till(
            "setup", "--lanes", str(lanes), check=False).returncode == 0)
        self.till("store", "assign", "--others", "main")


    def role(self, number):
        """The primary is 0, who follows it 1; nobody does until an old primary has rejoined."""
        with open(self.roles, encoding="ascii") as roles:
            return (roles.read().split() + [None])[number]

    def reading(self):
        """psql knows nothing of timelines, and would ask an old primary that still answers."""
        if "," not in self.database:
            return self.database
        host, port = hosts_of(self.database)[0 if self.role(0) == "postgres" else 1]
        return re.sub(r"@[^/]*/", f"@{host}:{port}/", self.database)


def hosts_of(url):
    found = re.search(r"@([^/]*)/", url).group(1)
    return [(host, int(port)) for host, port in
            (part.rsplit(":", 1) for part in found.split(","))]


def through(url, cables):
    """The same URL with the cables' near ends in the place of the hosts."""
    hosts = ",".join(f"127.0.0.1:{one.port}" for one in cables)
    return re.sub(r"@[^/]*/", f"@{hosts}/", url)


class Member:
    """A worker, with a cable to each host of its broker and of its database."""

    numbers = itertools.count()

    def __init__(self, place, program, options):
        self.name = f"chaos-{next(self.numbers)}"
        self.broker = [cable.Cable(host) for host in hosts_of(place.amqp)]
        self.database = [cable.Cable(host) for host in hosts_of(place.database)]
        self.wanted = True  # nobody has asked it to leave or killed it
        self.worker = workers.Worker(
            place, program=program, arguments=("--name", self.name), wait=False,
            TILL_AMQP_URL=through(place.amqp, self.broker) + options,
            TILL_DATABASE_URL=through(place.database, self.database))

    def cables(self):
        return self.broker + self.database

    def mend(self):
        for one in self.cables():
            one.mend()

    def serves(self):
        return "worker: serving" in self.worker.said()

    def freeze(self):
        self.worker.signal(signal.SIGSTOP)

    def thaw(self):
        self.worker.signal(signal.SIGCONT)

    def kill(self):
        self.wanted = False
        self.worker.kill()
        self.close()

    def ask_to_leave(self):
        self.wanted = False
        self.worker.signal(signal.SIGTERM)

    def close(self):
        for one in self.cables():
            one.close()


class Stage:
    def __init__(self, name, cluster, standby, program):
        self.stack = Stack(name)
        self.cluster = cluster
        self.standby = standby
        self.program = program
        self.members = []
        self.hired = []   # all that were ever members
        self.faults = []  # of workers
        self.publishers = []
        self.place = None
        self.options = "?heartbeat=3"  # of the workers' URL: shorter than by default

    def up(self, lanes):
        self.stack("up", *(["--cluster", "3"] if self.cluster else []),
                   *(["--standby"] if self.standby else []))
        environment = self.stack.environment()
        os.environ.update(environment)
        self.place = Place("chaos", environment, lanes)

    def down(self):
        for member in self.members:
            member.kill()
        self.stack("down", check=False)

    def join(self):
        self.members.append(Member(self.place, self.program, self.options))
        self.hired.append(self.members[-1])
        return self.members[-1]

    def published(self):
        """How many jobs the publishers have sent."""
        return sum(len(publisher.sent) for publisher in self.publishers)

    def deciding(self):
        """Those that were the last to decide in some lane of the current generation; none, while
        the database comes back."""
        try:
            rows = self.place.sql(
                "SELECT DISTINCT w.name FROM lanes JOIN workers AS w USING (run)"
                " JOIN generations AS g USING (generation) WHERE g.state = 'current'")
        except RuntimeError:
            return []
        names = {row[0] for row in rows}
        return [member for member in self.members if member.name in names]

    def unheard(self):
        """How many events no queue took, by the workers' word."""
        return sum(member.worker.unheard() for member in self.hired)

    def dismiss(self, member):
        """Of one that has been killed or asked to leave."""
        if member in self.members:
            self.members.remove(member)
        member.close()

    def leave(self, member, seconds=60):
        """Asks a worker to leave; it must, in order, even while something is broken."""
        member.ask_to_leave()
        status = member.worker.wait(seconds)
        if status == -signal.SIGTERM and member.worker.said() == "":
            status = 0  # asked before it had begun, so there was nothing to leave
        if status != 0:
            self.faults.append(f"worker {member.name} was asked to leave and ended with {status}: "
                               f"{member.worker.said()[-600:]}")
            member.worker.kill()
        self.dismiss(member)

    def look(self):
        """Workers that ended by themselves."""
        for member in list(self.members):
            if member.wanted and member.worker.ended() is not None:
                self.faults.append(f"worker {member.name} ended by itself with "
                                   f"{member.worker.ended()}: {member.worker.said()[-600:]}")
                self.dismiss(member)

    def admin(self, *statements):
        """As superuser, on the primary, even if that is read-only."""
        commands = [word for statement in statements for word in ("-c", statement)]
        self.stack("psql", "-U", "postgres", "-d", "postgres", "-XAtq",
                   "-c", "SET default_transaction_read_only = off", *commands)

    def nodes(self):
        return ["rabbitmq.1", "rabbitmq.2", "rabbitmq.3"] if self.cluster else ["rabbitmq"]

    def await_answers(self):
        self.stack("up")
        promises.until("the servers answer", 60, lambda: self.place.till(
            "doctor", check=False).returncode != 69)
