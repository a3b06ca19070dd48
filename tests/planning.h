/* Plans of records that are made by hand, and what tests say of them. */
#ifndef TENKA_TESTS_PLANNING_H
#define TENKA_TESTS_PLANNING_H

#include "record.h"

/* device: the kernels that it fuses, one after the other, and TENKA_KERNEL_COUNT. */
static bool fuses(const void *device, enum tenka_kernel kernel, const int32_t *params)
{
    (void)params;
    for (const enum tenka_kernel *k = device; *k != TENKA_KERNEL_COUNT; k++)
        if (*k == kernel)
            return true;
    return false;
}

static const enum tenka_kernel none[] = {TENKA_KERNEL_COUNT};

static struct tenka_plan_target target_fusing(const enum tenka_kernel *kernels)
{
    return (struct tenka_plan_target){
        .real_bytes = sizeof(float), .max_buffer = (size_t)1 << 30, .fuses = fuses, .device = kernels};
}

static struct tenka_step_plan plan_of(const struct log *log, const enum tenka_kernel *kernels)
{
    const struct tenka_record record = record_of(log);
    const struct tenka_plan_target target = target_fusing(kernels);
    struct tenka_step_plan plan;
    struct tenka_error err = {0};
    if (tenka_plan_step(&record, &target, &err, &plan) != TENKA_OK)
        fail_msg("planning: %s", err.text);
    return plan;
}

static void expect_kernels(const struct tenka_step_plan *plan, const enum tenka_kernel *want, size_t count)
{
    for (size_t i = 0; i < count && i < plan->plan.n_nodes; i++)
        assert_string_equal(tenka_passes[plan->nodes[i].kernel].name, tenka_passes[want[i]].name);
    assert_int_equal(plan->plan.n_nodes, count);
}

#define KERNELS(...)                          \
    (const enum tenka_kernel[]){__VA_ARGS__}, \
        sizeof((const enum tenka_kernel[]){__VA_ARGS__}) / sizeof(enum tenka_kernel)

static const struct tenka_place *place_in(const struct tenka_step_plan *plan, size_t node, uint32_t k)
{
    return &plan->places[plan->nodes[node].in[k]];
}

static const struct tenka_place *place_out(const struct tenka_step_plan *plan, size_t node, uint32_t k)
{
    return &plan->places[plan->nodes[node].out[k]];
}

static bool in_variable(const struct tenka_place *place, const struct tenka_variable_head *var)
{
    return place->kind == TENKA_PLACE_VARIABLE && place->var == var;
}

#define FOUR ((struct tenka_shape){1, {4}})

#endif
