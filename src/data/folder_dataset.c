/* Datasets of pictures in a folder for each class. */
#include "data/dataset.h"
#include "data/folder.h"
#include "data/pictures.h"
#include "graph/graph.h"

/* The whole names of the files, whose parts are freed. */
static tenka_status make_paths(struct tenka_error *err, struct tenka_folder *folder, char ***out)
{
    char **const paths = *out = tenka_alloc_array(folder->count, sizeof(paths[0]));
    bool good = paths != NULL;
    for (size_t i = 0; i < folder->count && good; i++)
        good = (paths[i] = tenka_sprintf("%s/%s", folder->files[i].folder, folder->files[i].name)) != NULL;
    if (good)
        return TENKA_OK;
    for (size_t i = 0; paths != NULL && i < folder->count; i++)
        tenka_free(paths[i]);
    tenka_free(paths);
    return tenka_fail_nomem(err);
}

static tenka_status make_pictures(tenka_ctx *ctx, const char *dir, const struct tenka_folder_params *params,
                                  struct tenka_folder *folder, struct tenka_pictures **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_image_params image = TENKA_IMAGE_DEFAULTS;
    char **paths;
    image.alpha = params->alpha;
    image.max_pixels = params->max_pixels;
    TENKA_TRY(tenka_picture_check_params(err, &image));
    if (folder->count > TENKA_MAX_ELEMENTS)
        return tenka_fail(err, TENKA_E_INVALID, "%s: there are more than %u pictures", dir, TENKA_MAX_ELEMENTS);
    TENKA_TRY(make_paths(err, folder, &paths));
    return tenka_pictures_make(err, paths, (uint32_t)folder->count, &image, params->keep_bytes, out);
}

/* The labels of the pictures that are not bad (NULL: of all); each class must have some left. */
static tenka_status fill_labels(struct tenka_error *err, const char *dir, const struct tenka_folder *folder,
                                const bool *bad, int32_t *out)
{
    size_t count = 0;
    int32_t next = 0; /* the first class without a picture so far */
    for (size_t i = 0; i < folder->count; i++) {
        const int32_t label = folder->files[i].label;
        if (bad != NULL && bad[i])
            continue;
        if (label > next)
            break;
        next = label + 1;
        out[count++] = label;
    }
    if ((uint32_t)next < folder->n_classes)
        return tenka_fail(err, TENKA_E_INVALID, "%s/%s: none of the pictures of this class can be read", dir,
                          folder->classes[next]);
    return TENKA_OK;
}

/* *taken becomes NULL once the pictures are the dataset's. */
static tenka_status make_dataset(tenka_ctx *ctx, const char *dir, const struct tenka_folder *folder,
                                 struct tenka_pictures **taken, const bool *bad, tenka_dataset **out)
{
    struct tenka_pictures *const pictures = *taken;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const struct tenka_desc input = {TENKA_U8, tenka_shape_of(3, 0, 0)}, target = {.dtype = TENKA_I32};
    int32_t *const labels = tenka_alloc_array(folder->count, sizeof(labels[0]));
    tenka_status status = labels != NULL ? fill_labels(err, dir, folder, bad, labels) : tenka_fail_nomem(err);
    if (status == TENKA_OK && bad != NULL)
        tenka_pictures_filter(pictures, bad);
    if (status == TENKA_OK)
        status = tenka_dataset_make(ctx, pictures->count, &input, &target, out);
    if (status != TENKA_OK) {
        tenka_free(labels);
        return status;
    }
    tenka_dataset_column(*out, false)->data = labels;
    tenka_dataset_column(*out, true)->reader = tenka_pictures_reader(pictures);
    *taken = NULL;
    TENKA_TRY(tenka_dataset_count_classes(*out, dir));
    return tenka_dataset_set_class_names(*out, (const char *const *)folder->classes, folder->n_classes);
}

