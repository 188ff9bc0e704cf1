# SPDX-License-Identifier: Apache-2.0
"""What must be true of a namespace whatever has happened to it, found from outside."""

import json

from live import promises

# Each finds counter-examples; none may be found.
STATEMENTS = {
    "unsold and held are the sums of the movements":
        "SELECT a.pool, a.sku, a.unsold, a.held FROM availability AS a LEFT JOIN (SELECT pool, "
        "sku, sum(unsold_delta) AS unsold, sum(held_delta) AS held FROM movement "
        "GROUP BY 1, 2) AS m "
        "USING (pool, sku) WHERE (a.unsold, a.held) IS DISTINCT FROM "
        "(coalesce(m.unsold, 0), coalesce(m.held, 0))",
    "versions have no gap":
        "SELECT a.pool, a.sku FROM availability AS a LEFT JOIN movement AS m USING (pool, sku) "
        "GROUP BY a.pool, a.sku, a.version HAVING count(m.version) <> a.version "
        "OR coalesce(max(m.version), 0) <> a.version OR count(DISTINCT m.version) <> a.version",
    "no decision's number is missing":
        "SELECT generation, lane FROM decision GROUP BY 1, 2 "
        "HAVING max(n) <> count(*) OR count(DISTINCT n) <> count(*)",
    "what is held is under active holds":
        "SELECT a.pool, a.sku, a.held FROM availability AS a LEFT JOIN (SELECT h.pool, i.sku, "
        "sum(i.qty) AS qty FROM hold AS h, json_to_recordset(h.items) AS i (sku text, qty int) "
        "WHERE h.state = 'active' GROUP BY 1, 2) AS h USING (pool, sku) "
        "WHERE a.held <> coalesce(h.qty, 0)",
}


def counter_examples(place):
    found = {}
    for name, statement in STATEMENTS.items():
        rows = place.sql(statement)
        if rows:
            found[name] = rows[:5]
    return found


def copies_differ(events):
    """Ids of events that have come in different copies. Only the newest state of stock counts, so
    a change of stock told again may tell more than the first time."""
    first, different = {}, set()
    for event in events:
        body = event.body
        if body["type"].startswith("till.stock."):
            continue
        key = (body["source"], body["id"])
        if first.setdefault(key, event.bytes) != event.bytes:
            different.add(key)
    return different


def out_of_order(events):
    """SKUs whose versions did not first come in order."""
    seen, wrong = {}, set()
    for event in events:
        body = event.body
        if body["source"].count("/") > 1:
            continue
        data = body["data"]
        for item in data["items"] + data.get("replaces", {}).get("items", []):
            if "version" not in item:
                continue
            versions = seen.setdefault((data["pool"], item["sku"]), set())
            if item["version"] in versions:
                continue
            if versions and item["version"] != max(versions) + 1:
                wrong.add((data["pool"], item["sku"], item["version"], max(versions)))
            versions.add(item["version"])
    return wrong


def edges_expected(place):
    """Ids that the edges of all recorded movements must have been told by."""
    rows = place.sql("SELECT pool, sku, version, unsold_delta - held_delta FROM movement "
                     "ORDER BY pool, sku, version")
    available, edges = {}, set()
    for pool, sku, version, delta in rows:
        before = available.get((pool, sku), 0)
        after = available[pool, sku] = before + int(delta)
        if before > 0 and after == 0:
            edges.add(f"{pool}/{sku}@{version}/out")
        if before == 0 and after > 0:
            edges.add(f"{pool}/{sku}@{version}/back")
    return edges


def edges_missing(place):
    told = {event.body["id"] for event in place.events}
    return edges_expected(place) - told


def last_told(place):
    """Of each SKU the newest state that was told, as availability has it."""
    newest = {}
    for event in place.events:
        body = event.body
        if body["type"] != "till.stock.changed":
            continue
        data = body["data"]
        key = (data["pool"], data["sku"])
        if key not in newest or newest[key][2] < data["version"]:
            newest[key] = (data["unsold"], data["held"], data["version"])
    return newest


def judge(promise, place, jobs):
    """Everything, of jobs that were sent (their ids) and are all done."""
    for name, rows in counter_examples(place).items():
        promises.broken(f"{promise}: {name}", json.dumps(rows))
    told = {event.data["job"] for event in place.events if "job" in event.data}
    rows = place.sql("SELECT id FROM decision")
    decided = [row[0] for row in rows]
    current = {(row[0], row[1]): tuple(int(figure) for figure in row[2:]) for row in place.sql(
        "SELECT pool, sku, unsold, held, version FROM availability WHERE version > 0")}
    faults = {
        "undecided": sorted(set(jobs) - set(decided))[:5],
        "decided but not told": sorted(set(decided) - told)[:5],
        "told but not decided": sorted(told - set(decided))[:5],
        "copies that differ": sorted(copies_differ(place.events))[:5],
        "versions out of order": sorted(out_of_order(place.events))[:5],
        "edges not told": sorted(edges_missing(place))[:5],
        "stock told otherwise": [] if last_told(place) == current else
                                [sorted(last_told(place).items()), sorted(current.items())],
    }
    found = {name: examples for name, examples in faults.items() if examples}
    promises.holds(promise, not found, json.dumps(found))
