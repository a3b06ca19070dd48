/* Targets that are the input, and what a loss of labels or of probabilities wants. */
#include <string.h>

#include "tenka.h"

static const struct tenka_preprocessing *saved(const struct session *s)
{
    return s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
}

bool targets_are_input(const struct session *s)
{
    const char *const target = s->options->target;
    return target != NULL && strcmp(target, "input") == 0 && tenka_dataset_table(session_data(s)) == NULL;
}

int targets_set(struct session *s)
{
    tenka_dataset *const halves[] = {s->train_data, s->test_data};
    const bool tested = s->train_data == NULL && saved(s) != NULL && saved(s)->target_is_input;
    if (!tested && !targets_are_input(s))
        return EXIT_CODE_OK;
    if (session_has_masks(s))
        return say_failed("--target input makes targets of the pictures, which have masks for that: leave one of both "
                          "out");
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
        if (halves[i] != NULL && tenka_dataset_set_target_input(halves[i]) != TENKA_OK)
            return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

/* Normalised images are below 0 and above 1. */
int targets_check(const struct session *s)
{
    const tenka_dataset *const data = session_data(s);
    const char *const name = tenka_loss_name(s->loss);
    const uint32_t channels = tenka_dataset_image_shape(data).dim[0];
    if (!tenka_dataset_target_is_input(data) || tenka_dataset_input_dtype(data) != TENKA_U8 ||
        (strcmp(name, "BCELoss") != 0 && strcmp(name, "BCEWithLogitsLoss") != 0))
        return EXIT_CODE_OK;
    for (uint32_t c = 0; c < channels; c++) {
        double mean, std;
        tenka_dataset_normalization(data, c, &mean, &std);
        if (mean != 0 || std != 1)
            return say_failed(
                "%s takes targets from 0 to 1, but the images are normalised, and so below 0 and above 1: "
                "%s",
                name,
                tenka_dataset_transform(data) != NULL ? "leave Normalize() out of the transform"
                                                      : "give --mean 0 --std 1");
    }
    return EXIT_CODE_OK;
}

const char *targets_loss(const struct session *s)
{
    const bool tested = s->train_data == NULL && saved(s) != NULL && saved(s)->loss != NULL;
    return tested ? saved(s)->loss : "MSELoss()";
}

enum label_scores targets_labels(const struct session *s)
{
    const char *const text = saved(s) != NULL ? saved(s)->loss : NULL;
    enum label_scores scores = LABELS_NONE;
    tenka_loss *loss = NULL;
    if (text == NULL || tenka_loss_parse(s->ctx, text, &loss) != TENKA_OK)
        return LABELS_NONE;
    const char *const name = tenka_loss_name(loss);
    if (strcmp(name, "BCELoss") == 0)
        scores = LABELS_PROBABILITIES;
    else if (strcmp(name, "BCEWithLogitsLoss") == 0 || strcmp(name, "MultiLabelSoftMarginLoss") == 0)
        scores = LABELS_LOGITS;
    tenka_loss_destroy(&loss);
    return scores;
}
