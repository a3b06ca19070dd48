/* A U-Net whose levels are a class in C: each runs the next one on half the size, and puts its own features beside what
 * comes back from there (a concatenation over channels). It learns to say of each point of a noisy picture whether it
 * is background, a disc or a square.
 *   unet [STEPS [BACKEND [CHECKPOINT [MODEL]]]], as runner.h says; 100 steps unless STEPS are given */
#include "runner.h"

enum { BATCH = 16, PICTURES = 256, SIDE = 32, POINTS = SIDE * SIDE, LEVELS = 2, CLASSES = 3 };

/* ---- The network ---- */

/* What comes from below is brought to twice the size by a transposed convolution, whose kernel is the level's own. */
static void level_forward(void *user, tenka_module *level, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                          size_t n_out)
{
    struct tenka_conv_transpose2d_params params = TENKA_CONV_TRANSPOSE2D_DEFAULTS;
    (void)user, (void)n_in, (void)n_out;
    params.stride[0] = params.stride[1] = 2;
    const tenka_tensor skip = tenka_forward(tenka_module_child(level, "encode"), in[0]);
    const tenka_tensor below = tenka_forward(tenka_module_child(level, "below"), skip);
    const tenka_tensor up =
        tenka_conv_transpose2d(below, tenka_value(tenka_module_find(level, "up")), TENKA_NONE, &params);
    out[0] = tenka_forward(tenka_module_child(level, "decode"), tenka_concat((tenka_tensor[]){skip, up}, 2, 1));
}

/* Two convolutions, from so many channels to others. */
static tenka_status append_convolutions(tenka_module *module, const char *name, uint32_t from, uint32_t to)
{
    char text[300];
    snprintf(text, sizeof(text),
             "Sequential(Conv2d(%u, %u, 3, padding=1, bias=False), BatchNorm2d(%u), ReLU(), "
             "Conv2d(%u, %u, 3, padding=1, bias=False), BatchNorm2d(%u), ReLU())",
             from, to, to, to, to, to);
    return append_text(module, name, text);
}

/* Level((encode), (below): Sequential(MaxPool2d, a Level or convolutions), (decode)) */
static tenka_status append_level(tenka_module *module, const char *name, uint32_t depth, uint32_t from,
                                 uint32_t channels)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *level, *below;
    tenka_variable *up;
    params.forward = level_forward;
    TRY(append_class(module, name, "Level", &params, &level));
    TRY(append_convolutions(level, "encode", from, channels));
    TRY(append_text(level, "below", "Sequential(MaxPool2d(2))"));
    below = tenka_module_child(level, "below");
    TRY(append_convolutions(below, NULL, channels, 2 * channels));
    if (depth > 1)
        TRY(append_level(below, NULL, depth - 1, 2 * channels, 2 * channels));
    TRY(tenka_nn_add_parameter(level, "up", tenka_shape_of(2 * channels, channels, 2, 2), -0.2, 0.2, &up));
    return append_convolutions(level, "decode", 2 * channels, channels);
}

/* ---- Pictures, and what is to be learned of them ---- */

static int draw(uint32_t *state, int below)
{
    *state = *state * 1664525u + 1013904223u;
    return (int)(*state >> 16) % below;
}

/* A disc and a square in noise, and the class of each point. */
static void paint(uint32_t *state, uint8_t *picture, int32_t *classes)
{
    const int size = 4 + draw(state, 4), a = 8 + draw(state, 16), b = 8 + draw(state, 16);
    const int u = draw(state, SIDE - 2 * size), v = draw(state, SIDE - 2 * size);
    for (int i = 0; i < POINTS; i++) {
        const int y = i / SIDE, x = i % SIDE;
        const bool disc = (y - a) * (y - a) + (x - b) * (x - b) <= size * size;
        const bool square = y >= u && y < u + 2 * size && x >= v && x < v + 2 * size;
        classes[i] = square ? 2 : disc;
        picture[i] = (uint8_t)((classes[i] != 0 ? 130 : 40) + draw(state, 80));
    }
}

/* The label of a picture is its number, by which its classes are found in a table. */
static tenka_status make_data(struct run *r)
{
    static uint8_t pictures[PICTURES][POINTS];
    static int32_t labels[PICTURES], classes[PICTURES][POINTS];
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_dataset *data;
    uint32_t state = 1;
    for (int n = 0; n < PICTURES; n++) {
        labels[n] = n;
        paint(&state, pictures[n], classes[n]);
    }
    params.batch_size = BATCH;
    params.shuffle = true;
    TRY(tenka_variable_create(r->ctx, TENKA_I32, tenka_shape_of(PICTURES, POINTS), classes, false, &r->table));
    TRY(tenka_dataset_create(r->ctx, pictures[0], labels, PICTURES, 1, SIDE, SIDE, &data));
    const tenka_status status = tenka_loader_create(r->ctx, data, &params, &r->training.train_loader);
    tenka_dataset_destroy(&data);
    return status;
}

/* ---- Training ---- */

static tenka_status make(struct run *r)
{
    struct tenka_training *t = &r->training;
    struct tenka_adam_params params = TENKA_ADAM_DEFAULTS;
    params.lr = 0.01;
    TRY(tenka_nn_sequential(r->ctx, &t->net));
    TRY(append_level(t->net, NULL, LEVELS, 1, 8));
    TRY(append_text(t->net, NULL, "Conv2d(8, 3, 1)"));
    TRY(make_data(r));
    return tenka_adam_create(r->ctx, t->net, &params, &t->optimizer);
}

static tenka_tensor loss(struct run *r, const struct tenka_batch *batch, tenka_tensor *right, uint32_t *answers)
{
    /* A row of scores for each point. */
    const tenka_tensor y = tenka_forward(r->training.net, batch->input);
    *answers = batch->size * POINTS;
    const tenka_tensor scores =
        tenka_reshape(tenka_permute(y, (const uint32_t[]){0, 2, 3, 1}), tenka_shape_of(*answers, CLASSES));
    const tenka_tensor classes =
        tenka_reshape(tenka_gather(tenka_value(r->table), batch->target), tenka_shape_of(*answers));
    *right = tenka_equal_count(tenka_argmax(scores, 1), classes);
    return tenka_cross_entropy(scores, classes);
}

int main(int argc, char **argv)
{
    const struct example unet = {"unet", 100, make, loss};
    return runner_main(&unet, argc, argv);
}
