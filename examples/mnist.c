/* mnist [FOLDER [LIMIT]]: trains a network on MNIST-like images; LIMIT: one epoch over so many images only.
 * Where the machine has other work, start it with OMP_WAIT_POLICY=passive in the environment: see tenka_ctx_create. */
#include <stdio.h>
#include <stdlib.h>
#include <tenka/tenka.h>

static const char network[] = "Conv2d(1, 20, 5) ReLU() MaxPool2d(2) Conv2d(20, 40, 5) ReLU() Flatten() "
                              "Linear(2560, 100) ReLU() Linear(100, 10) LogSoftmax(dim=1)";

static tenka_status train(tenka_module *net, tenka_loader *loader, tenka_optimizer *adam, tenka_meter *mean_loss)
{
    struct tenka_batch batch;
    tenka_status status;
    tenka_module_train(net, true);
    while ((status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        tenka_tensor loss = tenka_nll_loss(tenka_forward(net, batch.input), batch.target);
        tenka_backward(loss);
        tenka_meter_add(mean_loss, loss); /* accumulates on the device: nobody waits */
        if ((status = tenka_optimizer_step(adam)) != TENKA_OK)
            break;
        if (batch.index % 50 == 49)
            fprintf(stderr, "\r%5u of %zu steps ", batch.index + 1, tenka_loader_batches(loader));
    }
    return status == TENKA_END ? TENKA_OK : status;
}

static tenka_status test(tenka_module *net, tenka_loader *loader, tenka_meter *mean_loss, tenka_meter *correct)
{
    struct tenka_batch batch;
    tenka_status status;
    tenka_module_train(net, false);
    tenka_no_grad_begin(tenka_module_ctx(net));
    while ((status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        tenka_tensor output = tenka_forward(net, batch.input);
        tenka_meter_add(mean_loss, tenka_nll_loss(output, batch.target));
        tenka_meter_add(correct, tenka_equal_count(tenka_argmax(output, 1), batch.target));
        if ((status = tenka_step_end(tenka_module_ctx(net))) != TENKA_OK)
            break;
    }
    tenka_no_grad_end(tenka_module_ctx(net));
    return status == TENKA_END ? TENKA_OK : status;
}

#define TRY(call)                      \
    if ((status = (call)) != TENKA_OK) \
    goto out

int main(int argc, char **argv)
{
    const unsigned long limit = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (argc > 2 && limit == 0) {
        fputs("usage: mnist [FOLDER [LIMIT]]; LIMIT is a number of images\n", stderr);
        return 2;
    }
    const char *folder = argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist";
    tenka_ctx *ctx = NULL;
    tenka_dataset *train_set = NULL, *test_set = NULL;
    tenka_loader *train_loader = NULL, *test_loader = NULL;
    tenka_module *net = NULL;
    tenka_optimizer *adam = NULL;
    tenka_meter *meter[3] = {NULL, NULL, NULL}; /* training loss, test loss, correct answers */
    struct tenka_loader_params batches = TENKA_LOADER_DEFAULTS;
    batches.batch_size = 100, batches.shuffle = true;
    tenka_status status;
    TRY(tenka_ctx_create(NULL, &ctx)); /* the best GPU, else the CPU; seed 0 */
    TRY(tenka_dataset_load_idx(ctx, folder, true, &train_set));
    TRY(tenka_dataset_load_idx(ctx, folder, false, &test_set));
    if (argc > 2)
        tenka_dataset_truncate(train_set, limit);
    TRY(tenka_nn_parse(ctx, network, &net));
    TRY(tenka_loader_create(ctx, train_set, &batches, &train_loader));
    TRY(tenka_loader_create(ctx, test_set, &batches, &test_loader));
    TRY(tenka_adam_create(ctx, net, NULL, &adam)); /* learning rate 0.001 */
    for (int i = 0; i < 3; i++)
        TRY(tenka_meter_create(ctx, &meter[i]));
    for (int epoch = 0; epoch < (argc > 2 ? 1 : 5); epoch++) {
        double sum[3], mean[3];
        TRY(train(net, train_loader, adam, meter[0]));
        TRY(test(net, test_loader, meter[1], meter[2]));
        for (int i = 0; i < 3; i++) {
            TRY(tenka_meter_read(meter[i], &sum[i], &mean[i], NULL));
            TRY(tenka_meter_reset(meter[i]));
        }
        printf("\repoch %d  train loss %.4f  test loss %.4f  test accuracy %.2f %%\n", epoch, mean[0], mean[1],
               100 * sum[2] / (double)tenka_dataset_count(test_set));
    }
    TRY(tenka_model_save(net, NULL, "mnist_cnn.safetensors"));
out:
    if (status != TENKA_OK)
        fprintf(stderr, "mnist: %s\n", tenka_last_error(ctx));
    for (int i = 0; i < 3; i++)
        tenka_meter_destroy(&meter[i]);
    tenka_optimizer_destroy(&adam), tenka_module_destroy(&net);
    tenka_loader_destroy(&train_loader), tenka_loader_destroy(&test_loader);
    tenka_dataset_destroy(&train_set), tenka_dataset_destroy(&test_set);
    tenka_ctx_destroy(&ctx);
    return status == TENKA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
