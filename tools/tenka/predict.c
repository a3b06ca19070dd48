/* `tenka predict`: the classes of pictures, by a saved network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict.h"

/* A batch is an input of its step, and the library takes 64 MiB of inputs in a step. */
#define MAX_BATCH_BYTES (48u << 20)
/* A picture looks like a negative where the mean of its edges is farther from the network's mean, by this much of the
 * range from 0 to 1, than the edges' mean of its negative would be. */
#define NEGATIVE_BY 0.4

/* ---- How the network wants its pictures ---- */

static int fill_channels(const struct number_list *given, const double *saved, const char *option, uint32_t channels,
                         float *out)
{
    if (given->count > 1 && given->count != channels)
        return say_failed("%s has %zu numbers, but the network's pictures have %u channels", option, given->count,
                          channels);
    for (uint32_t c = 0; c < channels; c++)
        out[c] = (float)(given->count == 0 ? saved[c] : given->number[given->count > 1 ? c : 0]);
    return EXIT_CODE_OK;
}

static int find_preprocessing(struct predictor *p)
{
    const struct session *const s = &p->session;
    const struct options *const o = s->options;
    const struct tenka_preprocessing *how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    const bool known = how != NULL && how->image.rank == 3;
    if (!known && (o->input.rank == 0 || o->mean.count == 0 || o->std.count == 0))
        return say_failed("%s does not say how it wants its pictures: give --input C,H,W, --mean and --std; for a "
                          "network that 'tenka train' has made of MNIST or its relatives they are --input 1,28,28 "
                          "--mean 0.1307 --std 0.3081",
                          o->load);
    p->image = o->input.rank != 0 ? o->input : how->image;
    if (p->image.rank != 3 || (p->image.dim[0] != 1 && p->image.dim[0] != 3))
        return say_failed("the network's input must be channels, height and width, with 1 channel for grey or 3 for "
                          "colour, to be made of pictures");
    if (known && p->image.dim[0] != how->image.dim[0] && (o->mean.count == 0 || o->std.count == 0))
        return say_failed("--input has %u channels, but %s knows mean and deviation of %u: give --mean and --std",
                          p->image.dim[0], o->load, how->image.dim[0]);
    int code = fill_channels(&o->mean, known ? how->mean : NULL, "--mean", p->image.dim[0], p->mean);
    if (code == EXIT_CODE_OK)
        code = fill_channels(&o->std, known ? how->std : NULL, "--std", p->image.dim[0], p->std);
    return code;
}

static int check_network(struct predictor *p)
{
    const struct tenka_preprocessing *const how = p->session.model != NULL ? tenka_model_preprocessing(p->session.model)
                                                                           : NULL;
    const uint32_t *const dim = p->image.dim;
    struct tenka_shape output;
    if (tenka_module_check(p->session.net, tenka_shape_of(p->batch_size, dim[0], dim[1], dim[2]), &output) != TENKA_OK)
        return say_failed("the network does not fit pictures of %ux%ux%u: %s", dim[0], dim[1], dim[2],
                          tenka_last_error(p->session.ctx));
    if (output.rank != 2 && output.rank != 4)
        return say_failed("the network gives a tensor of rank %u; it must end with one row of class scores for each "
                          "picture, or with scores for each pixel",
                          output.rank);
    p->outputs = output.dim[1];
    p->mask_height = output.rank == 4 ? output.dim[2] : 1;
    p->mask_width = output.rank == 4 ? output.dim[3] : 1;
    if (how != NULL && how->target_is_input)
        return say_failed("%s was trained to give again what it is given: its outputs are no classes, and those of an "
                          "array x.npy are written by --out y.npy",
                          p->session.options->load);
    if (output.rank == 4 && p->session.options->out == NULL)
        return say_failed("the network gives a class for each pixel: say with --out FOLDER where the masks belong");
    if (output.rank == 4 && p->outputs > 255)
        return say_failed("the network tells %u classes of pixels, but a mask has room for 255", p->outputs);
    if (output.rank == 2 && p->session.options->out != NULL && !predict_wants_csv(p->session.options))
        return say_failed("--out: the classes of pictures are printed, or written as a table FILE.csv; a folder is for "
                          "the masks of a network that gives a class for each pixel");
    if (output.rank == 4 && predict_wants_csv(p->session.options))
        return say_failed(
            "--out: the network gives a class for each pixel, so that it names the folder where the masks "
            "belong, and no table");
    p->top = p->session.options->top < p->outputs ? p->session.options->top : p->outputs;
    return EXIT_CODE_OK;
}

