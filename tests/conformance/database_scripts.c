/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database promises lanes that work side by side, as scripts. */
#include "tests/conformance/database_jobs.h"
#include "tests/conformance/database_play.h"

static const struct step fences[] = {
    SHOP,
    {C, CLAIM, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "failed: fenced"},
    {C, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {C, SAVE, NULL, "done"},
    {A, CLAIM, NULL, "done"},
    {A, LOAD, BUY("a", "A"),
     "done; A 9/0@2; decided a confirmed sale a A*1@2 leaves 9 -> a confirmed again"},
    {A, SAVE, NULL, "done"},
    {C, LOAD, BUY("b", "A"), "failed: fenced"},
    {B, LOAD, BUY("b", "A"), "done; A 9/0@2 -> b confirmed"},
};

static const struct step claim_waits[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {C, CLAIM, NULL, "waits"},
    {A, SAVE, NULL, "done"},
    {C, GO_ON, NULL, "done"},
    {A, LOAD, BUY("b", "A"), "failed: fenced"},
};

static const struct step abandon_lets_claim[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {C, CLAIM, NULL, "waits"},
    {A, ABANDON, NULL, "done"},
    {C, GO_ON, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "failed: fenced"},
    {C, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
};

static const struct step load_waits[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; A 9/0@2 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("d", "A"), "done; A 8/0@3 -> d confirmed"},
};

static const struct step decisions_after_locks[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("a", "A"), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL,
     "done; A 9/0@2; decided a confirmed sale a A*1@2 leaves 9 -> a confirmed again"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("b", "A"), "done; A 9/0@2 -> b confirmed"},
};

static const struct step disjoint[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("b", "B"), "done; B 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, CART("d", ITEM("A") "," ITEM("B")), "done; A 9/0@2; B 9/0@2 -> d confirmed"},
};

