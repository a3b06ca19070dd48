/* --class-weights: how much each class counts in the loss. */
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

#define MOST_TOLD 10

static int check(const struct session *s)
{
    if (!session_classifies(s))
        return say_failed("--class-weights weighs classes, but the targets of %s are floats", s->data_dir);
    if (tenka_loss_has_weights(s->loss))
        return say_failed("--class-weights and the weight of --loss both say what a class counts: leave one out");
    return EXIT_CODE_OK;
}

/* n / (classes * n of the class), of those that occur; 0 of others, and of what is ignored. Source: scikit-learn's
 * compute_class_weight. */
static void balance(const uint64_t *counts, uint32_t classes, double *out)
{
    double all = 0, occurring = 0;
    for (uint32_t i = 0; i < classes; i++) {
        all += (double)counts[i];
        occurring += counts[i] > 0;
    }
    for (uint32_t i = 0; i < classes; i++)
        out[i] = counts[i] > 0 ? all / (occurring * (double)counts[i]) : 0;
}

int class_weights_set(struct session *s, uint32_t outputs)
{
    const tenka_dataset *const data = s->train_data;
    if (data == NULL || !s->options->balanced)
        return EXIT_CODE_OK;
    if (check(s) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    const uint32_t classes = tenka_dataset_classes(data);
    const int32_t ignored = tenka_loss_ignore_index(s->loss);
    uint64_t *const counts = calloc(classes, sizeof(counts[0]));
    s->class_weights = calloc((size_t)outputs, sizeof(s->class_weights[0]));
    int code = counts != NULL && s->class_weights != NULL ? EXIT_CODE_OK : say_failed("out of memory");
    if (code == EXIT_CODE_OK && tenka_dataset_count_targets(data, counts) != TENKA_OK)
        code = say_library_failed(s->ctx);
    if (code == EXIT_CODE_OK && s->ignores && ignored >= 0 && (uint32_t)ignored < classes)
        counts[ignored] = 0;
    if (code == EXIT_CODE_OK)
        balance(counts, classes, s->class_weights);
    if (code == EXIT_CODE_OK && tenka_loss_set_class_weights(s->loss, s->class_weights, outputs) != TENKA_OK)
        code = say_library_failed(s->ctx);
    free(counts);
    return code;
}

void class_weights_tell(const struct session *s)
{
    const uint32_t classes = tenka_dataset_classes(session_data(s));
    if (s->class_weights == NULL)
        return;
    printf("weights ");
    for (uint32_t i = 0; i < classes && i < MOST_TOLD; i++)
        print_text(stdout, "%s %s %.4g", i > 0 ? "," : "", tenka_dataset_class_name(session_data(s), i),
                   s->class_weights[i]);
    printf("%s\n", classes > MOST_TOLD ? ", ..." : "");
}
