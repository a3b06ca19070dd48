/* What people call losses besides the names of torch.nn's classes. */
#include <ctype.h>
#include <string.h>

#include "tenka.h"

static const char *const class_names[] = {
    "CrossEntropyLoss",
    "NLLLoss",
    "MSELoss",
    "L1Loss",
    "SmoothL1Loss",
    "HuberLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "KLDivLoss",
    "PoissonNLLLoss",
    "GaussianNLLLoss",
    "SoftMarginLoss",
    "HingeEmbeddingLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "CosineEmbeddingLoss",
    "MarginRankingLoss",
    "TripletMarginLoss",
};

static const char *const others[][2] = {
    {"binary_cross_entropy", "BCELoss"},    {"binary_cross_entropy_with_logits", "BCEWithLogitsLoss"},
    {"negative_log_likelihood", "NLLLoss"}, {"mae", "L1Loss"},
    {"mean_squared_error", "MSELoss"},      {"mean_absolute_error", "L1Loss"},
};

/* Letters and digits alone, small, without "loss" at the end. */
static void reduce(const char *name, char out[static 64])
{
    size_t length = 0;
    for (; *name != '\0' && length < 63; name++)
        if (isalnum((unsigned char)*name))
            out[length++] = (char)tolower((unsigned char)*name);
    if (length > 4 && memcmp(out + length - 4, "loss", 4) == 0)
        length -= 4;
    out[length] = '\0';
}

static bool are_alike(const char *a, const char *b)
{
    char one[64], other[64];
    reduce(a, one);
    reduce(b, other);
    return strcmp(one, other) == 0;
}

const char *loss_class_of(const char *name)
{
    if (strchr(name, '(') != NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(class_names) / sizeof(class_names[0]); i++)
        if (are_alike(name, class_names[i]))
            return class_names[i];
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (are_alike(name, others[i][0]))
            return others[i][1];
    return NULL;
}
