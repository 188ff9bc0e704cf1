/* SPDX-License-Identifier: Apache-2.0
 *
 * Every limit of the program, in one place, with the relations between them. */
#pragma once

/* Routing. A slot never changes, so neither does their number. */
#define SLOTS             1024u
#define LANES_MAX         SLOTS
#define LANES_DEFAULT     8u
#define NAMESPACE_MAX     31u /* bytes */
#define NAMESPACE_DEFAULT "till"

/* Texts that people read. */
#define ERROR_TEXT_MAX   1024u /* bytes, with the NUL */
#define ERROR_REMEDY_MAX 512u  /* bytes, with the NUL */

/* PostgreSQL cuts identifiers after 63 bytes; the longest that we make is a role's. */
#define IDENTIFIER_MAX 63u
_Static_assert(NAMESPACE_MAX + sizeof "_worker" - 1 <= IDENTIFIER_MAX, "a role's name must fit");
_Static_assert(LANES_DEFAULT <= LANES_MAX, "the default must be allowed");

/* Jobs, as the contract bounds them. */
#define JOB_SIZE_MAX      65536u /* bytes of a message's body */
#define JOB_ID_MAX        128u   /* bytes */
#define JOB_EXPIRE_PREFIX "till:expire:"
#define JOB_EXPIRE_ID_MAX (sizeof JOB_EXPIRE_PREFIX - 1 + JOB_ID_MAX)
#define JOB_TEXT_MAX      128u     /* bytes of a ref, a customer, a SKU */
#define JOB_STORE_MAX     64u      /* bytes of a store, a pool, a round */
#define JOB_ITEMS_MAX     100u     /* lines */
#define JOB_QTY_MAX       1000000u /* of a line */
#define JOB_META_MAX      8192u    /* bytes as sent */
#define JOB_DEPTH_MAX     32u      /* of nested JSON */
#define JOB_TTL_MAX       2592000u /* seconds */
#define JOB_TTL_DEFAULT   900u
#define JOB_STORE_DEFAULT "default"
#define JOB_POOL_DEFAULT  "main"
#define UNSOLD_MAX        1000000000u /* units of one SKU in one pool */
_Static_assert(JOB_QTY_MAX <= UNSOLD_MAX / JOB_ITEMS_MAX, "a summed line must fit");

/* The connection to RabbitMQ. */
#define AMQP_URL_SIZE_MAX       8192u /* bytes */
#define AMQP_HOSTS_MAX          16u
#define AMQP_HOST_MAX           253u /* bytes: the longest name that DNS allows */
#define AMQP_USER_MAX           255u /* bytes */
#define AMQP_PASSWORD_MAX       1024u
#define AMQP_VHOST_MAX          255u  /* bytes: AMQP's short string */
#define AMQP_PATH_MAX           1023u /* bytes of a file's name */
#define AMQP_PORT_DEFAULT       5672u
#define AMQP_PORT_TLS_DEFAULT   5671u
#define AMQP_HEARTBEAT_MAX      3600u /* seconds */
#define AMQP_HEARTBEAT_DEFAULT  4u    /* seconds */
#define AMQP_HEARTBEATS_MISSED  2u    /* silent intervals after which a connection is dead */
#define AMQP_TIMEOUT_MS_MAX     600000u
#define AMQP_TIMEOUT_MS_DEFAULT 10000u
#define AMQP_TIMEOUT_MS_SEVERAL 3000u /* the default for each of several hosts */
#define AMQP_CHANNELS_MAX       65535u
#define AMQP_CHANNELS_DEFAULT   2047u
#define AMQP_FRAME_MIN          8192u /* bytes; RabbitMQ 4.1 refuses less */
#define AMQP_FRAME_MAX          1048576u
#define AMQP_FRAME_DEFAULT      131072u
#define RABBIT_RPC_TIMEOUT_MS   15000u
#define RABBIT_CLOSE_TIMEOUT_MS 2000u
#define RABBITMQ_MAJOR_MIN      3u
#define RABBITMQ_MINOR_MIN      10u
_Static_assert(AMQP_HEARTBEAT_DEFAULT *AMQP_HEARTBEATS_MISSED + 3 <= 15,
               "whoever is frozen must be noticed, and its locks ended, in the promised time");
_Static_assert(AMQP_FRAME_MIN <= AMQP_FRAME_DEFAULT && AMQP_FRAME_DEFAULT <= AMQP_FRAME_MAX,
               "the default must be allowed");
_Static_assert(AMQP_HEARTBEAT_MAX *AMQP_HEARTBEATS_MISSED <= 2147483u,
               "milliseconds of a dead connection must fit an int");

/* Workers. */
#define WORKER_NAME_MAX 129u /* bytes, with the NUL */
#define WORKER_RUN_MAX  33u  /* bytes of what tells its starts apart, with the NUL */

/* Batches. */
#define BATCH_JOBS_MAX     512u
#define BATCH_JOBS_DEFAULT 400u
#define BATCH_MEMORY       (3u * 1024u * 1024u) /* bytes of a batch's arena */
#define BATCHES            2u /* of a lane: one being decided, one being confirmed */

/* Jobs in the hands of a lane's consumer: batches being decided and confirmed, and as many to come.
 * The same for every worker, whatever its batches, and not to be lowered: jobs that are given back
 * go behind those that were given back before and that nobody has taken since (RabbitMQ 3.10.8), so
 * whoever takes a lane over must take the whole window of the one before, or a second handover
 * breaks the order. */
#define LANE_PREFETCH (2u * BATCHES * BATCH_JOBS_MAX)

/* How often a job comes back before it is begun alone, and how often it is begun alone. */
#define DELIVERIES_SUSPECT 5u
#define LONELY_BEGINNINGS  5u
_Static_assert(BATCH_JOBS_DEFAULT <= BATCH_JOBS_MAX, "the default must be allowed");
_Static_assert(LANE_PREFETCH <= 65535u, "AMQP's prefetch has 16 bits");