int predict_find_names(struct predictor *p)
{
    const struct session *const s = &p->session;
    const struct tenka_preprocessing *how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    if (s->options->classes == NULL) {
        p->names = how != NULL ? how->class_names : NULL;
        p->n_names = p->names != NULL ? how->classes : 0;
        return session_check_class_names(s, p->outputs);
    }
    const int code = class_names_read(&p->given, s->options->classes);
    if (code == EXIT_CODE_OK && p->given.count != p->outputs)
        return say_failed("--classes has %zu names, but the network has %u classes", p->given.count, p->outputs);
    p->names = p->given.names;
    p->n_names = p->given.count;
    return code;
}

/* Every batch has the same size, so that there is one plan: the last one's further rows are computed and not read. */
uint32_t predict_batch_size(const struct options *options, size_t each, size_t count)
{
    const size_t room = each < MAX_BATCH_BYTES ? MAX_BATCH_BYTES / each : 1;
    size_t size = options->batch_size;
    size = size < room ? size : room;
    size = size < count ? size : count;
    return (uint32_t)(size > 0 ? size : 1);
}

/* Numbers that the network gives for a picture. */
static size_t scores_of(const struct predictor *p)
{
    return (size_t)p->outputs * p->mask_height * p->mask_width;
}

static int set_up(struct predictor *p)
{
    int code = transforms_read(&p->session);
    if (code == EXIT_CODE_OK)
        code = transforms_settle(&p->session);
    if (code == EXIT_CODE_OK)
        code = p->session.eval_transform != NULL ? predict_open_transform(p) : find_preprocessing(p);
    if (code != EXIT_CODE_OK)
        return code;
    const size_t each = shape_count(p->image) * (p->transform != NULL ? sizeof(p->reals[0]) : 1);
    p->batch_size = predict_batch_size(p->session.options, each, p->pictures.count);
    code = check_network(p);
    if (code == EXIT_CODE_OK && scores_of(p) * sizeof(float) > each)
        p->batch_size = predict_batch_size(p->session.options, scores_of(p) * sizeof(float), p->pictures.count);
    if (code == EXIT_CODE_OK)
        code = session_find_ending(&p->session,
                                   tenka_shape_of(p->batch_size, p->image.dim[0], p->image.dim[1], p->image.dim[2]));
    if (code == EXIT_CODE_OK)
        code = predict_find_names(p);
    if (code == EXIT_CODE_OK && p->session.options->out != NULL && !predict_wants_csv(p->session.options))
        code = predict_open_masks(p);
    if (code != EXIT_CODE_OK)
        return code;
    void *const inputs = calloc(p->batch_size, each);
    p->bytes = p->transform == NULL ? inputs : NULL;
    p->reals = p->transform != NULL ? inputs : NULL;
    p->scores = calloc(p->batch_size, scores_of(p) * sizeof(p->scores[0]));
    p->predictions = calloc(p->batch_size, sizeof(p->predictions[0]));
    return inputs != NULL && p->scores != NULL && p->predictions != NULL ? EXIT_CODE_OK : say_failed("out of memory");
}

/* ---- Pictures ---- */

