/* What a case of tools/golden/ops.py gives to whoever calls its operator: inputs and options, by their place. */
#ifndef TENKA_TESTS_GOLDEN_INPUTS_H
#define TENKA_TESTS_GOLDEN_INPUTS_H

#include "golden_cases.h"

static inline tenka_tensor in(const struct golden_run *run, size_t i)
{
    assert_true(i < GOLDEN_MAX_IN);
    return run->var[i] == NULL ? TENKA_NONE : tenka_value(run->var[i]);
}

static inline double option(const struct golden_run *run, size_t i)
{
    if (i >= run->c->n_options)
        fail_msg("%s, %s: the golden file gives no option %zu", run->c->name, run->c->why, i);
    return run->c->option[i];
}

static inline uint32_t count(const struct golden_run *run, size_t i)
{
    return (uint32_t)option(run, i);
}

static inline bool is(const struct golden_run *run, size_t i)
{
    return option(run, i) != 0;
}

#endif
