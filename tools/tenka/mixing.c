/* Samples of a batch that are mixed with each other: --mixup and --cutmix. */
#include <string.h>

#include "tenka.h"

bool mixing_is_on(const struct options *o)
{
    return o->mixup > 0 || o->cutmix > 0;
}

int mixing_check(struct session *s, struct tenka_shape output)
{
    const struct options *const o = s->options;
    const char *const option = o->mixup > 0 ? "mixup" : "cutmix", *const loss = tenka_loss_name(s->loss);
    if (s->train_data == NULL || !mixing_is_on(o))
        return EXIT_CODE_OK;
    if (strcmp(loss, "CrossEntropyLoss") != 0)
        return say_failed(
            "--%s makes shares of classes of the targets, which of the losses only CrossEntropyLoss takes, "
            "and this one is %s%s",
            option, loss,
            session_classifies(s) ? "; --loss 'CrossEntropyLoss()' gives the same numbers where the "
                                    "network ends with LogSoftmax"
                                  : "");
    if (o->cutmix > 0 && tenka_dataset_image_shape(s->train_data).rank != 3)
        return say_failed(
            "--cutmix puts rectangles of pictures into others, but the samples of %s are none; --mixup mixes "
            "any",
            s->data_dir);
    if (s->ignores)
        return say_failed("--%s: some targets are what the loss ignores, and have no share that could be mixed; leave "
                          "such samples out",
                          option);
    s->outputs = session_classifies(s) ? output.dim[1] : 0;
    return EXIT_CODE_OK;
}

void mixing_describe(const struct session *s, struct tenka_loader_params *params)
{
    params->mixup = s->options->mixup;
    params->cutmix = s->options->cutmix;
    params->classes = s->outputs;
}

void mixing_tell(const struct session *s)
{
    const struct options *const o = s->options;
    char mixup[32], cutmix[32];
    if (s->train_data == NULL || !mixing_is_on(o))
        return;
    if (o->mixup > 0 && o->cutmix > 0)
        printf("mixing   by mixup, alpha %s, or cutmix, alpha %s, as is drawn for each batch",
               say_shortest(mixup, o->mixup), say_shortest(cutmix, o->cutmix));
    else
        printf("mixing   by %s, alpha %s", o->mixup > 0 ? "mixup" : "cutmix",
               say_shortest(mixup, o->mixup > 0 ? o->mixup : o->cutmix));
    puts("; the train loss is that of mixed targets");
}
