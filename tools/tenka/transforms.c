/* What pictures of a folder become by --transform and --eval-transform, or by what a saved network says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenka.h"

#define MAX_TEXT_BYTES (64u << 10)

const char *transforms_objection(const struct options *o)
{
    const bool given = o->transform != NULL || o->eval_transform != NULL;
    if (given && o->input.rank != 0)
        return "--input and a transform both say what pictures become: leave --input out, and let Resize((H, W)) or "
               "CenterCrop(N) of the transform say the size, and Grayscale() that it is grey";
    if (given && (o->mean.count > 0 || o->std.count > 0))
        return "--mean and --std are for pictures without a transform: leave them out, and write "
               "Normalize(mean, std) behind ToTensor() into the transform";
    if (given && o->crop)
        return "--fit says how a picture is resized without a transform: leave it out, and write Resize(N), "
               "CenterCrop(N) into the transform";
    return NULL;
}

/* ---- Reading ---- */

/* The transform that an option's argument is, a file's text or itself. */
static int parse(const struct session *s, const char *option, const char *argument, tenka_transform **out)
{
    struct stat st;
    const bool is_file = stat(argument, &st) == 0;
    char *const text = is_file ? text_read(argument, MAX_TEXT_BYTES) : NULL;
    if (is_file && text == NULL)
        return say_failed("--%s: cannot read %s: %s", option, argument,
                          errno == EFBIG ? "it has more than 64 KiB, and is no text of a transform" : strerror(errno));
    const tenka_status status = tenka_transform_parse(s->ctx, is_file ? text : argument, out);
    free(text);
    if (status == TENKA_OK)
        return EXIT_CODE_OK;
    if (!is_file && strchr(argument, '(') == NULL)
        return say_failed("--%s: there is no file '%s', and as text it is no transform (%s)", option, argument,
                          tenka_last_error(s->ctx));
    return say_failed("--%s: %s%s%s", option, is_file ? argument : "", is_file ? ": " : "", tenka_last_error(s->ctx));
}

static int copy(const char *text, char **out)
{
    *out = text != NULL ? malloc(strlen(text) + 1) : NULL;
    if (*out == NULL)
        return say_failed("out of memory");
    strcpy(*out, text);
    return EXIT_CODE_OK;
}

