# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of the menu share: the checkout's place, usage, messages, quiet steps. Sourced.

# shellcheck disable=SC2034 # used by whoever sources this
checkout=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(cd -P "$(dirname "$0")" && pwd)/$(basename "$0")

# The comment at the head of the script, without the licence line.
usage() {
    sed -n -e '1,2d' -e '/^#/!q' -e 's/^# \{0,1\}//p' "$script" | sed '/./,$!d'
}

say() {
    printf '%s: %s\n' "$(basename "$0")" "$*"
}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Wrong usage: what is wrong, and where the right one stands.
misuse() {
    printf '%s: %s; see %s --help\n' "$(basename "$0")" "$*" "$0" >&2
    exit 2
}

# quiet LOG COMMAND...: the output goes to LOG and is shown only if the command fails.
quiet() {
    local log=$1
    local status=0
    shift

    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
        tail -n 60 "$log" >&2
        printf '%s: %s failed with status %d; all of its output is in %s\n' \
            "$(basename "$0")" "$1 ${2-}" "$status" "$log" >&2
    fi
    return "$status"
}

# build PRESET [TARGET...]: configures if nobody has yet, and builds what is out of date.
build() {
    local preset=$1
    local folder=$checkout/build/$preset
    shift

    cd "$checkout" || return
    if [[ ! -f $folder/build.ninja || CMakePresets.json -nt $folder/CMakeCache.txt ]]; then
        say "configuring $preset"
        quiet "$folder/configure.log" cmake --preset "$preset" || return
    fi
    say "building $preset"
    quiet "$folder/build.log" cmake --build --preset "$preset" "${@/#/--target=}"
}

# The files of the project that match the patterns, tracked or new, but not ignored; one a line.
# Git refuses a checkout that belongs to somebody else, unless told that it is meant.
project_files() {
    local file

    git -C "$checkout" -c safe.directory="$checkout" ls-files -co --exclude-standard -- "$@" |
        sort -u | while IFS= read -r file; do
        [[ -f $checkout/$file ]] && printf '%s\n' "$file"
    done
}
