/* SPDX-License-Identifier: Apache-2.0
 *
 * What a batch costs on the real database: time, our processor time and the server's, a job. Run by
 * hand; not a test.
 *
 *     measure_database [JOBS A BATCH [BATCHES [SKUS]]] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/database_world.h"
#include "tests/support/test.h"

static double seconds(clockid_t clock)
{
    struct timespec time;
    (void)clock_gettime(clock, &time); /* cannot fail on Linux */
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Of another process, in user and system mode. */
static double seconds_of(int process)
{
    char path[64];
    unsigned long user = 0;
    unsigned long system_time = 0;
    char line[1024] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    char *at = fgets(line, sizeof line, file);
    (void)fclose(file);
    for (int field = 1; at != NULL && field < 14; field++) {
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    if (at != NULL) {
        user = strtoul(at, &at, 10);
        system_time = strtoul(at, &at, 10);
    }
    return (double)(user + system_time) / (double)sysconf(_SC_CLK_TCK);
}

static struct job jobs[WORLD_BATCH_JOBS_MAX];
static struct item items[WORLD_BATCH_JOBS_MAX];
static struct entry entries[WORLD_BATCH_JOBS_MAX];
static char texts[WORLD_BATCH_JOBS_MAX][3][32];

static struct span text_of(char text[32], const char *front, unsigned number)
{
    const int size = snprintf(text, 32, "%s-%u", front, number);
    return (struct span){text, (uint32_t)size};
}

static void draw_batch(unsigned batch, unsigned count, unsigned skus)
{
    for (unsigned i = 0; i < count; i++) {
        const unsigned number = batch * count + i;
        const unsigned sku = (unsigned)((uint64_t)number * 2654435761u % skus);
        items[i] = (struct item){
            .sku = text_of(texts[i][1], "SKU", sku), .qty = 1, .if_version = VERSION_NONE};
        jobs[i] = (struct job){.id = text_of(texts[i][0], "order", number * 7919u),
                               .kind = KIND_CHECKOUT,
                               .customer = text_of(texts[i][2], "customer", number * 31u),
                               .store = SPAN_OF("default"),
                               .items = &items[i],
                               .item_count = 1,
                               .not_after = INSTANT_NONE};
        entries[i] = (struct entry){.job = &jobs[i], .meaning = number, .slot = sku % SLOTS};
    }
}

int main(int count, char **arguments)
{
    static struct world world;
    static struct world_lane lane;
    static struct world_batch batch;
    const unsigned size = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 400;
    const unsigned batches = count > 2 ? (unsigned)strtoul(arguments[2], NULL, 10) : 500;
    const unsigned skus = count > 3 ? (unsigned)strtoul(arguments[3], NULL, 10) : 1;

    world_open(&world, "measure");
    world_run(&world,
              "INSERT INTO stock (pool, sku, unsold, version, known)"
              " SELECT 'main', 'SKU-' || i, 100000000, 1, true FROM generate_series(0, %u) i",
              skus - 1);
    world_lane_open(&lane, &world, 0);
    world_batch_init(&batch);
    const int backend = PQbackendPID(lane.database.postgres.connection);
    const double wall = seconds(CLOCK_MONOTONIC);
    const double ours = seconds(CLOCK_PROCESS_CPUTIME_ID);
    const double theirs = seconds_of(backend);
    double loading = 0;
    double saving = 0;
    for (unsigned i = 0; i < batches; i++) {
        draw_batch(i, size, skus);
        world_batch_begin(&batch, entries, size);
        double begin = seconds(CLOCK_MONOTONIC);
        assert_int_equal(world_decide(&lane, &batch), PORT_DONE);
        loading += seconds(CLOCK_MONOTONIC) - begin;
        begin = seconds(CLOCK_MONOTONIC);
        assert_int_equal(world_save(&lane, &batch), PORT_DONE);
        saving += seconds(CLOCK_MONOTONIC) - begin;
    }
    const double jobs_done = (double)size * batches;
    printf("%u batches of %u, %u SKUs: a job: %.2f us (load and decide %.2f, save %.2f),"
           " our processor %.2f us, the server's %.2f us\n",
           batches, size, skus, (seconds(CLOCK_MONOTONIC) - wall) * 1e6 / jobs_done,
           loading * 1e6 / jobs_done, saving * 1e6 / jobs_done,
           (seconds(CLOCK_PROCESS_CPUTIME_ID) - ours) * 1e6 / jobs_done,
           (seconds_of(backend) - theirs) * 1e6 / jobs_done);
    world_batch_free(&batch);
    world_lane_close(&lane);
    world_close(&world);
    return 0;
}
