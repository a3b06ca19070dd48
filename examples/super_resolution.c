/* Pictures at three times their size by a sub-pixel network (Shi and others, Real-Time Single Image and Video
 * Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network, 2016): pytorch/examples'
 * super_resolution/main.py, on patches of grey pictures. --data is a folder with folders of pictures, of which a fifth is
 * for testing; without it pictures are drawn. It writes small patches brought up by interpolation and by the network,
 * and the originals, in three rows, super_resolution_1.png, into the folder --out.
 *   super_resolution [--epochs N] ..., as options.h says; 30 epochs unless told otherwise */
#include "options.h"

#include <math.h>

enum { SCALE = 3, PATCH = 48, DRAWN = 160, SIDE = 96, SHOWN = 8 };

static const char network[] = "Net((conv1): Conv2d(1, 64, 5, padding=2), (relu1): ReLU(), "
                              "(conv2): Conv2d(64, 64, 3, padding=1), (relu2): ReLU(), "
                              "(conv3): Conv2d(64, 32, 3, padding=1), (relu3): ReLU(), "
                              "(conv4): Conv2d(32, 9, 3, padding=1), (pixel_shuffle): PixelShuffle(3))";
static const char train_patch[] = "Compose([Grayscale(), RandomCrop(48, pad_if_needed=True), ToTensor()])";
static const char test_patch[] = "Compose([Grayscale(), CenterCrop(48), ToTensor()])";

struct work {
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_optimizer *adam;
    tenka_dataset *data[2]; /* to train on, to test on */
    tenka_loader *loader[2];
    tenka_meter *loss[2]; /* mean squared errors of the network, and of interpolation */
};

/* ---- Pictures ---- */

static int draw(uint32_t *state, int below)
{
    *state = *state * 1664525u + 1013904223u;
    return (int)((*state >> 8) % (uint32_t)below);
}

/* Discs over each other. */
static void paint(uint32_t *state, uint8_t *picture)
{
    for (int disc = 0; disc < 24; disc++) {
        const int a = draw(state, SIDE), b = draw(state, SIDE), size = 3 + draw(state, 24), grey = draw(state, 256);
        for (int i = 0; i < SIDE * SIDE; i++)
            if (disc == 0 || (i % SIDE - a) * (i % SIDE - a) + (i / SIDE - b) * (i / SIDE - b) < size * size)
                picture[i] = (uint8_t)grey;
    }
}

static tenka_status draw_pictures(tenka_ctx *ctx, tenka_dataset **out)
{
    static uint8_t pictures[DRAWN][SIDE * SIDE];
    static const int32_t labels[DRAWN];
    uint32_t state = 1;
    for (int i = 0; i < DRAWN; i++)
        paint(&state, pictures[i]);
    return tenka_dataset_create(ctx, pictures[0], labels, DRAWN, 1, SIDE, SIDE, out);
}

static tenka_status make(struct work *w, const struct options *o)
{
    struct tenka_folder_params folder = TENKA_FOLDER_DEFAULTS;
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    folder.skip_bad = true, params.batch_size = (uint32_t)o->batch_size;
    TRY(o->data == NULL ? draw_pictures(w->ctx, &w->data[0])
                        : tenka_dataset_load_folder(w->ctx, o->data, &folder, &w->data[0]));
    TRY(tenka_dataset_split(w->data[0], 0.2, o->seed, &w->data[1]));
    if (o->limit > 0)
        tenka_dataset_truncate(w->data[0], o->limit);
    for (int i = 0; i < 2; i++) {
        params.shuffle = i == 0;
        TRY(tenka_dataset_set_transform(w->data[i], i == 0 ? train_patch : test_patch));
        TRY(tenka_loader_create(w->ctx, w->data[i], &params, &w->loader[i]));
        TRY(tenka_meter_create(w->ctx, &w->loss[i]));
    }
    TRY(tenka_nn_parse(w->ctx, network, &w->net));
    return tenka_adam_create(w->ctx, w->net, NULL, &w->adam); /* learning rate 0.001 */
}

/* ---- Training and testing ---- */

static tenka_tensor interpolate(tenka_tensor x)
{
    struct tenka_interpolate_params params = TENKA_INTERPOLATE_DEFAULTS;
    params.mode = TENKA_INTERPOLATE_LINEAR, params.output[0] = params.output[1] = PATCH;
    return tenka_interpolate(x, &params);
}

static tenka_status save_rows(const tenka_tensor rows[3], uint32_t size, const char *path)
{
    struct tenka_grid_params params = TENKA_GRID_DEFAULTS;
    tenka_tensor shown[3];
    params.columns = size < SHOWN ? size : SHOWN;
    for (int i = 0; i < 3; i++)
        shown[i] = tenka_slice(rows[i], 0, 0, params.columns);
    return tenka_image_save_grid(tenka_concat(shown, 3, 0), &params, path);
}

/* An epoch of training; or, with a path for the pictures, of testing. *psnr: of the network and of interpolation. */
static tenka_status run_epoch(struct work *w, tenka_loader *loader, const char *path, double psnr[2])
{
    struct tenka_batch batch;
    tenka_status status;
    while ((status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        const tenka_tensor small = tenka_adaptive_avg_pool2d(batch.input, PATCH / SCALE, PATCH / SCALE);
        const tenka_tensor rows[] = {interpolate(small), tenka_forward(w->net, small), batch.input};
        const tenka_tensor loss = tenka_mse_loss(rows[1], batch.input);
        tenka_meter_add(w->loss[0], loss);
        tenka_meter_add(w->loss[1], tenka_mse_loss(rows[0], batch.input));
        if (path == NULL) {
            tenka_backward(loss);
            TRY(tenka_optimizer_step(w->adam));
        } else {
            TRY(batch.index == 0 ? save_rows(rows, batch.size, path) : tenka_step_end(w->ctx));
        }
    }
    for (int i = 0; i < 2 && status == TENKA_END; i++) {
        TRY(tenka_meter_read(w->loss[i], NULL, &psnr[i], NULL));
        TRY(tenka_meter_reset(w->loss[i]));
        psnr[i] = -10 * log10(psnr[i]);
    }
    return status == TENKA_END ? TENKA_OK : status;
}

static tenka_status run(tenka_ctx *ctx, const struct options *o)
{
    struct work w = {.ctx = ctx};
    double train[2], test[2];
    char path[4096];
    tenka_status status = make(&w, o);
    for (unsigned long epoch = 1; status == TENKA_OK && epoch <= o->epochs; epoch++) {
        snprintf(path, sizeof(path), "%s/super_resolution_%lu.png", o->out, epoch);
        status = run_epoch(&w, w.loader[0], NULL, train);
        tenka_no_grad_begin(ctx);
        if (status == TENKA_OK)
            status = run_epoch(&w, w.loader[1], path, test);
        tenka_no_grad_end(ctx);
        if (status == TENKA_OK)
            printf("epoch %2lu  train PSNR %.2f dB  test PSNR %.2f dB  (interpolation %.2f dB)\n", epoch, train[0],
                   test[0], test[1]);
    }
    for (int i = 0; i < 2; i++)
        tenka_meter_destroy(&w.loss[i]), tenka_loader_destroy(&w.loader[i]), tenka_dataset_destroy(&w.data[i]);
    tenka_optimizer_destroy(&w.adam), tenka_module_destroy(&w.net);
    return status;
}

int main(int argc, char **argv)
{
    return options_main("super_resolution", (struct options){.out = ".", .epochs = 30, .batch_size = 4}, argc, argv,
                        run);
}
