/* Datasets whose samples a transform makes, of files or of what is in memory. */
#include "data/pictures.h"
#include "graph/graph.h"

/* What is transformed; false: the dataset has no pictures. facts: room for what is in memory. */
static bool find_sources(const tenka_dataset *dataset, struct tenka_picture_facts *facts,
                         struct tenka_transform_sources *out)
{
    const struct tenka_pictures *const files = tenka_pictures_of(dataset);
    *out = (struct tenka_transform_sources){facts, NULL, 1, 3};
    if (files == NULL)
        return tenka_memory_facts(tenka_dataset_input(dataset), facts, &out->channels);
    *out = (struct tenka_transform_sources){files->facts, files->paths, files->count, 3};
    return true;
}

static tenka_status sample_by(tenka_dataset *dataset, const struct tenka_desc *sample,
                              const struct tenka_sampler *sampler)
{
    return tenka_pictures_of(dataset) != NULL ? tenka_folder_sample_by(dataset, sample, 3, sampler)
                                              : tenka_memory_sample_by(dataset, sample, sampler);
}

/* The text is kept as print() shows it, which is the same for all who write the same transform. */
static tenka_status transform_by(tenka_dataset *dataset, const struct tenka_transform_sources *from,
                                 tenka_transform *transform)
{
    tenka_ctx *const ctx = tenka_dataset_ctx(dataset);
    const bool doubles = tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64;
    struct tenka_transform_form form;
    struct tenka_sampler sampler;
    char *const text = tenka_transform_print(transform);
    tenka_status status = tenka_sampler_transform(ctx, from, transform, doubles, &form, &sampler);
    if (status == TENKA_OK && text == NULL) {
        sampler.free(sampler.user);
        status = tenka_fail_nomem(tenka_ctx_error(ctx));
    }
    if (status == TENKA_OK)
        status = sample_by(dataset, &form.sample, &sampler);
    if (status != TENKA_OK) {
        tenka_free(text);
        return status;
    }
    tenka_dataset_take_transform(dataset, text);
    for (uint32_t c = 0; c < form.sample.shape.dim[0] && form.sample.dtype == TENKA_U8; c++)
        TENKA_TRY(tenka_dataset_set_normalization(dataset, c, form.mean[c], form.std[c]));
    return TENKA_OK;
}

tenka_status tenka_dataset_set_transform(tenka_dataset *dataset, const char *text)
{
    tenka_ctx *const ctx = tenka_dataset_ctx(dataset);
    struct tenka_transform_sources from;
    struct tenka_picture_facts facts;
    tenka_transform *transform;
    if (!find_sources(dataset, &facts, &from))
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "dataset: it holds no pictures in grey or colour, which alone are transformed");
    TENKA_TRY(tenka_transform_parse(ctx, text, &transform));
    TENKA_TRY(transform_by(dataset, &from, transform));
    return tenka_masks_transform(dataset, text);
}
