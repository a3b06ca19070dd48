/* A generator of images and a discriminator that learns to tell them from real ones (Radford and others, Unsupervised
 * Representation Learning with Deep Convolutional Generative Adversarial Networks, 2016): pytorch/examples' dcgan/main.py
 * with the networks of its cpp/dcgan, on Fashion-MNIST. After each epoch it writes what the generator makes of the same
 * 64 points, fake_1.png, into the folder --out.
 *   dcgan [--epochs N] ..., as options.h says; 10 epochs unless told otherwise */
#include "options.h"

enum { NOISE = 100, SHOWN = 64, SHOW_EVERY = 50, METERS = 4 };

static const char generator[] = "ConvTranspose2d(100, 256, 4, bias=False) BatchNorm2d(256) ReLU() "
                                "ConvTranspose2d(256, 128, 3, stride=2, padding=1, bias=False) BatchNorm2d(128) ReLU() "
                                "ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False) BatchNorm2d(64) ReLU() "
                                "ConvTranspose2d(64, 1, 4, stride=2, padding=1, bias=False) Tanh()";
static const char discriminator[] = "Conv2d(1, 64, 4, stride=2, padding=1, bias=False) LeakyReLU(0.2) "
                                    "Conv2d(64, 128, 4, stride=2, padding=1, bias=False) BatchNorm2d(128) "
                                    "LeakyReLU(0.2) "
                                    "Conv2d(128, 256, 4, stride=2, padding=1, bias=False) BatchNorm2d(256) "
                                    "LeakyReLU(0.2) Conv2d(256, 1, 3, bias=False) Sigmoid()";

struct gan {
    tenka_ctx *ctx;
    tenka_module *g, *d;
    tenka_optimizer *adam_g, *adam_d;
    tenka_loader *images;
    tenka_loss *bce;
    tenka_variable *fixed_noise;
    tenka_meter *meter[METERS]; /* loss of D, loss of G, D(x), D(G(z)) */
};

/* One step of both networks, which ends with the second. */
static tenka_status step(struct gan *gan, const struct tenka_batch *real)
{
    const struct tenka_shape answers = tenka_shape_of(real->size, 1, 1, 1);
    const tenka_tensor ones = tenka_full(gan->ctx, answers, 1), zeros = tenka_full(gan->ctx, answers, 0);

    /* The discriminator: maximize log(D(x)) + log(1 - D(G(z))). */
    const tenka_tensor on_real = tenka_forward(gan->d, real->input);
    const tenka_tensor noise = tenka_randn(gan->ctx, tenka_shape_of(real->size, NOISE, 1, 1));
    const tenka_tensor fake = tenka_forward(gan->g, noise);
    const tenka_tensor on_fake = tenka_forward(gan->d, tenka_detach(fake));
    const tenka_tensor loss_d =
        tenka_add(tenka_loss_of(gan->bce, on_real, ones), tenka_loss_of(gan->bce, on_fake, zeros));
    tenka_backward(loss_d);
    tenka_optimizer_update(gan->adam_d);

    /* The generator: maximize log(D(G(z))), of the discriminator as it is now. */
    const tenka_tensor loss_g = tenka_loss_of(gan->bce, tenka_forward(gan->d, fake), ones);
    tenka_backward(loss_g);
    tenka_optimizer_update(gan->adam_g);
    tenka_zero_grad(gan->ctx); /* the discriminator's, of the loss above */

    tenka_meter_add(gan->meter[0], loss_d);
    tenka_meter_add(gan->meter[1], loss_g);
    tenka_meter_add(gan->meter[2], tenka_mean(on_real, TENKA_ALL_AXES, false));
    tenka_meter_add(gan->meter[3], tenka_mean(on_fake, TENKA_ALL_AXES, false));
    return tenka_step_end(gan->ctx);
}

static tenka_status print_means(struct gan *gan, unsigned long epoch, uint32_t steps)
{
    double mean[METERS];
    for (int i = 0; i < METERS; i++) {
        TRY(tenka_meter_read(gan->meter[i], NULL, &mean[i], NULL));
        TRY(tenka_meter_reset(gan->meter[i]));
    }
    printf("epoch %2lu  step %4u of %zu  loss_D %.4f  loss_G %.4f  D(x) %.4f  D(G(z)) %.4f\n", epoch, steps,
           tenka_loader_batches(gan->images), mean[0], mean[1], mean[2], mean[3]);
    return TENKA_OK;
}

