/* A model written by hand: a residual connection, two outputs and two losses, with operators only.
 *
 * The network looks at small pictures with one bright spot. One output tells the quarter the spot is in
 * (cross entropy), the other where it is exactly (mean square error); both are trained at once.
 *   custom [STEPS] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tenka/tenka.h>

enum { BATCH = 64, SIDE = 12, CHANNELS = 8, FEATURES = CHANNELS * SIDE * SIDE, QUARTERS = 4 };

struct model {
    tenka_variable *stem, *inner, *quarter, *quarter_bias, *place;
};

struct output {
    tenka_tensor quarter, place;
};

static struct output forward(const struct model *m, tenka_tensor x)
{
    struct tenka_conv2d_params same = TENKA_CONV2D_DEFAULTS; /* keeps height and width */
    same.padding[0] = same.padding[1] = 1;
    tenka_tensor h = tenka_relu(tenka_conv2d(x, tenka_value(m->stem), TENKA_NONE, &same));
    tenka_tensor f = tenka_conv2d(h, tenka_value(m->inner), TENKA_NONE, &same);
    h = tenka_flatten(tenka_relu(tenka_add(h, f)), 1); /* the residual connection */
    return (struct output){
        .quarter = tenka_linear(h, tenka_value(m->quarter), tenka_value(m->quarter_bias)),
        .place = tenka_linear(h, tenka_value(m->place), TENKA_NONE),
    };
}

/* -log softmax(x)[target], by hand from smaller operators; one_hot has a 1 at each row's class. */
static tenka_tensor cross_entropy(tenka_tensor x, tenka_tensor one_hot)
{
    tenka_tensor chosen = tenka_sum(tenka_mul(tenka_log_softmax(x, 1), one_hot), 1u << 1, false);
    return tenka_scale(tenka_mean(chosen, TENKA_ALL_AXES, false), -1);
}

static tenka_tensor square_error(tenka_tensor x, tenka_tensor target)
{
    tenka_tensor difference = tenka_sub(x, target);
    return tenka_mean(tenka_mul(difference, difference), TENKA_ALL_AXES, false);
}

static float uniform(float low, float high)
{
    return low + (high - low) * (float)rand() / (float)RAND_MAX;
}

static void draw_batch(float *pictures, float *quarters, float *places)
{
    for (int n = 0; n < BATCH; n++) {
        const float u = uniform(1, SIDE - 2), v = uniform(1, SIDE - 2);
        for (int i = 0; i < SIDE * SIDE; i++) {
            const float du = (float)(i / SIDE) - u, dv = (float)(i % SIDE) - v;
            pictures[n * SIDE * SIDE + i] = expf(-(du * du + dv * dv));
        }
        for (int q = 0; q < QUARTERS; q++)
            quarters[n * QUARTERS + q] = q == 2 * (2 * u > SIDE - 1) + (2 * v > SIDE - 1);
        places[2 * n] = 2 * u / (SIDE - 1) - 1;
        places[2 * n + 1] = 2 * v / (SIDE - 1) - 1;
    }
}

/* Uniform in +-1 / sqrt(fan_in). */
static tenka_status create_weight(tenka_ctx *ctx, struct tenka_shape shape, uint32_t fan_in, tenka_variable **out)
{
    static float data[FEATURES * QUARTERS];
    size_t count = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    for (size_t i = 0; i < count; i++)
        data[i] = uniform(-1, 1) / sqrtf((float)fan_in);
    return tenka_variable_create(ctx, TENKA_F32, shape, data, true, out);
}

static tenka_status create_model(tenka_ctx *ctx, struct model *m)
{
    tenka_status status = create_weight(ctx, tenka_shape_of(CHANNELS, 1, 3, 3), 9, &m->stem);
    if (status == TENKA_OK)
        status = create_weight(ctx, tenka_shape_of(CHANNELS, CHANNELS, 3, 3), 9 * CHANNELS, &m->inner);
    if (status == TENKA_OK)
        status = create_weight(ctx, tenka_shape_of(QUARTERS, FEATURES), FEATURES, &m->quarter);
    if (status == TENKA_OK)
        status = tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(QUARTERS), NULL, true, &m->quarter_bias);
    if (status == TENKA_OK)
        status = create_weight(ctx, tenka_shape_of(2, FEATURES), FEATURES, &m->place);
    return status;
}

static void destroy_model(struct model *m)
{
    tenka_variable_destroy(&m->stem);
    tenka_variable_destroy(&m->inner);
    tenka_variable_destroy(&m->quarter);
    tenka_variable_destroy(&m->quarter_bias);
    tenka_variable_destroy(&m->place);
}

static tenka_status step(tenka_ctx *ctx, const struct model *m, tenka_optimizer *adam, bool report, int number)
{
    static float pictures[BATCH * SIDE * SIDE], quarters[BATCH * QUARTERS], places[BATCH * 2];
    draw_batch(pictures, quarters, places);
    const tenka_tensor x = tenka_input(ctx, TENKA_F32, tenka_shape_of(BATCH, 1, SIDE, SIDE), pictures);
    const struct output y = forward(m, x);
    const tenka_tensor one_hot = tenka_input(ctx, TENKA_F32, tenka_shape_of(BATCH, QUARTERS), quarters);
    const tenka_tensor place = tenka_input(ctx, TENKA_F32, tenka_shape_of(BATCH, 2), places);
    const tenka_tensor which = cross_entropy(y.quarter, one_hot), where = square_error(y.place, place);
    /* Two losses, two calls: their gradients add up. */
    tenka_backward(which);
    tenka_backward(where);
    tenka_status status = tenka_optimizer_step(adam);
    double a, b;
    if (!report || status != TENKA_OK || (status = tenka_item(which, &a)) != TENKA_OK
        || (status = tenka_item(where, &b)) != TENKA_OK)
        return status;
    printf("step %4d  quarter: cross entropy %.4f  place: square error %.4f\n", number, a, b);
    return TENKA_OK;
}

static tenka_status run(tenka_ctx *ctx, struct model *m, int steps)
{
    tenka_optimizer *adam = NULL;
    tenka_status status = create_model(ctx, m);
    if (status == TENKA_OK)
        status = tenka_adam_create(ctx, NULL, NULL, &adam);
    tenka_variable *all[] = { m->stem, m->inner, m->quarter, m->quarter_bias, m->place };
    if (status == TENKA_OK)
        status = tenka_optimizer_add_adam_group(adam, all, sizeof(all) / sizeof(all[0]), NULL, NULL);
    for (int i = 0; i < steps && status == TENKA_OK; i++)
        status = step(ctx, m, adam, i % 50 == 0 || i == steps - 1, i);
    tenka_optimizer_destroy(&adam);
    return status;
}

int main(int argc, char **argv)
{
    const int steps = argc > 1 ? atoi(argv[1]) : 300;
    struct model model = { NULL, NULL, NULL, NULL, NULL };
    tenka_ctx *ctx = NULL;
    tenka_status status = tenka_ctx_create(NULL, &ctx);
    if (status == TENKA_OK)
        status = run(ctx, &model, steps);
    if (status != TENKA_OK)
        fprintf(stderr, "custom: %s\n", tenka_last_error(ctx));
    destroy_model(&model);
    tenka_ctx_destroy(&ctx);
    return status == TENKA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
