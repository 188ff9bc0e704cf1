/* SPDX-License-Identifier: Apache-2.0
 *
 * What the broker promises a lane, as scripts. All actors serve the same one. */
#include "tests/conformance/broker_play.h"

static const struct step order_and_acknowledge[] = {
    {A, SEND, "a b c d", "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, TAKE, "3", "1:a/0 2:b/0 3:c/0"},
    {A, ACKNOWLEDGE, "3", "done"},
    {A, TAKE, "1", "4:d/0"},
    {A, NOTHING, NULL, "nothing"},
    {A, SEND, "e", "done"},
    {A, TAKE, "1", "5:e/0"},
    {A, ACKNOWLEDGE, "5", "done"},
    {A, GIVE_BACK, NULL, "done"},
    {A, READY_JOBS, NULL, "0"},
};

static const struct step whole_deliveries[] = {
    {A, SEND, "a b", "done"},
    {A, SEND_STOCK, "c", "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, TAKE_WHOLE, NULL,
     "tag 1 count 0 size 1 key 0 body a exchange jobs id a content application/json"},
    {A, TAKE_WHOLE, NULL,
     "tag 2 count 0 size 1 key 1 body b exchange jobs id b content application/json"},
    {A, TAKE_WHOLE, NULL,
     "tag 3 count 0 size 1 key 0 body c exchange stock id c content application/json"},
};

/* Two at most in hand. */
static const struct step window[] = {
    {A, SEND, "a b c d e", "done"}, {A, SUBSCRIBE, NULL, "done"},  {A, TAKE, "2", "1:a/0 2:b/0"},
    {A, NOTHING, NULL, "nothing"},  {A, READY_JOBS, NULL, "3"},    {A, ACKNOWLEDGE, "1", "done"},
    {A, TAKE, "1", "3:c/0"},        {A, NOTHING, NULL, "nothing"}, {A, READY_JOBS, NULL, "2"},
    {A, ACKNOWLEDGE, "3", "done"},  {A, TAKE, "2", "4:d/0 5:e/0"}, {A, NOTHING, NULL, "nothing"},
};

static const struct step returns_in_order[] = {
    {A, SEND, "a b c d e", "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, READY_JOBS, NULL, "0"},
    {A, TAKE, "3", "1:a/0 2:b/0 3:c/0"},
    {A, ACKNOWLEDGE, "2", "done"},
    {A, GIVE_BACK, NULL, "done"},
    {A, READY_JOBS, NULL, "3"},
    {A, SEND, "f", "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, TAKE, "4", "1:c/1 2:d/1 3:e/1 4:f/0"},
    {A, GIVE_BACK, NULL, "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, TAKE, "4", "1:c/2 2:d/2 3:e/2 4:f/1"},
    {A, ACKNOWLEDGE, "4", "done"},
    {A, NOTHING, NULL, "nothing"},
};

/* With a window of three: what was not yet delivered stays behind. */
static const struct step returns_to_the_front[] = {
    {A, SEND, "a b c d e", "done"}, {A, SUBSCRIBE, NULL, "done"},
    {A, READY_JOBS, NULL, "2"},     {A, TAKE, "1", "1:a/0"},
    {A, GIVE_BACK, NULL, "done"},   {A, READY_JOBS, NULL, "5"},
    {A, SUBSCRIBE, NULL, "done"},   {A, TAKE, "3", "1:a/1 2:b/1 3:c/1"},
    {A, NOTHING, NULL, "nothing"},  {A, ACKNOWLEDGE, "3", "done"},
    {A, TAKE, "2", "4:d/0 5:e/0"},
};

static const struct step not_subscribed[] = {
    {A, SEND, "a", "done"},
    {A, TAKE, "1", "failed: retry"},
    {A, ACKNOWLEDGE, "1", "failed: retry"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, TAKE, "1", "1:a/0"},
    {A, GIVE_BACK, NULL, "done"},
    {A, TAKE, "1", "failed: retry"},
    {A, ACKNOWLEDGE, "1", "failed: retry"},
    {A, GIVE_BACK, NULL, "done"},
    {A, READY_JOBS, NULL, "1"},
};

static const struct step single_active[] = {
    {A, SUBSCRIBE, NULL, "done"},  {B, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a b c", "done"},    {A, TAKE, "3", "1:a/0 2:b/0 3:c/0"},
    {B, NOTHING, NULL, "nothing"}, {A, ACKNOWLEDGE, "1", "done"},
    {A, GIVE_BACK, NULL, "done"},  {B, TAKE, "2", "1:b/1 2:c/1"},
    {A, SUBSCRIBE, NULL, "done"},  {A, NOTHING, NULL, "nothing"},
    {A, SEND, "d", "done"},        {B, TAKE, "1", "3:d/0"},
    {A, NOTHING, NULL, "nothing"}, {B, ACKNOWLEDGE, "2", "done"},
    {B, GIVE_BACK, NULL, "done"},  {A, TAKE, "1", "1:d/1"},
    {A, SEND, "e", "done"},        {A, TAKE, "1", "2:e/0"},
};

static const struct step full_window_keeps_it[] = {
    {A, SUBSCRIBE, NULL, "done"},  {B, SUBSCRIBE, NULL, "done"},  {A, SEND, "a b c", "done"},
    {A, TAKE, "2", "1:a/0 2:b/0"}, {B, NOTHING, NULL, "nothing"}, {A, READY_JOBS, NULL, "1"},
    {A, GIVE_BACK, NULL, "done"},  {B, TAKE, "2", "1:a/1 2:b/1"}, {B, ACKNOWLEDGE, "2", "done"},
    {B, TAKE, "1", "3:c/0"},
};

static const struct step line_of_three[] = {
    {A, SUBSCRIBE, NULL, "done"}, {B, SUBSCRIBE, NULL, "done"}, {C, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a", "done"},       {A, TAKE, "1", "1:a/0"},      {A, GIVE_BACK, NULL, "done"},
    {A, SUBSCRIBE, NULL, "done"}, {B, TAKE, "1", "1:a/1"},      {C, NOTHING, NULL, "nothing"},
    {B, GIVE_BACK, NULL, "done"}, {C, TAKE, "1", "1:a/2"},      {C, GIVE_BACK, NULL, "done"},
    {A, TAKE, "1", "1:a/3"},
};

/* One that stands by and leaves is not waited for. */
static const struct step standby_leaves[] = {
    {A, SUBSCRIBE, NULL, "done"}, {B, SUBSCRIBE, NULL, "done"}, {C, SUBSCRIBE, NULL, "done"},
    {B, GIVE_BACK, NULL, "done"}, {A, SEND, "a", "done"},       {A, TAKE, "1", "1:a/0"},
    {A, GIVE_BACK, NULL, "done"}, {C, TAKE, "1", "1:a/1"},
};

static const struct step connection_lost[] = {
    {A, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a b c", "done"},
    {A, TAKE, "3", "1:a/0 2:b/0 3:c/0"},
    {A, ACKNOWLEDGE, "1", "done"},
    {A, SEND, "d", "done"},
    {A, TAKE, "1", "4:d/0"},
    {A, STRIKE, "consumer lost", "done"},
    {A, TAKE, "1", "failed: retry"},
    {A, ACKNOWLEDGE, "4", "failed: retry"},
    {A, GIVE_BACK, NULL, "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, TAKE, "3", "1:b/1 2:c/1 3:d/1"},
    {A, ACKNOWLEDGE, "3", "done"},
    {A, NOTHING, NULL, "nothing"},
};

static const struct step connection_closed[] = {
    {A, SUBSCRIBE, NULL, "done"},
    {B, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a b c", "done"},
    {A, TAKE, "3", "1:a/0 2:b/0 3:c/0"},
    {A, ACKNOWLEDGE, "1", "done"},
    {A, SEND, "d", "done"},
    {A, TAKE, "1", "4:d/0"},
    {A, STRIKE, "consumer closed", "done"},
    {A, TAKE, "1", "failed: retry"},
    {A, ACKNOWLEDGE, "4", "failed: retry"},
    {B, TAKE, "3", "1:b/1 2:c/1 3:d/1"},
    {A, GIVE_BACK, NULL, "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {B, GIVE_BACK, NULL, "done"},
    {A, TAKE, "3", "1:b/2 2:c/2 3:d/2"},
};

static const struct step takeover[] = {
    {A, SUBSCRIBE, NULL, "done"},
    {B, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a b", "done"},
    {A, TAKE, "2", "1:a/0 2:b/0"},
    {A, STRIKE, "consumer lost", "done"},
    {B, TAKE, "2", "1:a/1 2:b/1"},
    {A, TAKE, "1", "failed: retry"},
    {A, GIVE_BACK, NULL, "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, NOTHING, NULL, "nothing"},
    {B, ACKNOWLEDGE, "2", "done"},
    {B, GIVE_BACK, NULL, "done"},
    {A, NOTHING, NULL, "nothing"},
    {A, READY_JOBS, NULL, "0"},
};

static const struct step publishing[] = {
    {A, STRIKE, "somebody listens", "done"},
    {A, PUBLISH, "e:x e:y e:z", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, HEARD, NULL, "x y z"},
    {A, PUBLISH, "e:v", "done"},
    {A, CONFIRM, NULL, "done"},
    {B, PUBLISH, "e:w", "done"},
    {B, CONFIRM, NULL, "done"},
    {A, HEARD, NULL, "v w"},
    {A, UNHEARD, NULL, "0"},
};

static const struct step nobody_listens[] = {
    {A, PUBLISH, "e:x e:y", "done"}, {A, CONFIRM, NULL, "done"},
    {A, UNHEARD, NULL, "2"},         {A, STRIKE, "somebody listens", "done"},
    {A, PUBLISH, "e:z", "done"},     {A, CONFIRM, NULL, "done"},
    {A, UNHEARD, NULL, "2"},         {A, HEARD, NULL, "z"},
};

/* Refused three times, and given up; the other subscriber has it three times. */
static const struct step full_subscriber[] = {
    {A, STRIKE, "somebody listens", "done"},
    {A, STRIKE, "subscriber full", "done"},
    {A, PUBLISH, "e:x e:y e:z", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, UNHEARD, NULL, "3"},
    {A, HEARD, NULL, "x*3 y*3 z*3"},
    {A, STRIKE, "subscriber gone", "done"},
    {A, PUBLISH, "e:v", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, UNHEARD, NULL, "3"},
    {A, HEARD, NULL, "v"},
};

static const struct step garbage_reply[] = {
    {A, STRIKE, "somebody listens", "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a b", "done"},
    {A, TAKE, "1", "1:a/0"},
    {A, PUBLISH, "r:q e:x r:q", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, ACKNOWLEDGE, "1", "done"},
    {A, PUBLISH, "r:q e:y", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, TAKE, "1", "2:b/0"},
    {A, PUBLISH, "r:q", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, HEARD, NULL, "x y"},
    {A, ACKNOWLEDGE, "2", "done"},
    {A, NOTHING, NULL, "nothing"},
};

static const struct step publisher_lost[] = {
    {A, STRIKE, "somebody listens", "done"},
    {A, PUBLISH, "e:x", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, HEARD, NULL, "x"},
    {A, STRIKE, "publisher lost", "done"},
    {A, PUBLISH, "e:y", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, HEARD, NULL, "y"},
    {A, STRIKE, "publisher lost", "done"},
    {A, STRIKE, "confirms held", "done"},
    {A, PUBLISH, "e:z", "done"},
    {A, STRIKE, "publisher lost", "done"},
    {A, CONFIRM, NULL, "failed: retry"},
    {A, PUBLISH, "e:v", "done"},
    {A, CONFIRM, NULL, "done"},
};

static const struct step no_confirm[] = {
    {A, STRIKE, "confirms held", "done"}, {A, PUBLISH, "e:x e:y", "done"},
    {A, CONFIRM, NULL, "failed: retry"},  {A, STRIKE, "publisher lost", "done"},
    {A, PUBLISH, "e:x e:y", "done"},      {A, CONFIRM, NULL, "done"},
};

/* The connection that consumes is another one. */
static const struct step consuming_goes_on[] = {
    {A, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a b", "done"},
    {A, TAKE, "1", "1:a/0"},
    {A, STRIKE, "confirms held", "done"},
    {A, PUBLISH, "e:x", "done"},
    {A, STRIKE, "publisher lost", "done"},
    {A, CONFIRM, NULL, "failed: retry"},
    {A, TAKE, "1", "2:b/0"},
    {A, PUBLISH, "e:x", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, ACKNOWLEDGE, "2", "done"},
    {A, STRIKE, "consumer lost", "done"},
    {A, TAKE, "1", "failed: retry"},
    {A, PUBLISH, "e:x", "done"},
    {A, CONFIRM, NULL, "done"},
};

static const struct step given_back_unconfirmed[] = {
    {A, STRIKE, "somebody listens", "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, SEND, "a", "done"},
    {A, TAKE, "1", "1:a/0"},
    {A, PUBLISH, "e:x e:y", "done"},
    {A, GIVE_BACK, NULL, "done"},
    {A, SUBSCRIBE, NULL, "done"},
    {A, TAKE, "1", "1:a/1"},
    {A, PUBLISH, "e:z", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, HEARD, NULL, "x y z"},
    {A, ACKNOWLEDGE, "1", "done"},
};

static const struct step dead_letters[] = {
    {A, STRIKE, "somebody listens", "done"},
    {A, PUBLISH, "e:x d:y", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, DEAD_LETTERS, NULL, "1"},
    {A, STRIKE, "dead queue gone", "done"},
    {A, PUBLISH, "d:z e:v", "done"},
    {A, CONFIRM, NULL, "failed: retry"},
    {A, PUBLISH, "d:z e:v", "done"},
    {A, CONFIRM, NULL, "failed: retry"},
    {A, STRIKE, "dead queue back", "done"},
    {A, PUBLISH, "d:z e:v", "done"},
    {A, CONFIRM, NULL, "done"},
    {A, HEARD, NULL, "x v*3"},
    {A, UNHEARD, NULL, "0"},
};

#define WITH_WINDOW(title, table, size)                                                            \
    {                                                                                              \
        .name = title, .steps = table, .count = sizeof(table) / sizeof(table)[0], .prefetch = size \
    }

const struct script broker_scripts[] = {
    SCRIPT("jobs come in order, and are acknowledged up to a tag", order_and_acknowledge),
    SCRIPT("a delivery says where it was published and how", whole_deliveries),
    WITH_WINDOW("no more are in hand than the window has room for", window, 2),
    SCRIPT("what is given back comes again, in order, and is counted", returns_in_order),
    WITH_WINDOW("what is given back comes before what waits", returns_to_the_front, 3),
    SCRIPT("without a subscription nothing is taken or acknowledged", not_subscribed),
    SCRIPT("one consumer is active, the next one when it leaves", single_active),
    WITH_WINDOW("a full window makes nobody else active", full_window_keeps_it, 2),
    SCRIPT("who subscribes again stands at the end of the line", line_of_three),
    SCRIPT("who stands by and leaves is not waited for", standby_leaves),
    SCRIPT("what was in hand when the connection was lost comes again", connection_lost),
    SCRIPT("a connection that the broker closes is told of", connection_closed),
    SCRIPT("the next consumer takes over before the one that was cut knows", takeover),
    SCRIPT("events are confirmed, and come in order", publishing),
    SCRIPT("an event that nobody wants is confirmed and counted", nobody_listens),
    SCRIPT("an event that is refused is published three times", full_subscriber),
    SCRIPT("a reply to nobody harms nothing", garbage_reply),
    SCRIPT("a publishing connection that is lost is told of if it was needed", publisher_lost),
    SCRIPT("a confirm that never comes is not waited for for ever", no_confirm),
    SCRIPT("the two connections are lost each by itself", consuming_goes_on),
    SCRIPT("what was being published is forgotten when all is given back", given_back_unconfirmed),
    SCRIPT("a dead letter that no queue takes is not given up", dead_letters),
};

const uint32_t broker_script_count = sizeof broker_scripts / sizeof broker_scripts[0];
