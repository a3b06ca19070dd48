/* A variational autoencoder (Kingma and Welling, Auto-Encoding Variational Bayes, 2014): pytorch/examples' vae/main.py on
 * Fashion-MNIST. After each epoch it writes test images beside what becomes of them, reconstruction_1.png, and images
 * that it has made up, sample_1.png, into the folder --out.
 *   vae [--epochs N] ..., as options.h says; 10 epochs unless told otherwise */
#include "options.h"

enum { PIXELS = 784, LATENT = 20, SHOWN = 8, SAMPLES = 64 };

struct vae {
    tenka_module *net;
    tenka_optimizer *adam;
    tenka_loader *train, *test;
    tenka_meter *loss;
    tenka_loss *bce;
};

static const char network[] = "VAE((fc1): Linear(784, 400), (fc21): Linear(400, 20), (fc22): Linear(400, 20), "
                              "(fc3): Linear(20, 400), (fc4): Linear(400, 784))";

/* ---- The model ---- */

static tenka_tensor layer(const struct vae *v, const char *name, tenka_tensor x)
{
    return tenka_forward(tenka_module_child(v->net, name), x);
}

static void encode(const struct vae *v, tenka_tensor x, tenka_tensor *mu, tenka_tensor *logvar)
{
    const tenka_tensor h1 = tenka_relu(layer(v, "fc1", x));
    *mu = layer(v, "fc21", h1);
    *logvar = layer(v, "fc22", h1);
}

static tenka_tensor reparameterize(tenka_tensor mu, tenka_tensor logvar)
{
    const tenka_tensor std = tenka_exp(tenka_scale(logvar, 0.5));
    const tenka_tensor eps = tenka_randn(mu.ctx, tenka_tensor_shape(std));
    return tenka_add(mu, tenka_mul(eps, std));
}

static tenka_tensor decode(const struct vae *v, tenka_tensor z)
{
    return tenka_sigmoid(layer(v, "fc4", tenka_relu(layer(v, "fc3", z))));
}

/* Reconstruction and KL divergence, -0.5 sum(1 + log(sigma^2) - mu^2 - sigma^2), summed over the batch. */
static tenka_tensor loss_function(const struct vae *v, tenka_tensor recon, tenka_tensor x, tenka_tensor mu,
                                  tenka_tensor logvar)
{
    const tenka_tensor bce = tenka_loss_of(v->bce, recon, x), one = tenka_full(x.ctx, tenka_shape_of(1), 1);
    const tenka_tensor inside = tenka_sub(tenka_sub(tenka_add(one, logvar), tenka_square(mu)), tenka_exp(logvar));
    return tenka_add(bce, tenka_scale(tenka_sum(inside, TENKA_ALL_AXES, false), -0.5));
}

static tenka_tensor run_batch(const struct vae *v, const struct tenka_batch *batch, tenka_tensor *recon)
{
    const tenka_tensor x = tenka_reshape(batch->input, tenka_shape_of(batch->size, PIXELS));
    tenka_tensor mu, logvar;
    encode(v, x, &mu, &logvar);
    *recon = decode(v, reparameterize(mu, logvar));
    return loss_function(v, *recon, x, mu, logvar);
}

/* ---- Training and testing ---- */

/* The first images above what the network makes of them. */
static tenka_status save_comparison(const struct tenka_batch *batch, tenka_tensor recon, const char *path)
{
    const uint32_t n = batch->size < SHOWN ? batch->size : SHOWN;
    const tenka_tensor images = tenka_reshape(recon, tenka_shape_of(batch->size, 1, 28, 28));
    const tenka_tensor both[] = {tenka_slice(batch->input, 0, 0, n), tenka_slice(images, 0, 0, n)};
    return tenka_image_save_grid(tenka_concat(both, 2, 0), NULL, path);
}

/* An epoch of training; or, with a path for the comparison, of testing. *mean: the loss of an image. */
static tenka_status run_epoch(const struct vae *v, tenka_loader *loader, const char *path, double *mean)
{
    struct tenka_batch batch;
    tenka_tensor recon;
    tenka_status status;
    double sum, images = 0;
    while ((status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        const tenka_tensor loss = run_batch(v, &batch, &recon);
        tenka_meter_add(v->loss, loss);
        images += batch.size;
        if (path == NULL) {
            tenka_backward(loss);
            TRY(tenka_optimizer_step(v->adam));
        } else {
            TRY(batch.index == 0 ? save_comparison(&batch, recon, path) : tenka_step_end(loss.ctx));
        }
    }
    if (status != TENKA_END)
        return status;
    TRY(tenka_meter_read(v->loss, &sum, NULL, NULL));
    *mean = sum / images;
    return tenka_meter_reset(v->loss);
}

/* Tests, and decodes random points of the latent space. */
static tenka_status show(const struct vae *v, const struct options *o, unsigned long epoch, double *mean)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/reconstruction_%lu.png", o->out, epoch);
    TRY(run_epoch(v, v->test, path, mean));
    snprintf(path, sizeof(path), "%s/sample_%lu.png", o->out, epoch);
    const tenka_tensor images = decode(v, tenka_randn(tenka_module_ctx(v->net), tenka_shape_of(SAMPLES, LATENT)));
    return tenka_image_save_grid(tenka_reshape(images, tenka_shape_of(SAMPLES, 1, 28, 28)), NULL, path);
}

static tenka_status make(tenka_ctx *ctx, const struct options *o, struct vae *v)
{
    TRY(tenka_nn_parse(ctx, network, &v->net));
    TRY(tenka_adam_create(ctx, v->net, NULL, &v->adam)); /* learning rate 0.001 */
    TRY(tenka_loss_parse(ctx, "BCELoss(reduction='sum')", &v->bce));
    TRY(options_loader(ctx, o, true, 0, 1, &v->train));
    TRY(options_loader(ctx, o, false, 0, 1, &v->test));
    return tenka_meter_create(ctx, &v->loss);
}

static tenka_status run(tenka_ctx *ctx, const struct options *o)
{
    struct vae v = {.net = NULL};
    double loss[2];
    tenka_status status = make(ctx, o, &v);
    for (unsigned long epoch = 1; status == TENKA_OK && epoch <= o->epochs; epoch++) {
        status = run_epoch(&v, v.train, NULL, &loss[0]);
        tenka_no_grad_begin(ctx);
        if (status == TENKA_OK)
            status = show(&v, o, epoch, &loss[1]);
        tenka_no_grad_end(ctx);
        if (status == TENKA_OK)
            printf("epoch %2lu  train loss %.4f  test loss %.4f\n", epoch, loss[0], loss[1]);
    }
    tenka_meter_destroy(&v.loss), tenka_loss_destroy(&v.bce);
    tenka_loader_destroy(&v.train), tenka_loader_destroy(&v.test);
    tenka_optimizer_destroy(&v.adam), tenka_module_destroy(&v.net);
    return status;
}

int main(int argc, char **argv)
{
    const struct options usual = {
        .data = "/usr/share/datasets/fashion-mnist", .out = ".", .epochs = 10, .batch_size = 128};
    return options_main("vae", usual, argc, argv, run);
}
