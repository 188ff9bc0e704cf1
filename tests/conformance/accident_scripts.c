/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database promises when something goes wrong, as scripts. */
#include "tests/conformance/database_jobs.h"
#include "tests/conformance/database_play.h"

static const struct step waiting_is_abandoned[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, CART("b", ITEM("A") "," ITEM("B")), "waits"},
    {B, ABANDON, NULL, "done"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, CART("b", ITEM("A") "," ITEM("B")), "done; A 9/0@2; B 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
};

static const struct step lonely_beginnings[] = {
    SHOP,
    {A, COUNT_LONELY, "x", "done: 1"},
    {A, COUNT_LONELY, "x", "done: 2"},
    {A, COUNT_LONELY, "o", "done: 1"},
    {A, LOAD, BUY("x", "A"), "done; A 10/0@1 -> x confirmed"},
    {A, ABANDON, NULL, "done"},
    {A, COUNT_LONELY, "x", "done: 3"},
    {A, LOAD, BUY("x", "A"), "done; A 10/0@1 -> x confirmed"},
    {A, SAVE, NULL, "done"},
    {A, COUNT_LONELY, "x", "done: 1"},
    {A, COUNT_LONELY, "o", "done: 2"},
};

static const struct step lonely_waits_for_nobody[] = {
    SHOP,
    {A, LOAD, BUY("x", "A"), "done; A 10/0@1 -> x confirmed"},
    {B, COUNT_LONELY, "x", "done: 1"},
    {C, COUNT_LONELY, "x", "done: 2"},
    {A, ABANDON, NULL, "done"},
    {B, COUNT_LONELY, "x", "done: 3"},
};

static const struct step lost_idle[] = {
    SHOP,
    {A, STRIKE, "lost now", "done"},
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {A, SAVE, NULL, "done"},
    {A, STRIKE, "lost now", "done"},
    {A, READY, NULL, "done"},
    {A, LOAD, BUY("a", "A"),
     "done; A 9/0@2; decided a confirmed sale a A*1@2 leaves 9 -> a confirmed again"},
};

