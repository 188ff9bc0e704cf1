# SPDX-License-Identifier: Apache-2.0
"""The account of every job that was published, after everything is healed."""

import collections
import itertools
import time

from live import account, promises

import load
import sequential


class Account:
    def __init__(self, place, publishers, witness):
        self.place = place
        self.publishers = publishers
        self.witness = witness
        self.violations = []
        self.stragglers = 0
        self.told_again = False
        self.jobs = {job["id"]: job for publisher in publishers for job in publisher.sent}
        self.decided = {}

    def violate(self, what, examples):
        examples = list(examples)
        if examples:
            named = "; ".join(str(example) for example in itertools.islice(examples, 5))
            self.violations.append(f"{what}: {len(examples)}: {named}")

    def count(self):
        return int(self.place.sql("SELECT count(*) FROM decision WHERE id NOT LIKE 'till:%'")[0][0])

    def settled(self):
        return len(self.witness.outcomes.keys() & self.jobs.keys()) + len(
            self.witness.answers.keys() & self.jobs.keys()) >= len(self.jobs)

    def wait(self, seconds):
        """Until all have their decision or answer, for as long as there is any progress."""
        seen, since = -1, time.monotonic()
        while not self.settled() and time.monotonic() - since < seconds:
            if self.witness.copies != seen:
                seen, since = self.witness.copies, time.monotonic()
            promises.pause_for(0.2)

    def tell_again(self, unheard):
        """While a cluster loses a node, a subscriber's queue may have no leader for longer than a
        worker waits for it. Of events that miss it so, the broker refuses each, and the worker says
        how many they were; an operator then publishes again what is recorded. Whatever else is
        missing, is."""
        self.read()
        missed = self.decided.keys() - self.witness.outcomes.keys()
        if 0 < len(missed) <= unheard:
            print(f"note  {len(missed)} events missed the subscriber and were published again; no "
                  f"queue took {unheard}, as the workers said", flush=True)
            self.told_again = True
            self.place.till("replay", "--to", f"{self.place.namespace}.sub.chaos")
            self.wait(30)

    def judge(self):
        self.read()
        self.check_decisions()
        self.check_order()
        self.check_sequence()
        for name, rows in account.counter_examples(self.place).items():
            self.violate(f"not so: {name}", rows)
        audit = self.place.till("audit", check=False)
        if audit.returncode != 0:
            self.violate("till audit", [audit.stdout + audit.stderr])
        return self.violations

    def read(self):
        for job, outcome, reason, generation, lane, number in self.place.sql(
                "SELECT id, outcome, coalesce(reason, ''), generation, lane, n FROM decision "
                "WHERE id NOT LIKE 'till:%'"):
            self.decided[job] = (f"{outcome} {reason}".strip(), int(generation), int(lane),
                                 int(number))

    def check_decisions(self):
        outcomes, answers = self.witness.outcomes, self.witness.answers
        self.violate("confirmed, and neither decided nor answered",
                     [job for job in self.jobs if job not in self.decided and job not in answers])
        self.violate("decided without an event",
                     [job for job in self.decided if job not in outcomes])
        self.violate("an event without a decision",
                     [job for job in outcomes if job not in self.decided
                      and not job.startswith("till:")])
        self.violate("another outcome than its event tells",
                     [job for job in outcomes if job in self.decided
                      and outcomes[job][1] != self.decided[job][0]])
        self.violate("copies of an event that differ", sorted(self.witness.differ))
        self.violate("decided, but nobody sent it",
                     [job for job in self.decided if job not in self.jobs])
        self.violate("answered, though nothing was wrong with it",
                     [(job, reason) for job, reason in answers.items() if reason != "parked"])
        if not self.told_again:
            self.violate("events not in the order of versions", self.witness.disordered)

    def check_order(self):
        """Of one publisher's jobs of one SKU. What was decided in an older generation after a
        newer one had begun is a straggler."""
        wrong = []
        for publisher in self.publishers:
            lines = collections.defaultdict(list)
            for job in publisher.sent:
                if job["id"] in self.decided:
                    lines[load.Publisher.sku_of(job)].append(job["id"])
            for ids in lines.values():
                for before, after in itertools.pairwise(ids):
                    first, second = self.decided[before][1:], self.decided[after][1:]
                    if first[0] > second[0]:
                        self.stragglers += 1
                    elif first > second:
                        wrong.append(f"{after} {second} before {before} {first}")
        self.violate("decided in another order than sent", wrong)

    def check_sequence(self):
        """Of the SKUs that have one publisher, all decisions and what is left are known."""
        wrong = []
        left = {sku: (int(unsold), int(held)) for sku, unsold, held in
                self.place.sql("SELECT sku, unsold, held FROM availability")}
        for publisher in self.publishers:
            models = {sku: sequential.Sku() for sku in publisher.own}
            for job in publisher.sent:
                sku = load.Publisher.sku_of(job)
                if sku in models:
                    expected = models[sku].decide(job)
                    actual = self.decided.get(job["id"], ("nothing",))[0]
                    if expected != actual:
                        wrong.append(f"{job['id']} of {sku}: {actual}, not {expected}")
            for sku, model in models.items():
                if left.get(sku, (0, 0)) != (model.unsold, model.held):
                    wrong.append(f"{sku}: {left.get(sku)} are left, not "
                                 f"{(model.unsold, model.held)}")
        self.violate("not as one after the other", wrong)
