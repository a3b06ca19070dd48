/* Allocation k fails, for k = 1, 2, ...: a typed error with a sentence, no crash and, under the address sanitizer, no
 * leak.   test_faults [cpu|vulkan] */
#include "support.h"

#include "core/core.h"

/* A small training with everything that allocates. Stops at the first error. */
static tenka_status train(tenka_ctx *ctx, tenka_module **net, tenka_optimizer **opt, tenka_meter **meter,
                          tenka_variable **kept)
{
    static const float x[2 * 36] = {1, 2, 3, 4};
    static const int32_t y[2] = {0, 1};
    static const char text[] = "Conv2d(1,2,3) BatchNorm2d(2) ReLU() MaxPool2d(2) Dropout() Flatten() Linear(8,3)";
    TENKA_TRY(tenka_nn_parse(ctx, text, net));
    TENKA_TRY(tenka_adam_create(ctx, *net, NULL, opt));
    TENKA_TRY(tenka_meter_create(ctx, meter));
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t batch = i == 2 ? 1 : 2;
        const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(batch, 1, 6, 6), x);
        const tenka_tensor target = tenka_input(ctx, TENKA_I32, tenka_shape_of(batch), y);
        const tenka_tensor out = tenka_forward(*net, input), loss = tenka_cross_entropy(out, target);
        tenka_backward(loss);
        tenka_meter_add(*meter, loss);
        TENKA_TRY(tenka_keep(out, kept));
        TENKA_TRY(tenka_optimizer_step(*opt));
        double value;
        TENKA_TRY(tenka_item(loss, &value));
        tenka_variable_destroy(kept);
    }
    return tenka_meter_read(*meter, NULL, NULL, NULL);
}

/* Runs it all with allocation k failing; *ended when k was beyond the last. */
static void attempt(const struct target *target, uint64_t k, bool *ended)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx = NULL;
    tenka_module *net = NULL;
    tenka_optimizer *opt = NULL;
    tenka_meter *meter = NULL;
    tenka_variable *kept = NULL;
    params.backend = target->backend;
    params.device = target->backend == TENKA_BACKEND_VULKAN ? target->index : NULL;
    params.cache_dir = "";
    const uint64_t before = tenka_alloc_count();
    tenka_alloc_fail_at(k);
    tenka_status status = tenka_ctx_create(&params, &ctx);
    const bool created = status == TENKA_OK;
    if (created)
        status = train(ctx, &net, &opt, &meter, &kept);
    tenka_alloc_fail_at(0);
    *ended = tenka_alloc_count() - before < k;
    if (status != TENKA_OK && status != TENKA_E_NOMEM)
        fail_msg("allocation %u: %s: %s", (unsigned)k, tenka_status_text(status), tenka_last_error(ctx));
    if (status != TENKA_OK && tenka_last_error(ctx)[0] == '\0')
        fail_msg("allocation %u: no sentence", (unsigned)k);
    if (*ended)
        must(ctx, status);
    tenka_variable_destroy(&kept);
    tenka_meter_destroy(&meter);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_each_allocation(void **state)
{
    bool ended = false;
    uint64_t k = 0;
    while (!ended)
        attempt(*state, ++k, &ended);
    printf("    %u allocations failed one by one\n", (unsigned)(k - 1));
    assert_true(k > 50);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};
    RUN_ON_TARGETS(argc, argv, tests);
}