static const struct step lost_in_transaction[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {A, STRIKE, "lost now", "done"},
    {B, GO_ON, NULL, "done; A 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, SAVE_CUT, NULL, "failed: retry or unknown"},
    {A, LOAD, BUY("a", "A"), "done; A 9/0@2 -> a confirmed"},
    {A, SAVE, NULL, "done"},
};

static const struct step lost_while_waiting[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {B, STRIKE, "lost now", "done"},
    {B, GO_ON, NULL, "failed: retry"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, BUY("b", "A"), "done; A 9/0@2 -> b confirmed"},
};

static const struct step lost_before_commit[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {A, STRIKE, "lost before commit", "done"},
    {A, SAVE, NULL, "failed: unknown"},
    {B, LOAD, BUY("b", "A"), "done; A 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "done; A 9/0@2 -> a confirmed"},
    {A, SAVE, NULL, "done"},
};

static const struct step lost_after_commit[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {A, STRIKE, "lost after commit", "done"},
    {A, SAVE, NULL, "failed: unknown"},
    {B, LOAD, BUY("a", "A"),
     "done; A 9/0@2; decided a confirmed sale a A*1@2 leaves 9 -> a confirmed again"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"),
     "done; A 9/0@2; decided a confirmed sale a A*1@2 leaves 9 -> a confirmed again"},
    {A, SAVE, NULL, "done"},
};

static const struct step read_only[] = {
    SHOP,
    {A, STRIKE, "read-only", "done"},
    {A, LOOK, COMMIT("k", "r"), "done"},
    {A, LOAD, BUY("a", "A"), "failed: retry"},
    {A, STRIKE, "writable", "done"},
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {A, SAVE, NULL, "done"},
    {A, STRIKE, "read-only", "done"},
    {A, CLAIM, NULL, "failed: retry"},
    {A, STRIKE, "writable", "done"},
    {A, CLAIM, NULL, "done"},
    {A, STRIKE, "read-only", "done"},
    {A, COUNT_LONELY, "x", "failed: retry"},
    {A, STRIKE, "writable", "done"},
    {A, COUNT_LONELY, "x", "done: 1"},
};

static const struct step one_job_s_fault[] = {
    SHOP,
    {A, LOAD, BUY("a", "A") "\n" POISON, "done; A 10/0@1 -> a confirmed p confirmed"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {A, SAVE, NULL, "failed: job"},
    {B, GO_ON, NULL, "done; A 10/0@1 -> b confirmed"},
    {B, ABANDON, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, POISON, "done; A 9/0@2 -> p confirmed"},
    {A, SAVE, NULL, "failed: job"},
    {A, LOAD, BUY("b", "A"), "done; A 9/0@2 -> b confirmed"},
};

/* Two seconds later. */
static const struct step blocker_is_ended[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {B, GO_ON, NULL, "done; A 10/0@1 -> b confirmed"},
    {A, SAVE_CUT, NULL, "failed: retry or unknown"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "done; A 9/0@2 -> a confirmed"},
};

static const struct step zombie_is_ended[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {C, CLAIM, NULL, "waits"},
    {C, GO_ON, NULL, "done"},
    {A, SAVE_CUT, NULL, "failed: retry or unknown"},
    {C, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {C, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "failed: fenced"},
};

static const struct step lonely_is_not_seen[] = {
    SHOP,
    {A, LOAD, BUY("x", "A"), "done; A 10/0@1 -> x confirmed"},
    {B, COUNT_LONELY, "x", "done: 1"},
    {A, SAVE, NULL, "done"},
    {B, COUNT_LONELY, "x", "done: 2"},
    {A, LOAD, BUY("x", "A"),
     "done; A 9/0@2; decided x confirmed sale x A*1@2 leaves 9 -> x confirmed again"},
    {B, COUNT_LONELY, "x", "done: 3"},
    {A, SAVE, NULL, "done"},
    {B, COUNT_LONELY, "x", "done: 1"},
};

/* The server does what it was sent, whoever is still there to hear of it. */
static const struct step abandoned_claim[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {C, CLAIM, NULL, "waits"},
    {C, ABANDON, NULL, "done"},
    {A, SAVE, NULL, "done"},
    {C, STRIKE, "left behind done", "done"},
    {A, LOAD, BUY("b", "A"), "failed: fenced"},
    {A, CLAIM, NULL, "done"},
    {A, LOAD, BUY("b", "A"), "done; A 9/0@2 -> b confirmed"},
};

static const struct step lost_claim[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {C, CLAIM, NULL, "waits"},
    {C, STRIKE, "lost now", "done"},
    {C, GO_ON, NULL, "failed: retry"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, BUY("b", "A"), "done; A 9/0@2 -> b confirmed"},
};

static const struct step idle_too_long[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {A, STRIKE, "idle too long", "done"},
    {B, LOAD, BUY("b", "A"), "done; A 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, SAVE_CUT, NULL, "failed: retry or unknown"},
    {A, LOAD, BUY("a", "A"), "done; A 9/0@2 -> a confirmed"},
    {A, SAVE, NULL, "done"},
};

static const struct step no_memory[] = {
    SHOP,
    {A, LOAD_CRAMPED, BUY("a", "A"), "failed: job"},
    {B, LOAD, BUY("b", "A"), "done; A 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "done; A 9/0@2 -> a confirmed"},
};

const struct script accident_scripts[] = {
    SCRIPT("a load that waits can be abandoned", waiting_is_abandoned),
    SCRIPT("what was begun alone is counted until it is decided", lonely_beginnings),
    SCRIPT("counting waits for nobody", lonely_waits_for_nobody),
    SCRIPT("a beginning that came up after the load is not forgotten", lonely_is_not_seen),
    SCRIPT("a claim that is abandoned while it waits is done all the same", abandoned_claim),
    SCRIPT("a claim that is lost while it waits is not done", lost_claim),
    SCRIPT("a transaction that is idle too long is ended", idle_too_long),
    SCRIPT("a connection that is lost idle is made anew", lost_idle),
    SCRIPT("a connection that is lost in a transaction has done nothing", lost_in_transaction),
    SCRIPT("a connection that is lost while it waits is told of", lost_while_waiting),
    SCRIPT("a save that does not arrive is unknown, and not done", lost_before_commit),
    SCRIPT("a commit whose answer is lost is unknown, and done", lost_after_commit),
    SCRIPT("a server that is read-only is left", read_only),
    SCRIPT("what a constraint refuses is one job's fault", one_job_s_fault),
    SCRIPT("what does not fit into memory is a smaller batch's", no_memory),
    SCRIPT("who blocks and does nothing is ended", blocker_is_ended),
    SCRIPT("who had the lane and does nothing is ended", zombie_is_ended),
};

const uint32_t accident_script_count = sizeof accident_scripts / sizeof accident_scripts[0];