/* The largest box in the middle of the picture with the proportions of the network's input. */
static struct tenka_image_box middle_of(const tenka_image *picture, const struct tenka_shape *image)
{
    const double width = tenka_image_width(picture), height = tenka_image_height(picture);
    const double ratio = (double)image->dim[2] / image->dim[1];
    const double w = width > height * ratio ? height * ratio : width;
    /* Rounding must not carry an edge out of the picture. */
    const double h = width > height * ratio ? height : fmin(width / ratio, height);
    const double left = (width - w) / 2, top = (height - h) / 2;
    return (struct tenka_image_box){left, top, fmin(left + w, width), fmin(top + h, height)};
}

/* Whether a grey picture is probably dark on light where the network was trained on light on dark, or the other way
 * round. The background is what is seen at a picture's edges, and most of what the network's mean was computed of. */
static bool looks_negative(const struct predictor *p, const uint8_t *bytes)
{
    const size_t height = p->image.dim[1], width = p->image.dim[2];
    double sum = 0;
    for (size_t x = 0; x < width; x++)
        sum += bytes[x] + bytes[(height - 1) * width + x];
    for (size_t y = 0; y < height; y++)
        sum += bytes[y * width] + bytes[(y + 1) * width - 1];
    const double edge = sum / (255 * 2 * (double)(width + height));
    return p->image.dim[0] == 1 && fabs(edge - p->mean[0]) - fabs(1 - edge - p->mean[0]) > NEGATIVE_BY;
}

/* Into the batch's next row, in the size of the network. */
static bool resize(struct predictor *p, const tenka_image *picture, char why[static PREDICT_WHY])
{
    uint8_t *const bytes = p->bytes + p->rows * shape_count(p->image);
    const struct tenka_image_box box = middle_of(picture, &p->image);
    tenka_image *resized;
    if (tenka_image_resize(p->session.ctx, picture, p->session.options->crop ? &box : NULL, p->image.dim[2],
                           p->image.dim[1], &resized) != TENKA_OK) {
        snprintf(why, PREDICT_WHY, "%s", tenka_last_error(p->session.ctx));
        return false;
    }
    tenka_image_planes(resized, bytes);
    tenka_image_destroy(&resized);
    p->negative += looks_negative(p, bytes);
    return true;
}

/* false: why says why not. */
static bool prepare(struct predictor *p, const char *path, char why[static PREDICT_WHY])
{
    const struct options *const o = p->session.options;
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    tenka_image *picture;
    params.channels = p->transform != NULL ? p->decoded : p->image.dim[0];
    params.alpha = o->alpha;
    if (tenka_image_load(p->session.ctx, path, &params, &picture) != TENKA_OK) {
        snprintf(why, PREDICT_WHY, "%s", tenka_last_error(p->session.ctx));
        return false;
    }
    struct prediction *const prediction = &p->predictions[p->count - 1];
    prediction->width = tenka_image_width(picture);
    prediction->height = tenka_image_height(picture);
    if (o->invert)
        tenka_image_invert(picture);
    const bool good = p->transform != NULL ? predict_transform(p, path, picture, why) : resize(p, picture, why);
    tenka_image_destroy(&picture);
    return good;
}

static int add_picture(struct predictor *p, const char *path)
{
    char why[PREDICT_WHY];
    struct prediction *const picture = &p->predictions[p->count++];
    *picture = (struct prediction){.path = path, .row = p->rows};
    p->done++;
    if (prepare(p, path, why)) {
        p->rows++;
        return EXIT_CODE_OK;
    }
    say_failed("%s", why);
    p->failed++;
    return predict_fail(picture, why);
}

/* The batch as the network takes it. */
static tenka_tensor make_input(struct predictor *p)
{
    tenka_ctx *const ctx = p->session.ctx;
    const uint32_t *const dim = p->image.dim;
    const struct tenka_shape batch = tenka_shape_of(p->batch_size, dim[0], dim[1], dim[2]);
    if (p->transform != NULL)
        return tenka_input(ctx, TENKA_F32, batch, p->reals);
    const tenka_tensor bytes = tenka_input(ctx, TENKA_U8, batch, p->bytes);
    const tenka_tensor mean = tenka_input(ctx, TENKA_F32, tenka_shape_of(dim[0]), p->mean);
    const tenka_tensor std = tenka_input(ctx, TENKA_F32, tenka_shape_of(dim[0]), p->std);
    return tenka_normalize_bytes(bytes, mean, std);
}

