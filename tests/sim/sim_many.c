/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeds are dealt out in turn; what the processes found is added up. */
#include "tests/sim/sim_many.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What processes share. */
struct board {
    _Atomic uint64_t failed; /* the lowest seed so far */
    struct sim_total totals[SIM_PROCESSES_MAX];
};

static double now_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void note_failed(struct board *board, uint64_t seed)
{
    uint64_t lowest = atomic_load(&board->failed);
    while (seed < lowest && !atomic_compare_exchange_weak(&board->failed, &lowest, seed)) {
    }
}

/* Every so manyth seed; those behind one that has failed need not be run. */
static void run_share(struct sim_run *run, struct board *board, uint64_t first, uint64_t count,
                      uint32_t process, uint32_t processes)
{
    struct sim_total *total = &board->totals[process];
    for (uint64_t i = process; i < count; i += processes) {
        if (first + i > atomic_load(&board->failed)) {
            break;
        }
        if (!sim_run_seed(run, first + i, false)) {
            note_failed(board, first + i);
            break;
        }
        total->hash += run->core.trace.hash * (2 * (first + i) + 1);
    }
    total->marks = run->marks;
    total->decisions = run->jobs_of_all;
    total->turns = run->turns_of_all;
}

static bool start(struct sim_run *run, struct board *board, uint64_t first, uint64_t count,
                  uint32_t process, uint32_t processes)
{
    const pid_t child = fork();
    if (child == 0) {
        run_share(run, board, first, count, process, processes);
        _exit(0);
    }
    return child > 0;
}

bool sim_many(struct sim_run *run, uint64_t first, uint64_t count, uint32_t processes,
              struct sim_total *total)
{
    struct board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        return false;
    }
    atomic_init(&board->failed, UINT64_MAX);
    const double began = now_seconds();
    bool well = true;
    for (uint32_t i = 1; i < processes; i++) {
        well = well && start(run, board, first, count, i, processes);
    }
    if (well) {
        run_share(run, board, first, count, 0, processes);
    }
    for (int status = 0; wait(&status) > 0;) {
        well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    *total =
        (struct sim_total){.failed = atomic_load(&board->failed), .seconds = now_seconds() - began};
    for (uint32_t i = 0; i < processes; i++) {
        sim_marks_add(&total->marks, &board->totals[i].marks);
        total->hash += board->totals[i].hash;
        total->decisions += board->totals[i].decisions;
        total->turns += board->totals[i].turns;
    }
    (void)munmap(board, sizeof *board);
    return well;
}
