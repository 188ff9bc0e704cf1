# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the picture of the architecture as a table."""

COMMON = ("common/base", "common/contract", "common/connect", "include")

# A part of the tree, and the parts that it may include besides itself. The longest prefix counts.
ARROWS = {
    "include": (),
    "common/base": (),
    "common/contract": ("common/base", "include"),
    "common/connect": ("common/base", "include"),
    # Linked with neither librabbitmq nor libpq, which common/connect brings.
    "worker/lane": ("common/base", "common/contract", "include"),
    "worker/change": ("common/base",),
    "worker/duty": ("worker/lane", "common/base", "common/contract", "include"),
    "worker/rabbit": ("worker/duty", "worker/lane") + COMMON,
    "worker/postgres": ("worker/change", "worker/duty", "worker/lane") + COMMON,
    "worker/crew": (
        "worker/change",
        "worker/duty",
        "worker/lane",
        "worker/postgres",
        "worker/rabbit",
    )
    + COMMON,
    "worker/http": ("worker/lane", "worker/crew") + COMMON,
    "worker/commands": (
        "worker/change",
        "worker/crew",
        "worker/duty",
        "worker/http",
        "worker/lane",
        "worker/postgres",
        "worker/rabbit",
    )
    + COMMON,
    "worker": ("worker/commands",) + COMMON,
}

# Who may include the headers of a library; nobody else needs to know that it exists.
LIBRARIES = {
    "amqp": ("common/connect", "worker/rabbit"),
    "json-c/": ("common/contract",),
    "libpq": ("common/connect", "worker/postgres"),
}


def part_of(path):
    """The part of the tree that a file belongs to; None for tests, deploy and the like."""
    best = None
    for part in ARROWS:
        if path.startswith(part + "/") and (best is None or len(part) > len(best)):
            best = part
    return best


def path_of(included):
    """Where a header lies: public ones are included as till/..., from the folder include."""
    return "include/" + included if included.startswith("till/") else included


def fault_of(path, included):
    """What is wrong with one of our headers in this file; None if nothing is."""
    if path.startswith("tests/"):
        return None
    if included.startswith("tests/"):
        return "only tests include what belongs to tests"
    source = part_of(path)
    target = part_of(path_of(included))
    if source is None or target is None or source == target or target in ARROWS[source]:
        return None
    allowed = ", ".join(ARROWS[source]) or "nothing"
    return f"{source} may not include {target} (it may include: {allowed})"


def library_fault_of(path, included):
    """The same for a library's header."""
    for prefix, users in LIBRARIES.items():
        if included.startswith(prefix) and part_of(path) is not None and part_of(path) not in users:
            return f"<{included}> belongs to {' and '.join(users)}"
    return None