static tenka_status run_batch(struct predictor *p)
{
    const tenka_tensor output = tenka_forward(p->session.net, make_input(p));
    return tenka_read(output, p->scores, (size_t)p->batch_size * scores_of(p) * sizeof(p->scores[0]));
}

static int finish_batch(struct predictor *p)
{
    if (p->rows > 0 && run_batch(p) != TENKA_OK)
        return say_library_failed(p->session.ctx);
    const int code = p->mask_paths != NULL ? predict_write_masks(p) : predictions_print(p);
    for (size_t i = 0; i < p->count; i++)
        free(p->predictions[i].failure);
    p->count = p->rows = 0;
    return code;
}

static int run(struct predictor *p)
{
    int code = predictions_begin(p);
    progress_begin(&p->progress, "predict", 0, p->pictures.count);
    for (size_t i = 0; i < p->pictures.count && code == EXIT_CODE_OK && interrupt_signal() == 0; i++) {
        code = add_picture(p, p->pictures.paths[i]);
        if (code == EXIT_CODE_OK && p->count == p->batch_size)
            code = finish_batch(p);
        progress_update(&p->progress, p->done);
    }
    if (code == EXIT_CODE_OK && p->count > 0)
        code = finish_batch(p);
    progress_end(&p->progress);
    return code == EXIT_CODE_OK ? predictions_end(p) : code;
}

static int predict(struct predictor *p)
{
    const struct options *const o = p->session.options;
    progress_init(&p->progress, o->quiet);
    int code = pictures_find(&p->pictures, p->session.ctx, o->pictures, o->n_pictures, &p->progress);
    tenka_module_train(p->session.net, false);
    if (code == EXIT_CODE_OK)
        code = set_up(p);
    if (code != EXIT_CODE_OK)
        return code;
    tenka_no_grad_begin(p->session.ctx);
    code = run(p);
    tenka_no_grad_end(p->session.ctx);
    if (code == EXIT_CODE_OK && interrupt_signal() != 0) {
        char count[32];
        say_failed("stopped by a signal after %s picture%s", say_count(count, p->done), plural(p->done));
        return EXIT_CODE_SIGNAL + interrupt_signal();
    }
    if (code == EXIT_CODE_OK && p->csv != NULL)
        code = predict_csv_save(p);
    return code == EXIT_CODE_OK && p->failed + p->pictures.failed > 0 ? EXIT_CODE_FAILED : code;
}

int command_predict(const struct options *options)
{
    struct predictor p;
    memset(&p, 0, sizeof(p));
    interrupt_catch();
    int code = predict_is_array(options) ? check_save_path("--out", options->out) : EXIT_CODE_OK;
    if (code == EXIT_CODE_OK)
        code = check_other_file("--out", options->out, "--load", options->load);
    if (code == EXIT_CODE_OK && options->out != NULL && same_file(options->out, options->pictures[0]))
        code = say_failed("--out %s is the array itself: give the outputs a file of their own", options->out);
    if (code == EXIT_CODE_OK)
        code = session_open_network(&p.session, options, false);
    if (code == EXIT_CODE_OK)
        code = predict_csv_open(&p);
    if (code == EXIT_CODE_OK)
        code = predict_is_array(options) ? predict_array(&p) : predict(&p);
    for (size_t i = 0; i < p.count; i++)
        free(p.predictions[i].failure);
    free(p.predictions);
    free(p.bytes);
    free(p.reals);
    tenka_transform_room_destroy(&p.room);
    tenka_transform_destroy(&p.transform);
    free(p.scores);
    if (p.csv != NULL)
        fclose(p.csv);
    free(p.csv_text);
    class_names_free(&p.given);
    predict_close_masks(&p);
    pictures_free(&p.pictures);
    session_close(&p.session);
    return code;
}
