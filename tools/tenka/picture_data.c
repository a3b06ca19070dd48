/* Pictures by class as data: the folders of the halves, the size that pictures become, and what is said of it. */
#include <string.h>

#include "option_table.h"

/* ---- Halves ---- */

/* Training is watched on the first of those for testing that is there, and `tenka test` takes the last. */
static const char *const half_names[] = {"train", "val", "valid", "validation", "test"};
#define HALVES (sizeof(half_names) / sizeof(half_names[0]))

bool pictures_test_half(const char *folder, bool last, char out[static PATH_TEXT])
{
    for (size_t i = 1; i < HALVES; i++)
        if (folder_has(folder, half_names[last ? HALVES - i : i], out))
            return true;
    return false;
}

static bool is_class(const char *path, const char *name, bool folder)
{
    size_t i = 0;
    (void)path;
    while (i < HALVES && strcmp(name, half_names[i]) != 0)
        i++;
    return folder && i == HALVES;
}

static bool is_folder(const char *path, const char *name, bool folder)
{
    (void)path;
    (void)name;
    return folder;
}

/* Whether the folders in it are halves and not classes, one of which may be called train as well: that one has pictures,
 * the half has folders. */
static bool has_halves(const char *folder)
{
    char path[PATH_TEXT], train[PATH_TEXT];
    const bool trains = folder_has(folder, half_names[0], train), tests = pictures_test_half(folder, false, path);
    return (trains && (tests || folder_has_entry(train, is_folder))) || !folder_has_entry(folder, is_class);
}

/* A half for testing that has another name would be passed over. */
static int check_names(const char *folder)
{
    char path[PATH_TEXT];
    if (pictures_test_half(folder, false, path) || !folder_has_entry(folder, is_class))
        return EXIT_CODE_OK;
    return say_failed(
        "%s: beside train there is another folder, which is called neither val, valid, validation nor test: "
        "name it so, or give --data %s/train",
        folder, folder);
}

static int load(const struct session *s, const char *folder, tenka_dataset **out)
{
    struct tenka_folder_params params = TENKA_FOLDER_DEFAULTS;
    params.skip_bad = s->options->skip_bad;
    if (option_is_given(s->options, "keep-pictures"))
        params.keep_bytes = s->options->keep_mib > 0 ? (uint64_t)s->options->keep_mib << 20 : 1;
    if (tenka_dataset_load_folder(s->ctx, folder, &params, out) == TENKA_OK)
        return EXIT_CODE_OK;
    const tenka_status status = tenka_last_status(s->ctx);
    const char *const why = tenka_last_error(s->ctx);
    const bool picture = status == TENKA_E_FORMAT || status == TENKA_E_UNSUPPORTED ||
                         (status == TENKA_E_IO && strstr(why, "the folder") == NULL);
    return picture && !params.skip_bad ? say_failed("%s; --skip-bad leaves pictures out that cannot be read", why)
                                       : say_library_failed(s->ctx);
}

int pictures_load(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    const bool alone = train || s->train_data == NULL;
    char path[PATH_TEXT];
    if (!has_halves(data))
        return alone ? load(s, data, out) : EXIT_CODE_OK;
    if (check_names(data) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    const bool there = train ? folder_has(data, half_names[0], path) : pictures_test_half(data, alone, path);
    if (!there && alone)
        return say_failed("%s: there is no folder %s in it", data, train ? half_names[0] : "test or val");
    return there ? load(s, path, out) : EXIT_CODE_OK;
}

/* A class that the one has and the other has not; NULL: there is none. */
static const char *find_missing(const tenka_dataset *here, const tenka_dataset *there)
{
    for (uint32_t i = 0; i < tenka_dataset_classes(here); i++) {
        uint32_t k = 0;
        const char *const name = tenka_dataset_class_name(here, i);
        while (k < tenka_dataset_classes(there) && strcmp(name, tenka_dataset_class_name(there, k)) != 0)
            k++;
        if (k == tenka_dataset_classes(there))
            return name;
    }
    return NULL;
}

int pictures_check_classes(const struct session *s)
{
    const char *const untested = find_missing(s->train_data, s->test_data);
    const char *const untrained = find_missing(s->test_data, s->train_data);
    if (untested == NULL && untrained == NULL)
        return EXIT_CODE_OK;
    return say_failed("%s: the class '%s' has a folder in the %s half and none in the %s half: both must have the same "
                      "classes",
                      s->data_dir, untested != NULL ? untested : untrained, untested != NULL ? "training" : "test",
                      untested != NULL ? "test" : "training");
}

/* ---- Size ---- */

static bool are_pictures(const tenka_dataset *data)
{
    struct tenka_picture_sizes sizes;
    return data != NULL && tenka_dataset_picture_sizes(data, &sizes) == TENKA_OK;
}

static bool takes(const struct session *s, uint32_t channels, uint32_t height, uint32_t width)
{
    return tenka_module_check(s->net, tenka_shape_of(2, channels, height, width), NULL) == TENKA_OK;
}

/* The size that all pictures have, where there is one, then the usual ones. */
static bool find_size(const struct session *s, const struct tenka_picture_sizes *sizes, uint32_t channels,
                      struct tenka_shape *out)
{
    static const uint32_t usual[] = {224, 28, 32, 48, 64, 96, 128, 160, 192, 256, 288, 299, 320, 384, 448, 512};
    const bool same = sizes->least_width == sizes->most_width && sizes->least_height == sizes->most_height;
    *out = tenka_shape_of(channels, sizes->most_height, sizes->most_width);
    if (same && takes(s, channels, sizes->most_height, sizes->most_width))
        return true;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        *out = tenka_shape_of(channels, usual[i], usual[i]);
        if (takes(s, channels, usual[i], usual[i]))
            return true;
    }
    return false;
}