static tenka_status run_epoch(struct gan *gan, unsigned long epoch)
{
    struct tenka_batch real;
    tenka_status status;
    while ((status = tenka_loader_next(gan->images, &real)) == TENKA_OK) {
        TRY(step(gan, &real));
        if (real.index % SHOW_EVERY == SHOW_EVERY - 1 || real.index + 1 == tenka_loader_batches(gan->images))
            TRY(print_means(gan, epoch, real.index + 1));
    }
    return status == TENKA_END ? TENKA_OK : status;
}

static tenka_status show(const struct gan *gan, const char *folder, unsigned long epoch)
{
    struct tenka_grid_params params = TENKA_GRID_DEFAULTS;
    char path[4096];
    snprintf(path, sizeof(path), "%s/fake_%lu.png", folder, epoch);
    params.low = -1;
    tenka_no_grad_begin(gan->ctx);
    const tenka_tensor fake = tenka_forward(gan->g, tenka_value(gan->fixed_noise));
    const tenka_status status = tenka_image_save_grid(fake, &params, path);
    tenka_no_grad_end(gan->ctx);
    return status;
}

/* weights_init of main.py: weights of convolutions from N(0, 0.02), of normalisations from N(1, 0.02). */
static tenka_status make_network(tenka_ctx *ctx, const char *text, tenka_module **net, tenka_optimizer **adam)
{
    struct tenka_adam_params params = TENKA_ADAM_DEFAULTS;
    params.lr = 0.0002, params.beta1 = 0.5;
    TRY(tenka_nn_parse(ctx, text, net));
    for (int i = 0; i < 12; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d.weight", i);
        const tenka_variable *weight = tenka_module_find(*net, name);
        if (weight != NULL)
            TRY(tenka_module_init(
                *net, name, tenka_variable_shape(weight).rank == 4 ? "normal_(0.0, 0.02)" : "normal_(1.0, 0.02)"));
    }
    return tenka_adam_create(ctx, *net, &params, adam);
}

static tenka_status make(struct gan *gan, const struct options *o)
{
    TRY(make_network(gan->ctx, generator, &gan->g, &gan->adam_g));
    TRY(make_network(gan->ctx, discriminator, &gan->d, &gan->adam_d));
    TRY(tenka_loss_parse(gan->ctx, "BCELoss()", &gan->bce));
    TRY(options_loader(gan->ctx, o, true, 0.5, 0.5, &gan->images)); /* -1 to 1, as Tanh gives it */
    for (int i = 0; i < METERS; i++)
        TRY(tenka_meter_create(gan->ctx, &gan->meter[i]));
    TRY(tenka_keep(tenka_randn(gan->ctx, tenka_shape_of(SHOWN, NOISE, 1, 1)), &gan->fixed_noise));
    return tenka_step_end(gan->ctx);
}

static tenka_status run(tenka_ctx *ctx, const struct options *o)
{
    struct gan gan = {.ctx = ctx};
    tenka_status status = make(&gan, o);
    for (unsigned long epoch = 1; status == TENKA_OK && epoch <= o->epochs; epoch++) {
        status = run_epoch(&gan, epoch);
        if (status == TENKA_OK)
            status = show(&gan, o->out, epoch);
    }
    for (int i = 0; i < METERS; i++)
        tenka_meter_destroy(&gan.meter[i]);
    tenka_optimizer_destroy(&gan.adam_g), tenka_optimizer_destroy(&gan.adam_d);
    tenka_module_destroy(&gan.g), tenka_module_destroy(&gan.d);
    tenka_loader_destroy(&gan.images), tenka_loss_destroy(&gan.bce), tenka_variable_destroy(&gan.fixed_noise);
    return status;
}

int main(int argc, char **argv)
{
    const struct options usual = {
        .data = "/usr/share/datasets/fashion-mnist", .out = ".", .epochs = 10, .batch_size = 64};
    return options_main("dcgan", usual, argc, argv, run);
}
