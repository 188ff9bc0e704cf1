# SPDX-License-Identifier: Apache-2.0
"""Words: functions that are not to be called, and synonyms of the words that the design has."""

# A function, and what to use instead.
FORBIDDEN_FUNCTIONS = {
    "alloca": "an array of a fixed size or the arena",
    "asctime": "strftime",
    "assert": "ENSURE, which stays in every build",
    "atof": "a parser that can fail",
    "atoi": "a parser that can fail",
    "atol": "a parser that can fail",
    "atoll": "a parser that can fail",
    "ctime": "strftime",
    "gets": "fgets",
    "gmtime": "gmtime_r",
    "localtime": "localtime_r",
    "mktemp": "mkstemp",
    "rand": "the project's own random numbers, which have a seed",
    "random": "the project's own random numbers, which have a seed",
    "scanf": "a parser that can fail",
    "signal": "sigaction (signal only to ignore one: SIG_IGN)",
    "sprintf": "text_format or snprintf",
    "sscanf": "a parser that can fail",
    "stpcpy": "text_put or memcpy",
    "strcat": "text_put",
    "strcpy": "text_put or memcpy",
    "strdup": "a span or the arena",
    "strncat": "text_put",
    "strncpy": "text_put or memcpy",
    "strtok": "strcspn or strtok_r",
    "system": "posix_spawn",
    "tempnam": "mkstemp",
    "tmpnam": "mkstemp",
    "usleep": "poll or nanosleep",
    "vsprintf": "text_format or vsnprintf",
}

# A test waits for a state, with a bound; tests/support has what waits.
SLEEPING_FUNCTIONS = ("clock_nanosleep", "nanosleep", "sleep", "thrd_sleep", "usleep")

# A word that would be a second name for something, and the name that it has. Only such as nobody
# needs in another sense: "order", "partition" or "bucket" have one.
SYNONYMS = {
    r"consumer[ _-]?groups?": "lane",
    r"dlq": "dead letters",
    r"idempotency[ _-]?keys?": "the job's id",
    r"inventory": "stock",
    r"ledgers?": "movements",
    r"on[ _-]hand": "unsold",
    r"partition[ _-]?keys?": "slot",
    r"reservations?": "hold",
    r"shard(?:s|ed|ing)?": "lane",
    r"tenants?": "namespace",
    r"warehouses?": "pool",
}