/* The network says whether it wants colour; where it takes both, the pictures do. */
static int fit_network(const struct session *s, const tenka_dataset *data, struct tenka_shape *out)
{
    struct tenka_picture_sizes sizes;
    tenka_dataset_picture_sizes(data, &sizes);
    const uint32_t first = sizes.grey == tenka_dataset_count(data) ? 1 : 3;
    if (find_size(s, &sizes, first, out) || find_size(s, &sizes, 4 - first, out))
        return EXIT_CODE_OK;
    return say_failed("the network takes pictures of none of the usual sizes, in grey or in colour: say which it takes "
                      "with --input C,H,W");
}

static int choose_size(const struct session *s, const tenka_dataset *data, struct tenka_shape *out)
{
    const struct tenka_preprocessing *const how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    *out = s->options->input;
    if (out->rank == 0 && how != NULL)
        *out = how->image;
    if (out->rank == 0)
        return fit_network(s, data, out);
    return out->rank == 3 ? EXIT_CODE_OK
                          : say_failed("--input: pictures have three numbers, channels, height and width, such as "
                                       "3,224,224");
}

int pictures_set_size(const struct session *s, tenka_dataset *const *data, size_t count)
{
    const tenka_dataset *first = NULL;
    struct tenka_shape image;
    for (size_t i = 0; i < count && first == NULL; i++)
        first = data[i];
    if (!are_pictures(first))
        return EXIT_CODE_OK;
    if (choose_size(s, first, &image) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    for (size_t i = 0; i < count; i++)
        if (data[i] != NULL &&
            tenka_dataset_set_image_shape(data[i], image.dim[0], image.dim[1], image.dim[2]) != TENKA_OK)
            return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

/* "320x240", or "from 64x48 to 640x480" */
static void size_text(const struct tenka_picture_sizes *sizes, char out[static 64])
{
    if (sizes->least_width == sizes->most_width && sizes->least_height == sizes->most_height)
        snprintf(out, 64, "%ux%u", sizes->most_width, sizes->most_height);
    else
        snprintf(out, 64, "from %ux%u to %ux%u", sizes->least_width, sizes->least_height, sizes->most_width,
                 sizes->most_height);
}

void pictures_tell(const struct session *s)
{
    struct tenka_picture_sizes sizes;
    const struct tenka_shape image = tenka_dataset_image_shape(session_data(s));
    char text[64];
    if (tenka_dataset_picture_sizes(session_data(s), &sizes) != TENKA_OK)
        return;
    size_text(&sizes, text);
    if (tenka_dataset_transform(session_data(s)) != NULL) {
        printf("pictures %s pixels\n", text);
        return;
    }
    const bool same = sizes.least_width == image.dim[2] && sizes.most_width == image.dim[2] &&
                      sizes.least_height == image.dim[1] && sizes.most_height == image.dim[1];
    printf("pictures %s pixels, %s%ux%u in %s\n", text, same ? "taken as " : "resized to ", image.dim[2], image.dim[1],
           image.dim[0] == 1 ? "grey" : "colour");
}

/* ---- Normalisation ---- */

static int set_normalization(const struct session *s, tenka_dataset *data)
{
    const struct number_list *const mean = &s->options->mean, *const std = &s->options->std;
    const uint32_t channels = tenka_dataset_image_shape(data).dim[0];
    for (uint32_t c = 0; c < channels; c++) {
        double m, d;
        tenka_dataset_normalization(data, c, &m, &d);
        if (mean->count > 0)
            m = mean->number[mean->count > 1 ? c : 0];
        if (std->count > 0)
            d = std->number[std->count > 1 ? c : 0];
        if (tenka_dataset_set_normalization(data, c, m, d) != TENKA_OK)
            return say_library_failed(s->ctx);
    }
    return EXIT_CODE_OK;
}

int pictures_set_normalization(const struct session *s)
{
    const struct options *const o = s->options;
    const tenka_dataset *const data = session_data(s);
    const uint32_t channels = tenka_dataset_image_shape(data).dim[0];
    if (o->mean.count == 0 && o->std.count == 0)
        return EXIT_CODE_OK;
    if (tenka_dataset_input_dtype(data) != TENKA_U8)
        return say_failed("--mean and --std normalise images, but %s has arrays, which are taken as they are",
                          s->data_dir);
    if ((o->mean.count > 1 && o->mean.count != channels) || (o->std.count > 1 && o->std.count != channels))
        return say_failed("%s has %zu numbers, but the images have %u channel%s",
                          o->mean.count > 1 && o->mean.count != channels ? "--mean" : "--std",
                          o->mean.count > 1 && o->mean.count != channels ? o->mean.count : o->std.count, channels,
                          plural(channels));
    int code = set_normalization(s, s->train_data);
    if (code == EXIT_CODE_OK && s->test_data != NULL)
        code = set_normalization(s, s->test_data);
    return code;
}
