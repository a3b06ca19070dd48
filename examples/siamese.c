/* Two images go through one network, whose two outputs together say whether both show the same class: pytorch/examples'
 * siamese_network/main.py on Fashion-MNIST, with a smaller trunk than its ResNet-18. Half of the pairs are of one class.
 *   siamese [--epochs N] ..., as options.h says; 14 epochs of 60,000 pairs unless told otherwise; --limit is of pairs */
#include "options.h"

static const char network[] =
    "SiameseNetwork((trunk): Sequential(Conv2d(1, 32, 3) ReLU() MaxPool2d(2) Conv2d(32, 64, 3) ReLU() MaxPool2d(2) "
    "Flatten() Linear(1600, 256)), (fc): Sequential(Linear(512, 256) ReLU() Linear(256, 1) Sigmoid()))";

/* All images of a half of the data lie on the device, and pairs are rows of them. */
struct half {
    tenka_dataset *data;
    tenka_variable *images;
    uint32_t state; /* of the pairs' generator */
};

struct siamese {
    tenka_ctx *ctx;
    struct half train, test;
    tenka_module *net;
    tenka_optimizer *adadelta;
    tenka_schedule *schedule;
    tenka_loss *bce;
    tenka_meter *meter[2]; /* loss, share of right answers */
};

/* ---- Pairs ---- */

static int32_t draw(struct half *h)
{
    h->state = h->state * 1664525u + 1013904223u;
    return (int32_t)((h->state >> 4) % tenka_dataset_count(h->data));
}

/* Two images of one class, or of two; where there are no such, as of a handful of images, whatever comes. */
static float draw_pair(struct half *h, bool same, int32_t *a, int32_t *b)
{
    const int32_t *const label = tenka_dataset_labels(h->data);
    for (int tries = 0; tries == 0 || (tries < 10000 && (label[*a] == label[*b]) != same); tries++)
        *a = draw(h), *b = draw(h);
    return label[*a] == label[*b];
}

/* images[index] / 255 */
static tenka_tensor rows(const struct half *h, const int32_t *index, uint32_t n)
{
    tenka_ctx *const ctx = tenka_variable_ctx(h->images);
    const tenka_tensor x = tenka_gather(tenka_value(h->images), tenka_input(ctx, TENKA_I32, tenka_shape_of(n), index));
    return tenka_normalize_bytes(x, tenka_full(ctx, tenka_shape_of(1), 0), tenka_full(ctx, tenka_shape_of(1), 1));
}

/* ---- The network ---- */

static tenka_tensor forward(const struct siamese *s, tenka_tensor first, tenka_tensor second)
{
    tenka_module *const trunk = tenka_module_child(s->net, "trunk"), *const fc = tenka_module_child(s->net, "fc");
    const tenka_tensor both[] = {tenka_forward(trunk, first), tenka_forward(trunk, second)};
    return tenka_forward(fc, tenka_concat(both, 2, 1));
}

/* The loss of n new pairs. An answer is right where it is on the pair's side of 1/2. */
static tenka_tensor run_batch(struct siamese *s, struct half *h, uint32_t n)
{
    static int32_t first[MAX_BATCH], second[MAX_BATCH];
    static float same[MAX_BATCH];
    for (uint32_t i = 0; i < n; i++)
        same[i] = draw_pair(h, i % 2 == 0, &first[i], &second[i]);
    const tenka_tensor target = tenka_input(s->ctx, TENKA_F32, tenka_shape_of(n, 1), same);
    const tenka_tensor output = forward(s, rows(h, first, n), rows(h, second, n));
    const tenka_tensor answers = tenka_gt(output, tenka_full(s->ctx, tenka_shape_of(1), 0.5));
    const tenka_tensor loss = tenka_loss_of(s->bce, output, target);
    tenka_meter_add(s->meter[1], tenka_mean(tenka_eq(answers, target), TENKA_ALL_AXES, false));
    tenka_meter_add(s->meter[0], loss);
    return loss;
}

