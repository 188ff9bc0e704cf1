# SPDX-License-Identifier: Apache-2.0
"""What may happen: a table. An accident does something and returns what undoes it, or nothing.

Two accidents with the same place are never under way at one time; so what is broken is never so
broken that nothing could be expected to go on (two of three nodes, both databases).
"""

import threading

from live import promises

MEMBERS_MAX = 4


class Accident:
    def __init__(self, name, weight, place, do, needs=(), beside=()):
        self.name = name
        self.weight = weight
        self.place = place  # worker, broker, database, or lanes
        self.do = do
        self.needs = set(needs)
        self.places = {place, *beside}  # where nothing may be broken when it begins


def some_member(stage, random):
    return random.choice(stage.members)


# Workers


def end(stage, member):
    member.kill()
    stage.dismiss(member)
    return stage.join


def kill_worker(stage, random):
    return end(stage, some_member(stage, random))


def kill_with_jobs_in_hand(stage, random):
    """What comes while the database says nothing is taken, and cannot be decided."""
    member = random.choice(promises.until("a worker decides", 120, stage.deciding))
    before = stage.published()
    stage.stack("freeze", "postgres")
    try:
        promises.until("some jobs to come", 120, lambda: stage.published() > before + 100)
        return end(stage, member)
    finally:
        stage.stack("thaw", "postgres")


def freeze_worker(stage, random):
    member = some_member(stage, random)
    member.freeze()
    return member.thaw


def worker_leaves(stage, random):
    member = some_member(stage, random)
    stage.leave(member)
    return stage.join


def worker_joins(stage, _random):
    if len(stage.members) >= MEMBERS_MAX:
        return None
    member = stage.join()
    return lambda: stage.leave(member) if member in stage.members else None


def rolling_restart(stage, _random):
    for member in list(stage.members):
        stage.join()
        stage.leave(member)
    return None


def cut_member(which, *directions):
    def do(stage, random):
        member = some_member(stage, random)
        for one in getattr(member, which):
            one.cut(*directions)
        return member.mend
    return do


def break_connections(stage, random):
    for one in some_member(stage, random).cables():
        one.break_connections()


# The broker


def kill_broker(stage, random):
    node = random.choice(stage.nodes())
    stage.stack("kill", node, "-9")
    return lambda: stage.stack("up")


def freeze_broker(stage, random):
    node = random.choice(stage.nodes())
    stage.stack("freeze", node)
    return lambda: stage.stack("thaw", node)


def restart_broker(stage, random):
    stage.stack("restart", random.choice(stage.nodes()))


def restart_cluster(stage, _random):
    stage.stack("restart", "rabbitmq")


def cut_node(stage, random):
    node = random.choice(stage.nodes())
    stage.stack("cut", node)
    return lambda: stage.stack("mend", node)


def set_watermark(stage, part):
    """A node that was cut off takes no commands until it has joined the others again."""
    def taken():
        try:
            stage.stack("rabbitmqctl", "set_vm_memory_high_watermark", part)
        except RuntimeError:
            return False
        return True

    promises.until("the broker takes its memory's watermark", 120, taken)


def memory_alarm(stage, _random):
    set_watermark(stage, "0.0000001")
    return lambda: set_watermark(stage, "0.4")


# The database


def kill_database(stage, _random):
    stage.stack("kill", "postgres", "-9")
    return lambda: stage.stack("up")


def freeze_database(stage, _random):
    stage.stack("freeze", "postgres")
    return lambda: stage.stack("thaw", "postgres")


def restart_database(stage, _random):
    stage.stack("restart", "postgres")


def read_only(stage, _random):
    def switch(value):
        stage.admin(f"ALTER SYSTEM SET default_transaction_read_only = {value}",
                    "SELECT pg_reload_conf()")
    switch("on")
    return lambda: switch("off")


def end_sessions(stage, _random):
    stage.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'till %'")


def freeze_standby(stage, _random):
    """Commits hang meanwhile."""
    follower = stage.place.role(1)
    stage.stack("freeze", follower)
    return lambda: stage.stack("thaw", follower)


def promote(stage, _random):
    """The old primary runs on and answers, and nobody told it."""
    stage.stack("promote")
    return lambda: stage.stack("rejoin")


def kill_and_promote(stage, _random):
    stage.stack("kill", stage.place.role(0), "-9")
    stage.stack("promote")
    return lambda: stage.stack("rejoin")


def freeze_and_promote(stage, _random):
    stage.stack("freeze", stage.place.role(0))
    stage.stack("promote")
    return lambda: stage.stack("rejoin")


# The lanes


def scale(stage, random):
    """Beside everything else; whoever was interrupted finishes it, or it is run again."""
    wanted = str(random.choice([1, 2, 3, 4, 6, 8]))
    thread = threading.Thread(daemon=True, target=lambda: stage.place.till(
        "scale", wanted, "--yes", check=False))
    thread.start()

    def finish():
        thread.join(120)
        if thread.is_alive():
            stage.faults.append(f"till scale {wanted} has not ended within 120 s")
    return finish


TABLE = [
    Accident("worker killed", 6, "worker", kill_worker),
    Accident("worker killed with jobs in hand", 2, "worker", kill_with_jobs_in_hand, ["alone"],
             beside=["broker", "database"]),
    Accident("worker frozen", 5, "worker", freeze_worker),
    Accident("worker asked to leave", 4, "worker", worker_leaves),
    Accident("worker joins", 4, "worker", worker_joins),
    Accident("rolling restart", 2, "worker", rolling_restart),
    Accident("worker cut off from the broker", 2, "worker", cut_member("broker", "there", "back")),
    Accident("worker not heard by the broker", 1, "worker", cut_member("broker", "there")),
    Accident("broker not heard by a worker", 1, "worker", cut_member("broker", "back")),
    Accident("worker cut off from the database", 2, "worker",
             cut_member("database", "there", "back")),
    Accident("worker not heard by the database", 1, "worker", cut_member("database", "there")),
    Accident("database not heard by a worker", 1, "worker", cut_member("database", "back")),
    Accident("worker's connections broken", 3, "worker", break_connections),
    Accident("broker killed", 2, "broker", kill_broker),
    Accident("broker frozen", 2, "broker", freeze_broker),
    Accident("broker restarted", 1, "broker", restart_broker),
    Accident("memory alarm", 2, "broker", memory_alarm),
    Accident("node cut off", 3, "broker", cut_node, ["cluster", "root"]),
    Accident("cluster restarted", 1, "broker", restart_cluster, ["cluster"]),
    Accident("database killed", 2, "database", kill_database, ["alone"]),
    Accident("database frozen", 2, "database", freeze_database, ["alone"]),
    Accident("database restarted", 1, "database", restart_database, ["alone"]),
    Accident("database read-only", 2, "database", read_only, ["alone"]),
    Accident("sessions ended", 2, "database", end_sessions),
    Accident("standby frozen", 2, "database", freeze_standby, ["standby"]),
    Accident("standby promoted", 2, "database", promote, ["standby"]),
    Accident("primary killed, standby promoted", 2, "database", kill_and_promote, ["standby"]),
    Accident("primary frozen, standby promoted", 2, "database", freeze_and_promote, ["standby"]),
    Accident("lanes rescaled", 3, "lanes", scale, ["scale"]),
]


def possible(have):
    return [accident for accident in TABLE if accident.needs <= have]


def draw(random, table, busy, only=None):
    """One whose place is free; None: there is none."""
    free = [accident for accident in table
            if not accident.places & busy.keys() and (only is None or only in accident.name)]
    return random.choices(free, [accident.weight for accident in free])[0] if free else None