/* out: what print() shows of the transform, which is the same however it was written. */
static int read_option(const struct session *s, const char *option, const char *argument, char **out, bool *random)
{
    tenka_transform *transform;
    if (argument == NULL)
        return EXIT_CODE_OK;
    if (parse(s, option, argument, &transform) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    char *const text = tenka_transform_print(transform);
    const int code = copy(text, out);
    *random = tenka_transform_is_random(transform);
    tenka_text_free(text);
    tenka_transform_destroy(&transform);
    return code;
}

/* What the saved network was tested with, unless options say what pictures become. */
static const char *saved_transform(const struct session *s)
{
    const struct options *const o = s->options;
    const struct tenka_preprocessing *const how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    return how == NULL || o->input.rank != 0 || o->mean.count > 0 || o->std.count > 0 ? NULL : how->transform;
}

int transforms_read(struct session *s)
{
    const struct options *const o = s->options;
    bool eval_random = false;
    int code = read_option(s, "transform", o->transform, &s->transform, &s->draws);
    if (code == EXIT_CODE_OK)
        code = read_option(s, "eval-transform", o->eval_transform, &s->eval_transform, &eval_random);
    if (code == EXIT_CODE_OK && eval_random)
        code = say_failed("--eval-transform: it draws at random, so that each test would give other numbers; leave the "
                          "random transforms to --transform");
    return code;
}

int transforms_settle(struct session *s)
{
    const char *const saved = saved_transform(s);
    int code = EXIT_CODE_OK;
    if (s->eval_transform == NULL && s->transform != NULL && !s->draws)
        code = copy(s->transform, &s->eval_transform);
    else if (s->eval_transform == NULL && saved != NULL)
        code = copy(saved, &s->eval_transform);
    if (code == EXIT_CODE_OK && s->transform == NULL && s->eval_transform != NULL)
        code = copy(s->eval_transform, &s->transform);
    if (code != EXIT_CODE_OK || s->transform == NULL || s->eval_transform != NULL)
        return code;
    return say_failed("--transform draws at random, which testing and 'tenka predict' must not: say with "
                      "--eval-transform what they make of pictures, such as \"Compose([Resize(256), CenterCrop(224), "
                      "ToTensor(), Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])\"");
}

void transforms_close(struct session *s)
{
    free(s->transform);
    free(s->eval_transform);
    s->transform = s->eval_transform = NULL;
}

/* ---- Applying ---- */

/* What a transform makes of the first pictures of data. */
static int describe(const struct session *s, const char *text, const struct tenka_picture_sizes *sizes,
                    struct tenka_preprocessing *how)
{
    struct tenka_transformed form;
    tenka_transform *transform;
    if (tenka_transform_parse(s->ctx, text, &transform) != TENKA_OK)
        return say_library_failed(s->ctx);
    const tenka_status status =
        tenka_transform_size(s->ctx, transform, sizes->least_width, sizes->least_height, 3, &form);
    if (status == TENKA_OK && form.fixed) {
        how->image = tenka_shape_of(form.channels, form.height, form.width);
        tenka_transform_normalization(transform, form.channels, how->mean, how->std);
    }
    tenka_transform_destroy(&transform);
    if (status != TENKA_OK)
        return say_library_failed(s->ctx);
    return form.fixed ? EXIT_CODE_OK
                      : say_failed("--eval-transform makes pictures of different sizes: end with CenterCrop(N)");
}

int transforms_describe(const struct session *s, struct tenka_preprocessing *how)
{
    struct tenka_picture_sizes sizes;
    const tenka_dataset *const data = s->test_data != NULL ? s->test_data : s->train_data;
    if (s->eval_transform == NULL || tenka_dataset_transform(data) == NULL)
        return EXIT_CODE_OK;
    how->transform = s->eval_transform;
    if (s->test_data != NULL) {
        how->image = tenka_dataset_image_shape(data);
        for (uint32_t c = 0; c < how->image.dim[0]; c++)
            tenka_dataset_normalization(data, c, &how->mean[c], &how->std[c]);
        return EXIT_CODE_OK;
    }
    if (tenka_dataset_picture_sizes(data, &sizes) != TENKA_OK)
        return say_library_failed(s->ctx);
    return describe(s, s->eval_transform, &sizes, how);
}

static int set(const struct session *s, tenka_dataset *data, const char *option, const char *text)
{
    if (data == NULL || text == NULL || tenka_dataset_set_transform(data, text) == TENKA_OK)
        return EXIT_CODE_OK;
    return option != NULL ? say_failed("--%s: %s", option, tenka_last_error(s->ctx)) : say_library_failed(s->ctx);
}

/* The halves may become different sizes, which not every network takes. */
static int check_tested(const struct session *s)
{
    if (s->train_data == NULL || s->test_data == NULL || s->net == NULL)
        return EXIT_CODE_OK;
    const struct tenka_shape trained = batch_shape(s->train_data, 2), tested = batch_shape(s->test_data, 2);
    char text[SAMPLE_TEXT];
    tenka_module_train(s->net, false);
    if (memcmp(trained.dim, tested.dim, sizeof(tested.dim)) == 0 ||
        tenka_module_check(s->net, tested, NULL) == TENKA_OK)
        return EXIT_CODE_OK;
    return say_failed("the network does not fit the test images (%s): %s",
                      sample_text(tenka_dataset_image_shape(s->test_data), text), tenka_last_error(s->ctx));
}

int transforms_apply(struct session *s)
{
    const struct options *const o = s->options;
    const bool given = o->transform != NULL || o->eval_transform != NULL;
    if (session_has_arrays(s))
        return !given ? EXIT_CODE_OK
                      : say_failed("--%s is for pictures, and %s has arrays, which are taken as they are",
                                   o->transform != NULL ? "transform" : "eval-transform", s->data_dir);
    int code = set(s, s->train_data, o->transform != NULL ? "transform" : NULL, s->transform);
    if (code == EXIT_CODE_OK)
        code = set(s, s->test_data, o->eval_transform != NULL ? "eval-transform" : NULL, s->eval_transform);
    return code == EXIT_CODE_OK ? check_tested(s) : code;
}

/* ---- News ---- */

/* A transform's lines behind each other. */
static void print_lines(const char *text)
{
    const char *before = "";
    while (*text != '\0') {
        text += strspn(text, " ");
        const size_t length = strcspn(text, "\n");
        print_text(stdout, "%s%.*s", text[0] == ')' ? "" : before, (int)length, text);
        before = length > 0 && text[length - 1] == '(' ? "" : ", ";
        text += length + (text[length] == '\n');
    }
}

static void tell_half(const char *half, const tenka_dataset *data)
{
    char text[SAMPLE_TEXT];
    if (data == NULL || tenka_dataset_transform(data) == NULL)
        return;
    printf("%-8s ", half);
    print_lines(tenka_dataset_transform(data));
    printf(", which makes %s\n", sample_text(tenka_dataset_image_shape(data), text));
}

void transforms_tell(const struct session *s)
{
    tell_half("training", s->train_data);
    tell_half("testing", s->test_data);
}
