/* What unet.c and resnet20.c share: a run from its options to its end, with checkpoints.
 *   PROGRAM [STEPS [BACKEND [CHECKPOINT [MODEL]]]]
 *     STEPS       of the whole run
 *     BACKEND     auto, vulkan or cpu
 *     CHECKPOINT  written each 5 steps; where it exists already the run goes on from there, bit for bit
 *     MODEL       the trained network's file
 * Where the machine has other work, start it with OMP_WAIT_POLICY=passive in the environment: see tenka_ctx_create. */
#ifndef EXAMPLES_RUNNER_H
#define EXAMPLES_RUNNER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenka/tenka.h>

#define TRY(call)                   \
    do {                            \
        tenka_status try_ = (call); \
        if (try_ != TENKA_OK)       \
            return try_;            \
    } while (0)

struct run {
    tenka_ctx *ctx;
    struct tenka_training training; /* network, optimizer, loader, steps: all that a checkpoint is about */
    tenka_variable *table;          /* of the example: what a batch's targets are rows of; or NULL */
};

/* An example: what is its own. */
struct example {
    const char *name;
    unsigned long steps;
    tenka_status (*make)(struct run *run); /* network, optimizer and loader */
    /* The loss of a batch, and how many of its answers, *answers in all, are right. */
    tenka_tensor (*loss)(struct run *run, const struct tenka_batch *batch, tenka_tensor *right, uint32_t *answers);
};

/* Appends what the text says. */
static inline tenka_status append_text(tenka_module *module, const char *name, const char *text)
{
    tenka_module *child = NULL;
    TRY(tenka_nn_parse(tenka_module_ctx(module), text, &child));
    return tenka_nn_append(module, name, child);
}

/* Appends a module of a class in C, which is the container's then, whatever happens; *out: for its children. */
static inline tenka_status append_class(tenka_module *module, const char *name, const char *class_name,
                                        const struct tenka_custom_params *params, tenka_module **out)
{
    *out = NULL;
    TRY(tenka_nn_custom(tenka_module_ctx(module), class_name, params, NULL, out));
    return tenka_nn_append(module, name, *out);
}

static inline tenka_status runner_step(const struct example *e, struct run *r, bool report)
{
    struct tenka_training *t = &r->training;
    struct tenka_batch batch;
    tenka_tensor right;
    uint32_t answers;
    double loss, count;
    tenka_status status = tenka_loader_next(t->train_loader, &batch);
    if (status == TENKA_END) { /* the next epoch begins */
        t->epoch++;
        status = tenka_loader_next(t->train_loader, &batch);
    }
    TRY(status);
    const tenka_tensor mean = e->loss(r, &batch, &right, &answers);
    tenka_backward(mean);
    TRY(tenka_optimizer_step(t->optimizer));
    t->step++;
    if (!report)
        return TENKA_OK;
    TRY(tenka_item(mean, &loss));
    TRY(tenka_item(right, &count));
    printf("step %4llu  loss %.4f  right %.2f %%\n", (unsigned long long)t->step, loss, 100 * count / answers);
    return TENKA_OK;
}

static inline bool runner_exists(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static inline tenka_status runner_run(const struct example *e, struct run *r, unsigned long steps,
                                      const char *checkpoint, const char *model)
{
    struct tenka_training *t = &r->training;
    TRY(e->make(r));
    printf("%s: %llu parameters, on %s\n", e->name, (unsigned long long)tenka_module_parameter_count(t->net),
           tenka_ctx_device_name(r->ctx));
    if (checkpoint != NULL && runner_exists(checkpoint)) {
        TRY(tenka_checkpoint_load(t, NULL, checkpoint));
        printf("goes on after step %llu\n", (unsigned long long)t->step);
    }
    while (t->step < steps) {
        TRY(runner_step(e, r, t->step % 10 == 0 || t->step + 1 == steps));
        if (checkpoint != NULL && t->step % 5 == 0)
            TRY(tenka_checkpoint_save(t, NULL, checkpoint));
    }
    return model != NULL ? tenka_model_save(t->net, NULL, model) : TENKA_OK;
}

static inline bool runner_backend(const char *name, enum tenka_backend *out)
{
    const bool vulkan = strcmp(name, "vulkan") == 0, cpu = strcmp(name, "cpu") == 0;
    *out = vulkan ? TENKA_BACKEND_VULKAN : cpu ? TENKA_BACKEND_CPU : TENKA_BACKEND_AUTO;
    return vulkan || cpu || strcmp(name, "auto") == 0;
}

static inline bool runner_steps(const char *text, unsigned long *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

static inline int runner_main(const struct example *e, int argc, char **argv)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    struct run r = {.training = TENKA_TRAINING_DEFAULTS};
    unsigned long steps = e->steps;
    if (argc > 5 || (argc > 1 && !runner_steps(argv[1], &steps)) ||
        (argc > 2 && !runner_backend(argv[2], &params.backend))) {
        fprintf(stderr,
                "usage: %s [STEPS [BACKEND [CHECKPOINT [MODEL]]]]; STEPS is a number, BACKEND auto, vulkan or cpu\n",
                e->name);
        return 2;
    }
    tenka_status status = tenka_ctx_create(&params, &r.ctx);
    if (status == TENKA_OK)
        status = runner_run(e, &r, steps, argc > 3 ? argv[3] : NULL, argc > 4 ? argv[4] : NULL);
    if (status != TENKA_OK)
        fprintf(stderr, "%s: %s\n", e->name, tenka_last_error(r.ctx));
    tenka_optimizer_destroy(&r.training.optimizer);
    tenka_loader_destroy(&r.training.train_loader);
    tenka_module_destroy(&r.training.net);
    tenka_variable_destroy(&r.table);
    tenka_ctx_destroy(&r.ctx);
    return status == TENKA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
