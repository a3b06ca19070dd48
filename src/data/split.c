/* One dataset becomes two: samples that train, and samples that test. */
#include <math.h>

#include "data/dataset.h"
#include "graph/graph.h"

/* Samples that belong together, of which each half gets a part: a class, or all. */
struct strata {
    const int32_t *labels; /* NULL: all samples are one */
    uint32_t classes;
    size_t *left; /* of each, samples that are still to be moved; one more for targets that are no class */
};

static uint32_t stratum_of(const struct strata *s, size_t sample)
{
    if (s->labels == NULL)
        return 0;
    const int32_t label = s->labels[sample];
    return label >= 0 && (uint32_t)label < s->classes ? (uint32_t)label : s->classes;
}

/* Of so many, never all and never none. */
static size_t part_of(size_t count, double fraction)
{
    const size_t part = (size_t)floor((double)count * fraction + 0.5);
    return part < 1 ? 1 : part < count ? part : count - 1;
}

static tenka_status count_parts(struct tenka_error *err, const tenka_dataset *d, struct strata *s, double fraction)
{
    for (size_t i = 0; i < tenka_dataset_count(d); i++)
        s->left[stratum_of(s, i)]++;
    for (uint32_t i = 0; i <= s->classes; i++) {
        const bool class = i < s->classes;
        if (s->left[i] == 1 && (class || s->labels == NULL))
            return tenka_fail(err, TENKA_E_INVALID,
                              "dataset: %s%s has 1 sample only, and a split needs 2: one to train on, one to test with",
                              class ? "the class " : "it", class ? tenka_dataset_class_name(d, i) : "");
        if (s->left[i] > 0)
            s->left[i] = part_of(s->left[i], fraction);
    }
    return TENKA_OK;
}

/* In the order of a permutation the first samples of each class are moved. */
static void choose(struct strata *s, const int32_t *order, size_t count, bool *moved)
{
    for (size_t i = 0; i < count; i++) {
        size_t *const left = &s->left[stratum_of(s, (size_t)order[i])];
        moved[order[i]] = *left > 0;
        *left -= *left > 0;
    }
}

static tenka_status split(tenka_dataset *d, struct strata *s, uint64_t seed, tenka_dataset **rest)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(d));
    const size_t count = tenka_dataset_count(d);
    int32_t *const order = tenka_alloc_array(count, sizeof(order[0]));
    bool *const moved = tenka_alloc_array(count, sizeof(moved[0]));
    tenka_status status = order != NULL && moved != NULL ? TENKA_OK : tenka_fail_nomem(err);
    if (status == TENKA_OK) {
        tenka_rng_permutation(seed, order, count);
        choose(s, order, count, moved);
        status = tenka_dataset_divide(d, moved, rest);
    }
    tenka_free(order);
    tenka_free(moved);
    return status;
}

tenka_status tenka_dataset_split(tenka_dataset *dataset, double fraction, uint64_t seed, tenka_dataset **rest)
{
    if (dataset == NULL || rest == NULL)
        return TENKA_E_INVALID;
    *rest = NULL;
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    const bool stratified = tenka_dataset_classes(dataset) > 0 && tenka_dataset_target_shape(dataset).rank == 0;
    struct strata s = {.labels = stratified ? tenka_dataset_labels(dataset) : NULL,
                       .classes = stratified ? tenka_dataset_classes(dataset) : 0};
    if (!(fraction > 0 && fraction < 1))
        return tenka_fail(err, TENKA_E_INVALID, "dataset: a split of %g: expected more than 0 and less than 1",
                          fraction);
    s.left = tenka_alloc_array((size_t)s.classes + 1, sizeof(s.left[0]));
    tenka_status status = s.left != NULL ? count_parts(err, dataset, &s, fraction) : tenka_fail_nomem(err);
    if (status == TENKA_OK)
        status = split(dataset, &s, seed, rest);
    tenka_free(s.left);
    return status;
}