static tenka_status check_and_make(tenka_ctx *ctx, const char *dir, const struct tenka_folder_params *params,
                                   const struct tenka_folder *folder, struct tenka_pictures **pictures,
                                   tenka_dataset **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    bool *const bad = params->skip_bad ? tenka_alloc_array(folder->count, sizeof(bad[0])) : NULL;
    if (params->skip_bad && bad == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = tenka_pictures_check(*pictures, err, tenka_ctx_log(ctx), params->skip_bad, NULL, bad);
    if (status == TENKA_OK)
        status = make_dataset(ctx, dir, folder, pictures, bad, out);
    tenka_free(bad);
    return status;
}

static tenka_status load_folder(tenka_ctx *ctx, const char *dir, const struct tenka_folder_params *params,
                                tenka_dataset **out)
{
    struct tenka_folder folder;
    struct tenka_pictures *pictures = NULL;
    tenka_status status = tenka_folder_list(tenka_ctx_error(ctx), dir, &folder);
    if (status == TENKA_OK && folder.passed_over > 0)
        tenka_say(tenka_ctx_log(ctx), TENKA_LOG_INFO,
                  "%s: %zu of its files are passed over: by name or place they are no pictures of a class", dir,
                  folder.passed_over);
    if (status == TENKA_OK)
        status = make_pictures(ctx, dir, params, &folder, &pictures);
    if (status == TENKA_OK)
        status = check_and_make(ctx, dir, params, &folder, &pictures, out);
    if (pictures != NULL)
        tenka_pictures_reader(pictures).free(pictures);
    tenka_folder_finish(&folder);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}

tenka_status tenka_dataset_load_folder(tenka_ctx *ctx, const char *dir, const struct tenka_folder_params *params,
                                       tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_folder_params own = TENKA_FOLDER_DEFAULTS;
    if (dir == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: the folder is NULL");
    TENKA_TRY(tenka_take_params(err, "folder", "TENKA_FOLDER_DEFAULTS", &own, params));
    return load_folder(ctx, dir, &own, out);
}

/* ---- The size of samples ---- */

/* Of the pictures that torchvision's networks were trained on, and the means of these numbers for grey. */
static tenka_status normalize(tenka_dataset *dataset, uint32_t channels)
{
    static const double mean[] = {0.485, 0.456, 0.406}, std[] = {0.229, 0.224, 0.225};
    if (channels == 1)
        return tenka_dataset_set_normalization(dataset, 0, 0.449, 0.226);
    for (uint32_t c = 0; c < channels; c++)
        TENKA_TRY(tenka_dataset_set_normalization(dataset, c, mean[c], std[c]));
    return TENKA_OK;
}

tenka_status tenka_folder_sample_by(tenka_dataset *dataset, const struct tenka_desc *sample, uint32_t channels,
                                    const struct tenka_sampler *sampler)
{
    const tenka_status status = tenka_dataset_reform(dataset, sample);
    if (status == TENKA_OK)
        tenka_pictures_sample_by(tenka_pictures_of(dataset), channels, sampler, tenka_dataset_input(dataset)->bytes);
    else
        sampler->free(sampler->user);
    return status;
}

tenka_status tenka_dataset_set_image_shape(tenka_dataset *dataset, uint32_t channels, uint32_t height, uint32_t width)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    struct tenka_pictures *const pictures = tenka_pictures_of(dataset);
    struct tenka_sampler sampler;
    if (pictures == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: it holds no files of pictures, whose size could be set");
    if ((channels != 1 && channels != 3) || height == 0 || width == 0 || height > TENKA_IMAGE_MAX_SIDE ||
        width > TENKA_IMAGE_MAX_SIDE || (uint64_t)height * width > TENKA_IMAGE_MAX_PIXELS)
        return tenka_fail(
            err, TENKA_E_INVALID,
            "dataset: pictures of %ux%ux%u: expected 1 or 3 channels, 1 to %u pixels a side and at most %u "
            "in all",
            channels, height, width, TENKA_IMAGE_MAX_SIDE, TENKA_IMAGE_MAX_PIXELS);
    TENKA_TRY(tenka_sampler_resize(err, height, width, &sampler));
    const struct tenka_desc sample = {TENKA_U8, tenka_shape_of(channels, height, width)};
    TENKA_TRY(tenka_folder_sample_by(dataset, &sample, channels, &sampler));
    tenka_dataset_take_transform(dataset, NULL);
    TENKA_TRY(tenka_masks_resize(dataset, height, width));
    return normalize(dataset, channels);
}

tenka_status tenka_dataset_picture_sizes(const tenka_dataset *dataset, struct tenka_picture_sizes *out)
{
    const struct tenka_pictures *const pictures = tenka_pictures_of(dataset);
    *out = (struct tenka_picture_sizes){UINT32_MAX, 0, UINT32_MAX, 0, 0};
    if (pictures == NULL)
        return tenka_fail(tenka_ctx_error(tenka_dataset_ctx(dataset)), TENKA_E_INVALID,
                          "dataset: it holds no files of pictures");
    for (uint32_t i = 0; i < pictures->count; i++) {
        const struct tenka_picture_facts *const f = &pictures->facts[i];
        out->least_width = f->width < out->least_width ? f->width : out->least_width;
        out->most_width = f->width > out->most_width ? f->width : out->most_width;
        out->least_height = f->height < out->least_height ? f->height : out->least_height;
        out->most_height = f->height > out->most_height ? f->height : out->most_height;
        out->grey += !f->colour;
    }
    return TENKA_OK;
}
