/* A network written by hand: classes whose forward is C, with a residual connection, a parameter of their own, two
 * outputs and two losses; trained, summarised, saved, loaded, and resumed where it was stopped.
 *
 * The network looks at small pictures with one bright spot. One output tells the quarter the spot is in
 * (cross entropy), the other where it is exactly (mean square error); both are trained at once.
 *   custom [STEPS [BACKEND [CHECKPOINT [MODEL]]]]
 *     STEPS       of the whole run (300)
 *     BACKEND     auto, vulkan or cpu
 *     CHECKPOINT  written each 10 steps; where it exists already the run goes on from there, bit for bit
 *     MODEL       the trained network's file
 * Where the machine has other work, start it with OMP_WAIT_POLICY=passive in the environment: see tenka_ctx_create. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenka/tenka.h>

enum { BATCH = 64, PICTURES = 640, SIDE = 12, CELLS = SIDE * SIDE, CHANNELS = 8, QUARTERS = 4 };

#define TRY(call)                   \
    do {                            \
        tenka_status try_ = (call); \
        if (try_ != TENKA_OK)       \
            return try_;            \
    } while (0)

/* ---- The network ---- */

/* y = x + scale * body(x), where scale is a parameter of the block itself, one number a channel. */
static void block_forward(void *user, tenka_module *block, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                          size_t n_out)
{
    (void)user, (void)n_in, (void)n_out;
    const tenka_tensor scale = tenka_value(tenka_module_find(block, "scale"));
    const tenka_tensor f = tenka_forward(tenka_module_child(block, "body"), in[0]);
    out[0] = tenka_add(in[0], tenka_mul(f, scale));
}

/* Two outputs of one picture. */
static void spots_forward(void *user, tenka_module *net, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                          size_t n_out)
{
    (void)user, (void)n_in, (void)n_out;
    if (tenka_tensor_shape(in[0]).rank != 4) {
        out[0] = out[1] = tenka_module_fail(net, "expected a batch of pictures, with four axes");
        return;
    }
    const tenka_tensor h = tenka_flatten(tenka_forward(tenka_module_child(net, "trunk"), in[0]), 1);
    out[0] = tenka_forward(tenka_module_child(net, "quarter"), h);
    out[1] = tenka_forward(tenka_module_child(net, "place"), h);
}

/* Appends what the text says. */
static tenka_status append(tenka_module *module, const char *name, const char *text)
{
    tenka_module *child = NULL;
    TRY(tenka_nn_parse(tenka_module_ctx(module), text, &child));
    return tenka_nn_append(module, name, child);
}

/* Block((body): Sequential((0): Conv2d, (1): ReLU)) */
static tenka_status append_block(tenka_module *module, const char *name)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *block = NULL;
    tenka_variable *scale;
    params.forward = block_forward;
    TRY(tenka_nn_custom(tenka_module_ctx(module), "Block", &params, NULL, &block));
    TRY(tenka_nn_append(module, name, block)); /* it is the container's now, whatever happens */
    TRY(tenka_nn_add_parameter(block, "scale", tenka_shape_of(CHANNELS, 1, 1), 0.5, 0.5, &scale));
    return append(block, "body", "Sequential(Conv2d(8, 8, 3, padding=1), ReLU())");
}

/* The network is the caller's, also on failure. */
static tenka_status make_net(tenka_ctx *ctx, tenka_module **net)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    params.forward = spots_forward;
    params.outputs = 2;
    TRY(tenka_nn_custom(ctx, "Spots", &params, NULL, net));
    TRY(append(*net, "trunk", "Sequential(Conv2d(1, 8, 3, padding=1), ReLU())"));
    TRY(append_block(tenka_module_child(*net, "trunk"), NULL));
    TRY(append(*net, "quarter", "Linear(1152, 4)"));
    return append(*net, "place", "Linear(1152, 2)");
}

static tenka_status summarise(tenka_module *net)
{
    struct tenka_layer_info info[16];
    size_t count;
    TRY(tenka_module_layers(net, tenka_shape_of(BATCH, 1, SIDE, SIDE), info, 16, &count));
    for (size_t i = 0; i < count && i < 16; i++)
        printf("%-14s %-12s %6llu parameters\n", info[i].path, info[i].class_name,
               (unsigned long long)info[i].parameters);
    return TENKA_OK;
}

/* ---- Pictures, and what is to be learned of them ---- */

struct run {
    tenka_ctx *ctx;
    struct tenka_training training;    /* network, optimizer, loader, steps: all that a checkpoint is about */
    tenka_variable *quarters, *places; /* of each cell: a 1 at its quarter; its row and column from -1 to 1 */
};

/* Spots in cells of a grid, in no order; labels say which cell. */
static tenka_status make_loader(struct run *r)
{
    static uint8_t images[PICTURES * CELLS];
    static int32_t labels[PICTURES];
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_dataset *data;
    for (int n = 0; n < PICTURES; n++) {
        const int cell = labels[n] = n * 61 % CELLS;
        for (int i = 0; i < CELLS; i++) {
            const int du = i / SIDE - cell / SIDE, dv = i % SIDE - cell % SIDE;
            images[n * CELLS + i] = (uint8_t)(255 * exp(-0.5 * (du * du + dv * dv)));
        }
    }
    params.batch_size = BATCH;
    params.shuffle = true;
    TRY(tenka_dataset_create(r->ctx, images, labels, PICTURES, 1, SIDE, SIDE, &data));
    const tenka_status status = tenka_loader_create(r->ctx, data, &params, &r->training.train_loader);
    tenka_dataset_destroy(&data);
    return status;
}

