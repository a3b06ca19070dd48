/* Copies between host and device in the middle of running work: each sees all that was submitted before it and nothing
 * of what comes after; through staging, and, where host and device share their memory, without.
 *   test_transfer [vulkan] */
#include "support.h"

#include "backend/vulkan/testing.h"
#include "graph/graph.h"

#define LARGE (3u << 20) /* floats: more than the staging buffer holds */
#define ROUNDS 40

struct pair {
    tenka_variable *in, *sum;
};

static tenka_ctx *open_so(const struct target *target, bool staged)
{
    tenka_ctx *ctx = open_target(target);
    if (staged)
        tenka_vulkan_force_staging(tenka_ctx_device(ctx));
    return ctx;
}

static void make_pair(tenka_ctx *ctx, uint32_t count, struct pair *p)
{
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(count), NULL, false, &p->in));
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(count), NULL, false, &p->sum));
}

static void destroy_pair(struct pair *p)
{
    tenka_variable_destroy(&p->in);
    tenka_variable_destroy(&p->sum);
}

/* sum += in, without waiting for it. */
static void add_up(tenka_ctx *ctx, const struct pair *p)
{
    tenka_assign(p->sum, tenka_add(tenka_value(p->sum), tenka_value(p->in)));
    must(ctx, tenka_step_end(ctx));
}

static void check_all(tenka_ctx *ctx, tenka_variable *var, float *room, uint32_t count, float want)
{
    must(ctx, tenka_variable_read(var, room, count * sizeof(*room)));
    for (uint32_t i = 0; i < count; i++)
        if (room[i] != want)
            fail_msg("element %u is %g, not %g", i, (double)room[i], (double)want);
}

static void fill(float *room, uint32_t count, float value)
{
    for (uint32_t i = 0; i < count; i++)
        room[i] = value;
}

/* Each write comes after the steps before it and before those after it, though none of them was waited for. */
static void check_order(const struct target *target, bool staged, uint32_t count, int rounds)
{
    tenka_ctx *ctx = open_so(target, staged);
    struct pair p;
    float *room = malloc(count * sizeof(*room)), want = 0;
    assert_non_null(room);
    make_pair(ctx, count, &p);
    for (int i = 0; i < rounds; i++) {
        fill(room, count, (float)i);
        must(ctx, tenka_variable_write(p.in, room, count * sizeof(*room)));
        for (int k = 0; k < i % 7; k++, want += (float)i)
            add_up(ctx, &p);
        if (i % 5 == 4)
            check_all(ctx, p.sum, room, count, want);
    }
    check_all(ctx, p.sum, room, count, want);
    free(room);
    destroy_pair(&p);
    tenka_ctx_destroy(&ctx);
}

static void test_order(void **state)
{
    for (int staged = 0; staged < 2; staged++) {
        check_order(*state, staged, 1000, ROUNDS);
        check_order(*state, staged, LARGE, 6);
    }
}

/* New variables are zero, also where an old one was; none may be overwritten by work that was meant for the old. */
static void test_reuse(void **state)
{
    static float room[1000];
    for (int staged = 0; staged < 2; staged++) {
        tenka_ctx *ctx = open_so(*state, staged);
        for (int i = 0; i < 10; i++) {
            struct pair p;
            make_pair(ctx, 1000, &p);
            check_all(ctx, p.sum, room, 1000, 0);
            fill(room, 1000, 3);
            must(ctx, tenka_variable_write(p.in, room, sizeof(room)));
            for (int k = 0; k < 5; k++)
                add_up(ctx, &p);
            destroy_pair(&p);
        }
        tenka_ctx_destroy(&ctx);
    }
}

/* A training gives the same losses either way, bit for bit. */
static void losses(const struct target *target, bool staged, double out[10])
{
    static const char text[] = "Flatten() Linear(16,8) ReLU() Linear(8,3)";
    static const int32_t y[4] = {0, 1, 2, 0};
    tenka_ctx *ctx = open_so(target, staged);
    tenka_module *net;
    tenka_optimizer *opt;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    for (int i = 0; i < 10; i++) {
        float x[4 * 16];
        for (int k = 0; k < 4 * 16; k++)
            x[k] = (float)((k * 7 + i * 13) % 29) / 29;
        const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(4, 1, 4, 4), x);
        const tenka_tensor target_ = tenka_input(ctx, TENKA_I32, tenka_shape_of(4), y);
        const tenka_tensor loss = tenka_cross_entropy(tenka_forward(net, input), target_);
        tenka_backward(loss);
        must(ctx, tenka_optimizer_step(opt));
        must(ctx, tenka_item(loss, &out[i]));
    }
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_same_losses(void **state)
{
    double direct[10], staged[10];
    losses(*state, false, direct);
    losses(*state, true, staged);
    assert_memory_equal(direct, staged, sizeof(direct));
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_same_losses),
    };
    char *vulkan[] = {argv[0], "vulkan"};
    RUN_ON_TARGETS(argc > 1 ? argc : 2, argc > 1 ? argv : vulkan, tests);
}
