/* SPDX-License-Identifier: Apache-2.0
 *
 * till-sim: runs the worker's lane loop through accidents, seed by seed. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim_many.h"
#include "tests/sim/sim_run.h"

#define TRACE_LINES 60u

static const char usage[] =
    "usage: till-sim [--seed S] [--trace]\n"
    "       till-sim --runs N [--seed S] [--jobs P] [--all-marks]\n"
    "\n"
    "Runs the worker's lane loop against a simulated broker and database, with accidents.\n"
    "\n"
    "  --seed S     the seed, or the first of many; default: 1\n"
    "  --trace      prints each step\n"
    "  --runs N     so many seeds, one after the other\n"
    "  --jobs P     in so many processes; the results do not depend on it; default: 1\n"
    "  --all-marks  fails when some point of interest was never reached\n"
    "  --uneven-prefetch  breaks a rule of the worker's, for a test that this is found\n"
    "\n"
    "Exit: 0 all held, 1 something did not, 2 wrong usage.\n";

struct options {
    uint64_t seed;
    uint64_t runs;
    uint64_t jobs;
    bool trace;
    bool all_marks;
    bool uneven;
};

static bool read_number(const char *name, const char *text, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-') {
        (void)fprintf(stderr, "till-sim: --%s \"%s\" is no number\n", name, text);
        return false;
    }
    return true;
}

static bool read_options(int count, char **arguments, struct options *options)
{
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'}, {"runs", required_argument, NULL, 'r'},
        {"jobs", required_argument, NULL, 'j'}, {"trace", no_argument, NULL, 't'},
        {"all-marks", no_argument, NULL, 'm'},  {"uneven-prefetch", no_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        bool well = true;
        switch (option) {
        case 's':
            well = read_number("seed", optarg, &options->seed);
            break;
        case 'r':
            well = read_number("runs", optarg, &options->runs);
            break;
        case 'j':
            well = read_number("jobs", optarg, &options->jobs);
            break;
        case 't':
            options->trace = true;
            break;
        case 'm':
            options->all_marks = true;
            break;
        case 'u':
            options->uneven = true;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            exit(0);
        default:
            well = false;
        }
        if (!well) {
            return false;
        }
    }
    if (options->jobs < 1 || options->jobs > SIM_PROCESSES_MAX) {
        (void)fprintf(stderr, "till-sim: --jobs must be 1 to %d\n", SIM_PROCESSES_MAX);
        return false;
    }
    return optind == count;
}

static int run_one(struct sim_run *run, const struct options *options)
{
    const bool well = sim_run_seed(run, options->seed, options->trace);
    (void)printf("seed %" PRIu64 "\n", options->seed);
    sim_run_print_world(run);
    (void)printf("%u copies of %u jobs, %u decisions, %" PRIu64 " turns, %" PRId64
                 " ms of virtual time\n",
                 run->account.copy_count, run->account.job_count, run->account.decisions,
                 run->turns, run->core.now / SIM_MS);
    (void)printf("trace hash %016" PRIx64 "\n", run->core.trace.hash);
    if (well) {
        return 0;
    }
    if (!options->trace) {
        (void)printf("the last steps:\n");
        sim_trace_print(&run->core.trace, TRACE_LINES);
    }
    (void)printf("broken: %s\nreplay: till-sim --seed %" PRIu64 " --trace%s\n", run->core.broken,
                 options->seed, options->uneven ? " --uneven-prefetch" : "");
    return 1;
}

static int run_many(struct sim_run *run, struct options *options)
{
    struct sim_total total;
    if (!sim_many(run, options->seed, options->runs, (uint32_t)options->jobs, &total)) {
        (void)fprintf(stderr, "till-sim: cannot start processes\n");
        return 1;
    }
    if (total.failed != UINT64_MAX) {
        options->seed = total.failed;
        return run_one(run, options);
    }
    const uint32_t missed = sim_marks_print(&total.marks);
    (void)printf("%" PRIu64 " seeds, %" PRIu64 " decisions, hash of all %016" PRIx64 "\n",
                 options->runs, total.decisions, total.hash);
    (void)printf("%.0f seeds/s (%.0f a process), %.0f decisions and %.0f turns a seed\n",
                 (double)options->runs / total.seconds,
                 (double)options->runs / total.seconds / (double)options->jobs,
                 (double)total.decisions / (double)options->runs,
                 (double)total.turns / (double)options->runs);
    if (options->all_marks && missed > 0) {
        (void)printf("broken: %u marks were never hit\n", missed);
        return 1;
    }
    return 0;
}

int main(int count, char **arguments)
{
    struct options options = {.seed = 1, .jobs = 1};
    static struct sim_run run;
    if (!read_options(count, arguments, &options)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (!sim_run_open(&run)) {
        (void)fprintf(stderr, "till-sim: no memory\n");
        return 1;
    }
    run.uneven = options.uneven;
    const int status = options.runs > 0 ? run_many(&run, &options) : run_one(&run, &options);
    sim_run_close(&run);
    return status;
}