/* So many batches of training, or of testing; mean loss and share of right answers. */
static tenka_status run_batches(struct siamese *s, bool train, unsigned long batches, uint32_t size, double mean[2])
{
    for (unsigned long i = 0; i < batches; i++) {
        const tenka_tensor loss = run_batch(s, train ? &s->train : &s->test, size);
        if (train)
            tenka_backward(loss);
        TRY(train ? tenka_optimizer_step(s->adadelta) : tenka_step_end(s->ctx));
    }
    for (int i = 0; i < 2; i++) {
        TRY(tenka_meter_read(s->meter[i], NULL, &mean[i], NULL));
        TRY(tenka_meter_reset(s->meter[i]));
    }
    return TENKA_OK;
}

static tenka_status load(struct siamese *s, const char *folder, bool train, uint32_t seed, struct half *h)
{
    TRY(tenka_dataset_load_idx(s->ctx, folder, train, &h->data));
    const struct tenka_shape one = tenka_dataset_image_shape(h->data);
    const uint32_t all[] = {(uint32_t)tenka_dataset_count(h->data), one.dim[0], one.dim[1], one.dim[2]};
    h->state = seed;
    return tenka_variable_create(s->ctx, TENKA_U8, tenka_shape_make(4, all), tenka_dataset_images(h->data), false,
                                 &h->images);
}

static tenka_status make(struct siamese *s, const struct options *o)
{
    struct tenka_optimizer_params params = TENKA_OPTIMIZER_DEFAULTS;
    TRY(tenka_nn_parse(s->ctx, network, &s->net));
    TRY(tenka_module_init(s->net, NULL, "xavier_uniform_()"));
    TRY(tenka_optimizer_read(s->ctx, "Adadelta(lr=1.0)", &params));
    TRY(tenka_optimizer_create(s->ctx, s->net, &params, &s->adadelta));
    TRY(tenka_schedule_create(s->adadelta, "StepLR(step_size=1, gamma=0.7)", NULL, &s->schedule));
    TRY(tenka_loss_parse(s->ctx, "BCELoss()", &s->bce));
    TRY(tenka_meter_create(s->ctx, &s->meter[0]));
    TRY(tenka_meter_create(s->ctx, &s->meter[1]));
    TRY(load(s, o->data, true, (uint32_t)o->seed + 1, &s->train));
    return load(s, o->data, false, (uint32_t)o->seed + 2, &s->test);
}

static tenka_status run_epoch(struct siamese *s, const struct options *o, unsigned long epoch)
{
    const unsigned long size = o->batch_size, pairs = o->limit > 0 ? o->limit : tenka_dataset_count(s->train.data);
    const unsigned long test_pairs = o->limit > 0 ? o->limit : tenka_dataset_count(s->test.data);
    double train[2], test[2];
    TRY(run_batches(s, true, (pairs + size - 1) / size, (uint32_t)size, train));
    TRY(tenka_schedule_after_epoch(s->schedule, 0));
    tenka_no_grad_begin(s->ctx);
    const tenka_status status = run_batches(s, false, (test_pairs + size - 1) / size, (uint32_t)size, test);
    tenka_no_grad_end(s->ctx);
    printf("epoch %2lu  train loss %.4f  test loss %.4f  right %.2f %%\n", epoch, train[0], test[0], 100 * test[1]);
    return status;
}

static tenka_status run(tenka_ctx *ctx, const struct options *o)
{
    struct siamese s = {.ctx = ctx};
    tenka_status status = make(&s, o);
    for (unsigned long epoch = 1; status == TENKA_OK && epoch <= o->epochs; epoch++)
        status = run_epoch(&s, o, epoch);
    tenka_meter_destroy(&s.meter[0]), tenka_meter_destroy(&s.meter[1]), tenka_loss_destroy(&s.bce);
    tenka_schedule_destroy(&s.schedule), tenka_optimizer_destroy(&s.adadelta), tenka_module_destroy(&s.net);
    tenka_variable_destroy(&s.train.images), tenka_variable_destroy(&s.test.images);
    tenka_dataset_destroy(&s.train.data), tenka_dataset_destroy(&s.test.data);
    return status;
}

int main(int argc, char **argv)
{
    const struct options usual = {.data = "/usr/share/datasets/fashion-mnist", .epochs = 14, .batch_size = 64};
    return options_main("siamese", usual, argc, argv, run);
}
