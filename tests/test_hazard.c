/* The commands of recorded plans: every dependency has its barrier; and the checker sees when one is missing, as
 * `tenka verify` does, though a device that runs kernels one after the other computes the right numbers without it.
 *   test_hazard [vulkan] */
#include "support.h"

#include "backend/vulkan/hazard.h"
#include "backend/vulkan/testing.h"
#include "graph/graph.h"

static const char net_text[] = "Conv2d(1,4,3) BatchNorm2d(4) ReLU() MaxPool2d(2) Dropout(0.25) Flatten() Linear(16,8) "
                               "ReLU() Linear(8,3) LogSoftmax(dim=1)";

#define PARAMETERS 8 /* a weight and a bias of each layer that has them */

/* A training step and an evaluation, so that plans with gradients, updates and meters are there. */
static void make_plans(tenka_ctx *ctx, tenka_module *net, tenka_optimizer *opt, tenka_meter *meter)
{
    static const float x[4 * 36] = {1, 2, 3, 4, 5};
    static const int32_t y[4] = {0, 1, 2, 0};
    for (int i = 0; i < 3; i++) {
        const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(4, 1, 6, 6), x);
        const tenka_tensor target = tenka_input(ctx, TENKA_I32, tenka_shape_of(4), y);
        const tenka_tensor loss = tenka_nll_loss(tenka_forward(net, input), target);
        tenka_backward(loss);
        tenka_meter_add(meter, loss);
        must(ctx, tenka_optimizer_step(opt));
    }
    double value;
    tenka_no_grad_begin(ctx);
    const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(4, 1, 6, 6), x);
    const tenka_tensor target = tenka_input(ctx, TENKA_I32, tenka_shape_of(4), y);
    must(ctx, tenka_item(tenka_equal_count(tenka_argmax(tenka_forward(net, input), 1), target), &value));
    tenka_no_grad_end(ctx);
}

struct seen {
    size_t plans, barriers, dispatches, needed, updates, updated;
};

/* Takes out each barrier in turn: those that no dependency crosses alone are the only ones that may go unnoticed. */
static size_t count_needed(const struct tenka_plan *plan, const struct tenka_vk_step *steps, size_t n)
{
    size_t needed = 0;
    struct tenka_error err;
    struct tenka_vk_step *fewer = calloc(n, sizeof(*fewer));
    assert_non_null(fewer);
    for (size_t i = 0; i < n; i++) {
        if (steps[i].kind != TENKA_VK_BARRIER)
            continue;
        memcpy(fewer, steps, i * sizeof(*steps));
        memcpy(fewer + i, steps + i + 1, (n - i - 1) * sizeof(*steps));
        needed += tenka_vulkan_check_hazards(&err, plan, fewer, n - 1) != TENKA_OK;
    }
    free(fewer);
    return needed;
}

/* Runs each dispatch's last node together with the one behind it: the checker must see that they differ or depend. */
static void check_foreign_jobs(const struct tenka_plan *plan, const struct tenka_vk_step *steps, size_t n)
{
    struct tenka_error err;
    struct tenka_vk_step *more = calloc(n, sizeof(*more));
    assert_non_null(more);
    memcpy(more, steps, n * sizeof(*steps));
    for (size_t i = 0; i < n; i++) {
        if (steps[i].kind != TENKA_VK_DISPATCH || steps[i].node + steps[i].jobs == plan->n_nodes)
            continue;
        more[i].jobs++;
        assert_int_equal(tenka_vulkan_check_hazards(&err, plan, more, n), TENKA_E_DEVICE);
        more[i].jobs--;
    }
    free(more);
}

static void count_updates(struct seen *seen, const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    if (step->kind != TENKA_VK_DISPATCH || plan->nodes[step->node].kernel != TENKA_KERNEL_adam_fwd)
        return;
    seen->updates++;
    seen->updated += step->jobs;
}

static void walk(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    struct seen *seen = user;
    struct tenka_error err = {0};
    size_t n;
    if (!program)
        return;
    const struct tenka_vk_step *steps = tenka_vulkan_program_steps(program, &n);
    if (tenka_vulkan_check_hazards(&err, plan, steps, n) != TENKA_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++) {
        *(steps[i].kind == TENKA_VK_BARRIER ? &seen->barriers : &seen->dispatches) += 1;
        count_updates(seen, plan, &steps[i]);
    }
    seen->needed += count_needed(plan, steps, n);
    check_foreign_jobs(plan, steps, n);
    seen->plans++;
}

static void test_recorded_plans(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_meter *meter;
    struct seen seen = {0};
    must(ctx, tenka_nn_parse(ctx, net_text, &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    must(ctx, tenka_meter_create(ctx, &meter));
    make_plans(ctx, net, opt, meter);
    tenka_ctx_visit_plans(ctx, walk, &seen);
    printf("    %zu plans, %zu dispatches, %zu barriers, each of which was missed when taken out\n", seen.plans,
           seen.dispatches, seen.barriers);
    assert_true(seen.plans >= 2);
    assert_true(seen.barriers > seen.plans);
    assert_true(seen.barriers < seen.dispatches); /* independent nodes run side by side */
    assert_int_equal(seen.needed, seen.barriers); /* none stands without a dependency, and the checker sees each */
    assert_int_equal(seen.updates, 1);            /* one dispatch for the whole optimizer */
    assert_int_equal(seen.updated, PARAMETERS);
    tenka_meter_destroy(&meter);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static size_t find_check(const char *name)
{
    struct tenka_verify_check check;
    size_t index = 0;
    while (tenka_verify_check(index, &check) && strcmp(check.name, name) != 0)
        index++;
    return index;
}

/* Without the validation layer, under which a program that lacks a barrier would not even be prepared. */
static tenka_ctx *open_unwatched(const struct target *target)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_VULKAN;
    params.device = target->index;
    if (tenka_ctx_create(&params, &ctx) != TENKA_OK)
        fail_msg("%s", tenka_last_error(NULL));
    return ctx;
}

/* The plan of the reference network's training step, recorded whole, then without its first barrier, then without a
 * later one. A plan goes with the variables that it uses, so that none sees those before. */
static void test_verify(void **state)
{
    static const uint32_t forgotten[] = {TENKA_ABSENT, 0, 8};
    tenka_ctx *ctx = open_unwatched(*state);
    for (uint32_t i = 0; i < 3; i++) {
        struct tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
        tenka_vulkan_forget_barrier(tenka_ctx_device(ctx), forgotten[i]);
        must(ctx, tenka_verify_run(ctx, find_check("order"), NULL, &result));
        assert_int_equal(result.cases, 1);
        assert_int_equal(result.failed, i > 0);
        assert_true(i == 0 || strstr(result.failure, "no barrier though node") != NULL);
        printf("    %s\n", i == 0 ? "no barrier left out" : result.failure);
    }
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_recorded_plans), cmocka_unit_test(test_verify)};
    char *vulkan[] = {argv[0], "vulkan"};
    RUN_ON_TARGETS(argc > 1 ? argc : 2, argc > 1 ? argv : vulkan, tests);
}
