/* ResNet-20 for small pictures in colour (He and others, Deep Residual Learning for Image Recognition, 2015, section
 * 4.2), whose blocks are a class in C. A shortcut has no parameters: where a block halves the size and doubles the
 * channels, it takes each second row and column, and zeros are the channels that it lacks.
 *   resnet20 [STEPS [BACKEND [CHECKPOINT [MODEL]]]], as runner.h says; 60 steps unless STEPS are given
 * It learns stripes of ten directions; pictures such as CIFAR's would come from tenka_dataset_create as well. */
#include "runner.h"

#include <math.h>

enum { BATCH = 32, PICTURES = 640, SIDE = 32, COLOURS = 3, CLASSES = 10, BLOCKS = 3 };

/* ---- The network ---- */

/* x, or, when the body has halved its size, each second row and column of x between two lots of zeros. */
static tenka_tensor shortcut(tenka_tensor x, tenka_tensor like)
{
    const struct tenka_shape from = tenka_tensor_shape(x), to = tenka_tensor_shape(like);
    struct tenka_avg_pool2d_params params = TENKA_AVG_POOL2D_DEFAULTS;
    if (from.rank != 4 || from.dim[1] == to.dim[1])
        return x;
    params.kernel[0] = params.kernel[1] = 1;
    params.stride[0] = params.stride[1] = 2;
    const tenka_tensor half = tenka_avg_pool2d(x, &params);
    const tenka_tensor zeros = tenka_scale(tenka_slice(half, 1, 0, (to.dim[1] - from.dim[1]) / 2), 0);
    return tenka_concat((tenka_tensor[]){zeros, half, zeros}, 3, 1);
}

/* relu(body(x) + x) */
static void block_forward(void *user, tenka_module *block, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                          size_t n_out)
{
    (void)user, (void)n_in, (void)n_out;
    const tenka_tensor y = tenka_forward(tenka_module_child(block, "body"), in[0]);
    out[0] = tenka_relu(tenka_add(y, shortcut(in[0], y)));
}

static tenka_status append_block(tenka_module *stage, int from, int to)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *block;
    char text[300];
    params.forward = block_forward;
    snprintf(text, sizeof(text),
             "Sequential(Conv2d(%d, %d, 3, stride=%d, padding=1, bias=False), BatchNorm2d(%d), ReLU(), "
             "Conv2d(%d, %d, 3, padding=1, bias=False), BatchNorm2d(%d))",
             from, to, from == to ? 1 : 2, to, to, to, to);
    TRY(append_class(stage, NULL, "Block", &params, &block));
    return append_text(block, "body", text);
}

/* Three stages of blocks, of 16, 32 and 64 channels. */
static tenka_status append_stages(tenka_module *net)
{
    for (int stage = 0; stage < 3; stage++)
        for (int block = 0; block < BLOCKS; block++) {
            const int channels = 16 << stage;
            TRY(append_block(net, stage > 0 && block == 0 ? channels / 2 : channels, channels));
        }
    return TENKA_OK;
}

static tenka_status append_all(tenka_module *net)
{
    TRY(append_text(net, NULL, "Conv2d(3, 16, 3, padding=1, bias=False)"));
    TRY(append_text(net, NULL, "BatchNorm2d(16)"));
    TRY(append_text(net, NULL, "ReLU()"));
    TRY(append_stages(net));
    TRY(append_text(net, NULL, "AdaptiveAvgPool2d(1)"));
    TRY(append_text(net, NULL, "Flatten()"));
    return append_text(net, NULL, "Linear(64, 10)");
}

/* ---- Pictures ---- */

/* Stripes of a colour, in the direction that the class says, with a phase and noise. */
static void paint(uint32_t *state, int class, uint8_t picture[COLOURS][SIDE * SIDE])
{
    const double angle = 3.14159265 * class / CLASSES, phase = (double)(*state >> 16) / 8192;
    for (int c = 0; c < COLOURS; c++)
        for (int i = 0; i < SIDE * SIDE; i++) {
            const double along = cos(angle) * (i % SIDE) + sin(angle) * (i / SIDE);
            *state = *state * 1664525u + 1013904223u;
            picture[c][i] = (uint8_t)(128 + (70 - 20 * c) * sin(along + phase) + (*state >> 16) % 40);
        }
}

static tenka_status make_data(struct run *r)
{
    static uint8_t pictures[PICTURES][COLOURS][SIDE * SIDE];
    static int32_t labels[PICTURES];
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_dataset *data;
    uint32_t state = 1;
    for (int n = 0; n < PICTURES; n++)
        paint(&state, labels[n] = n % CLASSES, pictures[n]);
    params.batch_size = BATCH;
    params.shuffle = true;
    TRY(tenka_dataset_create(r->ctx, pictures[0][0], labels, PICTURES, COLOURS, SIDE, SIDE, &data));
    const tenka_status status = tenka_loader_create(r->ctx, data, &params, &r->training.train_loader);
    tenka_dataset_destroy(&data);
    return status;
}

/* ---- Training ---- */

static tenka_status make(struct run *r)
{
    struct tenka_training *t = &r->training;
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    params.lr = 0.05;
    params.momentum = 0.9;
    params.weight_decay = 1e-4;
    TRY(tenka_nn_sequential(r->ctx, &t->net));
    TRY(append_all(t->net));
    TRY(make_data(r));
    return tenka_sgd_create(r->ctx, t->net, &params, &t->optimizer);
}

static tenka_tensor loss(struct run *r, const struct tenka_batch *batch, tenka_tensor *right, uint32_t *answers)
{
    const tenka_tensor scores = tenka_forward(r->training.net, batch->input);
    *answers = batch->size;
    *right = tenka_equal_count(tenka_argmax(scores, 1), batch->target);
    return tenka_cross_entropy(scores, batch->target);
}

int main(int argc, char **argv)
{
    const struct example resnet20 = {"resnet20", 60, make, loss};
    return runner_main(&resnet20, argc, argv);
}
