/* SPDX-License-Identifier: Apache-2.0
 *
 * Worker processes: started, watched, killed, stopped. */
#include "worker/commands/demo_crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16u
#define LOG_TAIL_MAX  512u

#define SERVES "worker: serving"

/* What came by a flag is handed on by one; the rest the environment says. */
static void put_flag(const char **arguments, size_t *count, const char *flag,
                     const struct setting *setting)
{
    if (setting->value != NULL && strcmp(setting->source, flag) == 0) {
        arguments[(*count)++] = flag;
        arguments[(*count)++] = setting->value;
    }
}

static void put_arguments(const struct config *config, const char *name, const char **arguments)
{
    size_t count = 0;
    arguments[count++] = "till";
    arguments[count++] = "worker";
    arguments[count++] = "--name";
    arguments[count++] = name;
    arguments[count++] = "--namespace";
    arguments[count++] = config->namespace.value;
    arguments[count++] = "--log";
    arguments[count++] = "info";
    put_flag(arguments, &count, "--amqp-url", &config->amqp_url);
    put_flag(arguments, &count, "--database-url", &config->database_url);
    ENSURE(count < ARGUMENTS_MAX);
    arguments[count] = NULL;
}

/* In the child, between fork and exec: nothing but system calls. A group of its own, so that Ctrl-C
 * is the demonstration's alone; and no life after it, even if it is killed. */
static _Noreturn void become_worker(int log, pid_t parent, char *const *arguments)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && setpgid(0, 0) == 0 &&
        dup2(nothing, STDIN_FILENO) >= 0 && dup2(nothing, STDOUT_FILENO) >= 0 &&
        dup2(log, STDERR_FILENO) >= 0 && sigaction(SIGPIPE, &usual, NULL) == 0 &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        (void)execv("/proc/self/exe", arguments);
    }
    _exit(EXIT_FAILURE);
}

bool demo_crew_start(struct demo_crew *crew, struct error *error)
{
    /* execv does not write to what it is given. */
    union {
        const char *words[ARGUMENTS_MAX];
        char *arguments[ARGUMENTS_MAX];
    } line;
    ENSURE(crew->count < DEMO_WORKERS_MAX);
    struct demo_worker *worker = &crew->workers[crew->count];
    (void)snprintf(worker->name, sizeof worker->name, "demo-%u", crew->count + 1);
    put_arguments(crew->config, worker->name, line.words);
    worker->log = memfd_create(worker->name, MFD_CLOEXEC);
    if (worker->log < 0) {
        return error_set(error, ERROR_FATAL, "memory for the log of a worker: %s", strerror(errno));
    }
    const pid_t parent = getpid();
    worker->pid = fork();
    if (worker->pid == 0) {
        become_worker(worker->log, parent, line.arguments);
    }
    if (worker->pid < 0) {
        (void)close(worker->log);
        return error_set(error, ERROR_FATAL, "start a worker: %s", strerror(errno));
    }
    worker->state = DEMO_WORKER_ALIVE;
    crew->count++;
    return true;
}

/* Of what a worker has said the first or the last that fits, with a NUL. */
static void read_log(const struct demo_worker *worker, bool last, char *memory, size_t capacity)
{
    const off_t end = lseek(worker->log, 0, SEEK_END);
    const off_t room = (off_t)capacity - 1;
    const ssize_t size =
        pread(worker->log, memory, capacity - 1, last && end > room ? end - room : 0);
    memory[size < 0 ? 0 : size] = '\0';
}

static bool serves(const struct demo_worker *worker)
{
    char said[4096];
    read_log(worker, false, said, sizeof said);
    return strstr(said, SERVES) != NULL;
}

bool demo_crew_serves(const struct demo_crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        if (crew->workers[i].state == DEMO_WORKER_ALIVE && !serves(&crew->workers[i])) {
            return false;
        }
    }
    return true;
}

/* The last line that a worker has said, without its end. */
static void last_line(const struct demo_worker *worker, char line[LOG_TAIL_MAX])
{
    char said[LOG_TAIL_MAX];
    read_log(worker, true, said, sizeof said);
    size_t size = strlen(said);
    while (size > 0 && said[size - 1] == '\n') {
        said[--size] = '\0';
    }
    const char *newline = strrchr(said, '\n');
    (void)snprintf(line, LOG_TAIL_MAX, "%s", newline == NULL ? said : newline + 1);
}

static bool is_there(const struct demo_worker *worker)
{
    return worker->state == DEMO_WORKER_ALIVE || worker->state == DEMO_WORKER_FINISHING;
}

bool demo_crew_watch(struct demo_crew *crew, struct error *error)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        struct demo_worker *worker = &crew->workers[i];
        char line[LOG_TAIL_MAX];
        int status = 0;
        const enum demo_worker_state before = worker->state;
        if (!is_there(worker) || waitpid(worker->pid, &status, WNOHANG) == 0) {
            continue;
        }
        worker->state = DEMO_WORKER_STOPPED;
        if (before == DEMO_WORKER_FINISHING) {
            continue;
        }
        last_line(worker, line);
        error_set(error, ERROR_FATAL, "worker %s has ended by itself (%s %d); it said last: %s",
                  worker->name, WIFSIGNALED(status) ? "signal" : "exit status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), line);
        return error_advise(error, "See whether all is well with the servers: till doctor");
    }
    return true;
}

static int64_t cpu_ns(const struct demo_worker *worker)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(worker->pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

uint32_t demo_crew_busiest(const struct demo_crew *crew)
{
    uint32_t busiest = 0;
    int64_t most = -1;
    for (uint32_t i = 0; i < crew->count; i++) {
        const bool alive = crew->workers[i].state == DEMO_WORKER_ALIVE;
        const int64_t used = alive ? cpu_ns(&crew->workers[i]) : -1;
        if (used > most) {
            most = used;
            busiest = i;
        }
    }
    return busiest;
}

static void kill_and_reap(struct demo_worker *worker)
{
    (void)kill(worker->pid, SIGKILL); /* it is ours, and not reaped: the pid is its own */
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    worker->state = DEMO_WORKER_KILLED;
}

void demo_crew_kill(struct demo_crew *crew, uint32_t worker)
{
    ENSURE(worker < crew->count);
    ENSURE(crew->workers[worker].state == DEMO_WORKER_ALIVE);
    kill_and_reap(&crew->workers[worker]);
}

void demo_crew_drain(struct demo_crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        if (crew->workers[i].state == DEMO_WORKER_ALIVE) {
            (void)kill(crew->workers[i].pid, SIGTERM); /* as above */
            crew->workers[i].state = DEMO_WORKER_FINISHING;
        }
    }
}

bool demo_crew_is_gone(const struct demo_crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        if (is_there(&crew->workers[i])) {
            return false;
        }
    }
    return true;
}

void demo_crew_close(struct demo_crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        if (is_there(&crew->workers[i])) {
            kill_and_reap(&crew->workers[i]);
        }
        (void)close(crew->workers[i].log);
    }
    crew->count = 0;
}