static const struct step abandon_releases[] = {
    SHOP,
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {A, ABANDON, NULL, "done"},
    {B, GO_ON, NULL, "done; A 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "done; A 9/0@2 -> a confirmed"},
};

static const struct step decided_meanwhile[] = {
    SHOP,
    {A, LOAD, BUY("x", "A"), "done; A 10/0@1 -> x confirmed"},
    {B, LOAD, BUY("x", "B"), "done; B 10/0@1 -> x confirmed"},
    {B, SAVE, NULL, "done"},
    {A, SAVE, NULL, "failed: retry"},
    {A, LOAD, BUY("x", "A"),
     "done; A 10/0@1; decided x confirmed sale x B*1@2 leaves 9 -> x id_reused"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, BUY("x", "B"),
     "done; B 9/0@2; decided x confirmed sale x B*1@2 leaves 9 -> x confirmed again"},
};

/* What names nothing that is known locks nothing, so both decide it. */
static const struct step same_job_meanwhile[] = {
    SHOP,
    {A, LOOK, COMMIT("k", "r"), "done"},
    {B, LOOK, COMMIT("k", "r"), "done"},
    {A, LOAD, NULL, "done -> k unknown_hold"},
    {B, LOAD, NULL, "done -> k unknown_hold"},
    {B, SAVE, NULL, "done"},
    {A, SAVE, NULL, "failed: retry"},
    {A, LOAD, COMMIT("k", "r"), "done; decided k unknown_hold hold r -> k unknown_hold again"},
    {A, SAVE, NULL, "done"},
};

static const struct step carts_in_both_orders[] = {
    SHOP,
    {A, LOAD, CART("a", ITEM("B") "," ITEM("A")), "done; A 10/0@1; B 10/0@1 -> a confirmed"},
    {B, LOAD, CART("b", ITEM("A") "," ITEM("B")), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; A 9/0@2; B 9/0@2 -> b confirmed"},
    {A, LOAD, CART("d", ITEM("B") "," ITEM("A")), "waits"},
    {B, SAVE, NULL, "done"},
    {A, GO_ON, NULL, "done; A 8/0@3; B 8/0@3 -> d confirmed"},
};

/* Its first row is locked while it waits for the second. */
static const struct step cart_waits_in_the_middle[] = {
    SHOP,
    {A, LOAD, BUY("a", "B"), "done; B 10/0@1 -> a confirmed"},
    {B, LOAD, CART("b", ITEM("B") "," ITEM("A")), "waits"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, BUY("d", "A"), "waits"},
    {B, GO_ON, NULL, "done; A 10/0@1; B 9/0@2 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {A, GO_ON, NULL, "done; A 9/0@2 -> d confirmed"},
};

static const struct step look_locks_nothing[] = {
    SHOP,
    {A, LOAD, HOLD("r", "A"), "done; A 10/0@1 -> r held"},
    {B, LOOK, COMMIT("k", "r"), "done"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "done; A 10/1@2 -> a confirmed"},
    {B, LOOK, COMMIT("k", "r"), "done; hold r active A*1"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, NULL, "done; A 9/1@3; hold r active A*1 -> k confirmed"},
    {B, SAVE, NULL, "done"},
};

static const struct step hold_comes_up[] = {
    SHOP,
    {B, LOOK, COMMIT("k", "r"), "done"},
    {A, LOAD, HOLD("r", "A"), "done; A 10/0@1 -> r held"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, NULL, "done; hold r active A*1; more is to be locked"},
    {B, LOAD_MORE, NULL, "done; A 10/1@2; hold r active A*1 -> k confirmed"},
    {B, SAVE, NULL, "done"},
    {A, LOOK, CANCEL("y", "r"), "done; hold r committed by k A*1; sale k of r A*1"},
    {A, LOAD, NULL,
     "done; A 9/0@3; decided r held hold r A*1@2 leaves 9; hold r committed by k A*1; sale k of r "
     "A*1 -> y cancelled"},
    {A, SAVE, NULL, "done"},
    {B, LOOK, CANCEL("z", "k"),
     "done; hold r cancelled by y A*1; sale k of r ended by y A*1-1 by y"},
};

/* Another lane ends the hold that was looked at, while its SKU is waited for. */
static const struct step hold_ends_meanwhile[] = {
    SHOP,
    {A, LOAD, HOLD("r", "A"), "done; A 10/0@1 -> r held"},
    {A, SAVE, NULL, "done"},
    {A, LOOK, COMMIT("k", "r"), "done; hold r active A*1"},
    {B, LOOK, COMMIT("l", "r"), "done; hold r active A*1"},
    {A, LOAD, NULL, "done; A 10/1@2; hold r active A*1 -> k confirmed"},
    {B, LOAD, NULL, "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; A 9/0@3; hold r committed by k A*1 -> l already_committed"},
    {B, SAVE, NULL, "done"},
};

static const struct step rows_are_made_once[] = {
    SHOP,
    {A, LOAD, ADD("n", "N"), "done; N not known 0/0@0 -> n stocked"},
    {B, LOAD, ADD("m", "N"), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; N 10/0@1 -> m stocked"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "N"), "done; N 20/0@2 -> a confirmed"},
};

static const struct step abandoned_rows_are_not_there[] = {
    SHOP,
    {A, LOAD, ADD("n", "N"), "done; N not known 0/0@0 -> n stocked"},
    {B, LOAD, ADD("m", "N"), "waits"},
    {A, ABANDON, NULL, "done"},
    {B, GO_ON, NULL, "done; N not known 0/0@0 -> m stocked"},
    {B, ABANDON, NULL, "done"},
    {A, LOAD, BUY("a", "N"), "done -> a unknown_sku"},
    {A, SAVE, NULL, "done"},
};

static const struct step uncommitted_rows_are_not_seen[] = {
    SHOP,
    {A, LOAD, ADD("n", "N"), "done; N not known 0/0@0 -> n stocked"},
    {B, LOAD, BUY("b", "N"), "done -> b unknown_sku"},
    {B, SAVE, NULL, "done"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, BUY("d", "N"), "done; N 10/0@1 -> d confirmed"},
};

/* A row that came up after the locking statement began is none of that statement's. */
static const struct step rows_made_while_waiting_are_not_seen[] = {
    SHOP,
    {A, LOAD, BUY("a", "A") "\n" ADD("n", "N"),
     "done; A 10/0@1; N not known 0/0@0 -> a confirmed n stocked"},
    {B, LOAD, CART("b", ITEM("A") "," ITEM("N")), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; A 9/0@2 -> b unknown_sku"},
    {B, SAVE, NULL, "done"},
    {B, LOAD, CART("d", ITEM("A") "," ITEM("N")), "done; A 9/0@2; N 10/0@1 -> d confirmed"},
};

static const struct step counts_after_locks[] = {
    SHOP,
    {A, LOAD, LIMIT("l", "A", "1"), "done; A 10/0@1 -> l stocked"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, BUY("a", "A"), "done; A 10/0@1 limit 1 -> a confirmed"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; A 9/0@2 limit 1; c has 1 A -> b over_limit"},
    {B, SAVE, NULL, "done"},
    {B, LOOK, CANCEL("y", "a"), "done; sale a A*1"},
    {B, LOAD, NULL,
     "done; A 9/0@2 limit 1; c has 1 A; decided a confirmed sale a A*1@2 leaves 9; sale a A*1 -> y "
     "cancelled"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("d", "A"), "done; A 10/0@3 limit 1; c has 0 A -> d confirmed"},
};

/* All statements of a load are on their way when the first is answered. */
static const struct step fenced_waits[] = {
    SHOP,
    {C, CLAIM, NULL, "done"},
    {B, LOAD, BUY("b", "A"), "done; A 10/0@1 -> b confirmed"},
    {A, LOAD, BUY("a", "A"), "waits"},
    {C, LOAD, BUY("a", "B"), "waits"},
    {B, SAVE, NULL, "done"},
    {A, GO_ON, NULL, "failed: fenced"},
    {C, GO_ON, NULL, "done; B 10/0@1 -> a confirmed"},
    {C, SAVE, NULL, "done"},
    {B, LOAD, BUY("d", "A"), "done; A 9/0@2 -> d confirmed"},
};

static const struct step fenced_makes_no_rows[] = {
    SHOP,
    {C, CLAIM, NULL, "done"},
    {A, LOAD, ADD("n", "N"), "failed: fenced"},
    {B, LOAD, BUY("b", "N"), "done -> b unknown_sku"},
    {B, SAVE, NULL, "done"},
};

/* A refused stock job leaves the row that had to be locked for it. */
static const struct step rows_that_stay_unknown[] = {
    SHOP,
    {A, LOAD, SET("n", "N", "7"), "done; N not known 0/0@0 -> n version_changed"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, BUY("b", "N"), "done; N not known 0/0@0 -> b unknown_sku"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, SET("m", "N", "0"), "done; N not known 0/0@0 -> m stocked"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, BUY("d", "N"), "done; N 5/0@1 -> d confirmed"},
};

static const struct step nothing_to_decide[] = {
    SHOP,
    {A, LOAD, HOLD("r", "A"), "done; A 10/0@1 -> r held"},
    {A, SAVE, NULL, "done"},
    {A, LOOK, EXPIRE("r"), "done; hold r active A*1"},
    {A, LOAD, NULL, "done; A 10/1@2; hold r active A*1 -> till:expire:r nothing"},
    {B, LOAD, BUY("b", "A"), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; A 10/1@2 -> b confirmed"},
};

static const struct step sale_comes_back_in_parts[] = {
    SHOP,
    {A, LOAD, CART("a", ITEM("A") "," ITEM("B")), "done; A 10/0@1; B 10/0@1 -> a confirmed"},
    {A, SAVE, NULL, "done"},
    {A, LOOK, PART_BACK("x", "a", "A"), "done; sale a A*1 B*1"},
    {B, LOOK, CANCEL("y", "a"), "done; sale a A*1 B*1"},
    {A, LOAD, NULL,
     "done; A 9/0@2; B 9/0@2; decided a confirmed sale a A*1@2 leaves 9 B*1@2 leaves 9; sale a A*1 "
     "B*1 -> x cancelled"},
    {B, LOAD, NULL, "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL,
     "done; A 10/0@3; B 9/0@2; decided a confirmed sale a A*1@2 leaves 9 B*1@2 leaves 9; sale a "
     "A*1-1 by x B*1 -> y cancelled"},
    {B, SAVE, NULL, "done"},
    {A, LOOK, CANCEL("z", "a"), "done; sale a ended by y A*1-1 by x B*1-1 by y"},
    {A, LOAD, NULL,
     "done; A 10/0@3; B 10/0@3; decided a confirmed sale a A*1@2 leaves 9 B*1@2 leaves 9; sale a "
     "ended by y A*1-1 by x B*1-1 by y"
     " -> z already_cancelled"},
    {A, SAVE, NULL, "done"},
};

static const struct step hold_is_replaced[] = {
    SHOP,
    {A, LOAD, HOLD("r", "A"), "done; A 10/0@1 -> r held"},
    {A, SAVE, NULL, "done"},
    {B, LOOK, REPLACE("q", "B", "r"), "done; hold r active A*1"},
    {B, LOAD, NULL, "done; A 10/1@2; B 10/0@1; hold r active A*1 -> q held"},
    {A, LOAD, BUY("a", "A"), "waits"},
    {B, SAVE, NULL, "done"},
    {A, GO_ON, NULL, "done; A 10/0@3 -> a confirmed"},
    {A, SAVE, NULL, "done"},
    {A, LOOK, COMMIT("k", "r"), "done; hold r released by q A*1"},
};

static const struct step unknown_store[] = {
    SHOP,
    {A, LOAD, IN_STORE("a", "far"), "done -> a unknown_store"},
    {B, LOAD, BUY("b", "A"), "done; A 10/0@1 -> b confirmed"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, IN_STORE("a", "far"), "done; decided a unknown_store A*1 -> a unknown_store again"},
};

static const struct step pools[] = {
    SHOP,
    {A, LOAD, ADD_TO_SECOND("n", "A"), "done; second A not known 0/0@0 -> n stocked"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, IN_STORE("a", "web"), "done; second A 10/0@1 -> a confirmed"},
    {B, LOAD, BUY("b", "A"), "done; A 10/0@1 -> b confirmed"},
    {B, SAVE, NULL, "done"},
    {B, LOAD, IN_STORE("d", "web"), "waits"},
    {A, SAVE, NULL, "done"},
    {B, GO_ON, NULL, "done; second A 9/0@2 -> d confirmed"},
};

/* Nothing counts while there is no limit; whoever may set one needs what was counted before. */
static const struct step counts_without_a_limit[] = {
    SHOP,
    {A, LOAD, LIMIT("l", "A", "2") "\n" BUY("a", "A"), "done; A 10/0@1 -> l stocked a confirmed"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, LIMIT("m", "A", "null") "\n" BUY("b", "A"),
     "done; A 9/0@2 limit 2; c has 1 A -> m stocked b confirmed"},
    {A, SAVE, NULL, "done"},
    {A, LOAD, BUY("d", "A"), "done; A 8/0@3 -> d confirmed"},
    {A, SAVE, NULL, "done"},
    {B, LOAD, LIMIT("n", "A", "1") "\n" BUY("e", "A"),
     "done; A 7/0@4; c has 1 A -> n stocked e over_limit"},
    {B, SAVE, NULL, "done"},
    {A, LOAD, BUY("e", "A"),
     "done; A 7/0@4 limit 1; c has 1 A; decided e over_limit A*1 fault A -> e over_limit again"},
};

const struct script database_scripts[] = {
    SCRIPT("whoever claimed last can load, and nobody else", fences),
    SCRIPT("a claim waits for the lane's open transaction", claim_waits),
    SCRIPT("a batch that is abandoned lets a claim through", abandon_lets_claim),
    SCRIPT("a load waits for locked rows, and sees what was committed", load_waits),
    SCRIPT("decisions are read after the locks", decisions_after_locks),
    SCRIPT("other SKUs are not waited for", disjoint),
    SCRIPT("a batch that is abandoned releases its rows", abandon_releases),
    SCRIPT("an id that was decided meanwhile lets nothing be written", decided_meanwhile),
    SCRIPT("a job that was decided meanwhile is found", same_job_meanwhile),
    SCRIPT("carts in both orders make no deadlock", carts_in_both_orders),
    SCRIPT("a cart keeps its first row while it waits for the second", cart_waits_in_the_middle),
    SCRIPT("a look waits for nobody, and sees what is committed", look_locks_nothing),
    SCRIPT("a hold that came up after the look is loaded", hold_comes_up),
    SCRIPT("a hold that ended after the look is loaded so", hold_ends_meanwhile),
    SCRIPT("who is fenced waits for rows before he is told", fenced_waits),
    SCRIPT("who is fenced leaves no row", fenced_makes_no_rows),
    SCRIPT("a row that no job has made known stays, unknown", rows_that_stay_unknown),
    SCRIPT("a batch that decides nothing keeps its locks until it is saved", nothing_to_decide),
    SCRIPT("a sale that comes back in two parts comes back once", sale_comes_back_in_parts),
    SCRIPT("a hold is replaced by another lane's", hold_is_replaced),
    SCRIPT("pools are locked each by itself", pools),
    SCRIPT("counts outlast the limit", counts_without_a_limit),
    SCRIPT("a store without a pool locks nothing", unknown_store),
    SCRIPT("two who make a row make one", rows_are_made_once),
    SCRIPT("a row whose maker gave up is not there", abandoned_rows_are_not_there),
    SCRIPT("a row that is not committed is neither seen nor waited for",
           uncommitted_rows_are_not_seen),
    SCRIPT("a row made while a lock is waited for is not seen",
           rows_made_while_waiting_are_not_seen),
    SCRIPT("customers' counts are read after the locks", counts_after_locks),
};

const uint32_t database_script_count = sizeof database_scripts / sizeof database_scripts[0];
