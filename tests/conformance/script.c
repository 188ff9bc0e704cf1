/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays and compares. */
#include "tests/conformance/script.h"

#include <string.h>

#include "tests/support/test.h"

struct answers {
    char texts[STEPS_MAX][ANSWER_MAX];
};

static void play(const struct script *script, const struct side *side, struct answers *answers)
{
    assert_in_range(script->count, 1, STEPS_MAX);
    side->begin(script);
    for (uint32_t i = 0; i < script->count; i++) {
        struct text answer;
        text_init(&answer, answers->texts[i], ANSWER_MAX);
        side->step(&script->steps[i], &answer);
        if (answer.full) {
            fail_msg("%s, step %u: the answer does not fit: %s", side->name, i + 1, answer.bytes);
        }
    }
    side->end();
}

void script_compare(const struct script *script, const struct side *simulated,
                    const struct side *real)
{
    static struct answers ours;
    static struct answers theirs;
    uint32_t wrong = 0;
    play(script, simulated, &ours);
    play(script, real, &theirs);
    for (uint32_t i = 0; i < script->count; i++) {
        const struct step *step = &script->steps[i];
        if (strcmp(ours.texts[i], theirs.texts[i]) != 0 ||
            strcmp(ours.texts[i], step->answer) != 0) {
            print_error("%s, step %u, by %c\n  the script says: %s\n  %s: %s\n  %s: %s\n",
                        script->name, i + 1, "ABC"[step->who], step -> answer, simulated -> name,
                        ours.texts[i], real->name, theirs.texts[i]);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}
