# SPDX-License-Identifier: Apache-2.0
"""What must be decided of the jobs of one SKU that has one publisher: one after the other."""


class Sku:
    """Stock and holds of one SKU, as the contract has them; only kinds that a load sends."""

    def __init__(self):
        self.known = False
        self.unsold = 0
        self.held = 0
        self.holds = {}  # id: [qty, state, the job that ended it]

    def decide(self, job):
        """The outcome, with the reason if it is a rejection."""
        return getattr(self, "_" + job.get("kind", "checkout"))(job)

    def _adjust(self, job):
        qty = job["items"][0]["qty"]
        if not self.known and qty < 0:
            return "rejected unknown_sku"
        if self.unsold + qty < self.held:
            return "rejected below_held"
        self.known = True
        self.unsold += qty
        return "stocked"

    def _checkout(self, job):
        qty = job["items"][0]["qty"]
        if not self.known:
            return "rejected unknown_sku"
        if qty > self.unsold - self.held:
            return "sold_out"
        self.unsold -= qty
        return "confirmed"

    def _reserve(self, job):
        qty = job["items"][0]["qty"]
        if not self.known:
            return "rejected unknown_sku"
        if qty > self.unsold - self.held:
            return "sold_out"
        self.held += qty
        self.holds[job["id"]] = [qty, "active"]
        return "held"

    def _commit(self, job):
        hold = self.holds.get(job["hold"])
        if hold is None:
            return "rejected unknown_hold"
        if hold[1] == "active":
            self.held -= hold[0]
            self.unsold -= hold[0]
            hold[1] = "committed"
            return "confirmed"
        return "rejected " + ("already_committed" if hold[1] == "committed" else "hold_released")

    def _release(self, job):
        hold = self.holds.get(job["hold"])
        if hold is None:
            return "rejected unknown_hold"
        if hold[1] == "committed":
            return "rejected already_committed"
        if hold[1] == "active":
            self.held -= hold[0]
            hold[1] = "released"
        return "released"