static tenka_status make_tables(struct run *r)
{
    static float quarters[CELLS][QUARTERS], places[CELLS][2];
    for (int cell = 0; cell < CELLS; cell++) {
        const int u = cell / SIDE, v = cell % SIDE;
        quarters[cell][2 * (2 * u >= SIDE) + (2 * v >= SIDE)] = 1;
        places[cell][0] = 2 * (float)u / (SIDE - 1) - 1;
        places[cell][1] = 2 * (float)v / (SIDE - 1) - 1;
    }
    TRY(tenka_variable_create(r->ctx, TENKA_F32, tenka_shape_of(CELLS, QUARTERS), quarters, false, &r->quarters));
    return tenka_variable_create(r->ctx, TENKA_F32, tenka_shape_of(CELLS, 2), places, false, &r->places);
}

/* -log softmax(x)[target], by hand from smaller operators; one_hot has a 1 at each row's class. */
static tenka_tensor cross_entropy(tenka_tensor x, tenka_tensor one_hot)
{
    tenka_tensor chosen = tenka_sum(tenka_mul(tenka_log_softmax(x, 1), one_hot), 1u << 1, false);
    return tenka_scale(tenka_mean(chosen, TENKA_ALL_AXES, false), -1);
}

/* ---- Training ---- */

static tenka_status step(struct run *r, bool report)
{
    struct tenka_training *t = &r->training;
    struct tenka_batch batch;
    tenka_status status = tenka_loader_next(t->train_loader, &batch);
    if (status == TENKA_END) { /* the next epoch begins */
        t->epoch++;
        status = tenka_loader_next(t->train_loader, &batch);
    }
    TRY(status);
    tenka_tensor y[2];
    tenka_forward_n(t->net, &batch.input, 1, y, 2);
    const tenka_tensor which = cross_entropy(y[0], tenka_gather(tenka_value(r->quarters), batch.target));
    const tenka_tensor where = tenka_mse_loss(y[1], tenka_gather(tenka_value(r->places), batch.target));
    /* Two losses, two calls: their gradients add up. */
    tenka_backward(which);
    tenka_backward(where);
    TRY(tenka_optimizer_step(t->optimizer));
    t->step++;
    double a, b;
    if (!report)
        return TENKA_OK;
    TRY(tenka_item(which, &a));
    TRY(tenka_item(where, &b));
    printf("step %4llu  quarter: cross entropy %.4f  place: square error %.4f\n", (unsigned long long)t->step, a, b);
    return TENKA_OK;
}

static bool exists(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static tenka_status train(struct run *r, unsigned long steps, const char *checkpoint)
{
    struct tenka_training *t = &r->training;
    if (checkpoint != NULL && exists(checkpoint)) {
        TRY(tenka_checkpoint_load(t, NULL, checkpoint));
        printf("goes on after step %llu\n", (unsigned long long)t->step);
    }
    while (t->step < steps) {
        TRY(step(r, t->step % 50 == 0 || t->step + 1 == steps));
        if (checkpoint != NULL && t->step % 10 == 0)
            TRY(tenka_checkpoint_save(t, NULL, checkpoint));
    }
    return TENKA_OK;
}

/* Saves the network and loads it into another one, which this program can make since it has the classes. */
static tenka_status save(struct run *r, const char *path)
{
    tenka_module *again = NULL;
    TRY(tenka_model_save(r->training.net, NULL, path));
    tenka_status status = make_net(r->ctx, &again);
    if (status == TENKA_OK)
        status = tenka_model_load(again, path);
    tenka_module_destroy(&again);
    return status;
}

static tenka_status run(struct run *r, unsigned long steps, const char *checkpoint, const char *model)
{
    struct tenka_training *t = &r->training;
    TRY(make_net(r->ctx, &t->net));
    TRY(summarise(t->net));
    TRY(make_loader(r));
    TRY(make_tables(r));
    TRY(tenka_adam_create(r->ctx, t->net, NULL, &t->optimizer));
    TRY(train(r, steps, checkpoint));
    return model != NULL ? save(r, model) : TENKA_OK;
}

static bool backend_of(const char *name, enum tenka_backend *out)
{
    static const char *const names[] = {
        [TENKA_BACKEND_AUTO] = "auto", [TENKA_BACKEND_VULKAN] = "vulkan", [TENKA_BACKEND_CPU] = "cpu"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i] != NULL && strcmp(names[i], name) == 0) {
            *out = (enum tenka_backend)i;
            return true;
        }
    return false;
}

static bool steps_of(const char *text, unsigned long *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

int main(int argc, char **argv)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    struct run r = {.training = TENKA_TRAINING_DEFAULTS};
    unsigned long steps = 300;
    if (argc > 5 || (argc > 1 && !steps_of(argv[1], &steps)) || (argc > 2 && !backend_of(argv[2], &params.backend))) {
        fputs("usage: custom [STEPS [BACKEND [CHECKPOINT [MODEL]]]]; STEPS is a number, BACKEND auto, vulkan or cpu\n",
              stderr);
        return 2;
    }
    tenka_status status = tenka_ctx_create(&params, &r.ctx);
    if (status == TENKA_OK)
        status = run(&r, steps, argc > 3 ? argv[3] : NULL, argc > 4 ? argv[4] : NULL);
    if (status != TENKA_OK)
        fprintf(stderr, "custom: %s\n", tenka_last_error(r.ctx));
    tenka_optimizer_destroy(&r.training.optimizer);
    tenka_loader_destroy(&r.training.train_loader);
    tenka_module_destroy(&r.training.net);
    tenka_variable_destroy(&r.quarters);
    tenka_variable_destroy(&r.places);
    tenka_ctx_destroy(&r.ctx);
    return status == TENKA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
