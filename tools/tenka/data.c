/* The images of a run: where they are, and whether their two halves and the network belong together. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

const tenka_dataset *session_data(const struct session *s)
{
    return s->train_data != NULL ? s->train_data : s->test_data;
}

bool session_has_arrays(const struct session *s)
{
    return tenka_dataset_input_dtype(session_data(s)) != TENKA_U8 && tenka_dataset_transform(session_data(s)) == NULL;
}

const char *session_noun(const struct session *s)
{
    return session_has_arrays(s) ? "sample" : "image";
}

const char *sample_text(struct tenka_shape shape, char out[static SAMPLE_TEXT])
{
    size_t used = (size_t)snprintf(out, SAMPLE_TEXT, "%s", shape.rank == 0 ? "one number" : "");
    for (uint32_t i = 0; i < shape.rank; i++)
        used += (size_t)snprintf(out + used, SAMPLE_TEXT - used, "%s%u", i > 0 ? "x" : "", shape.dim[i]);
    return out;
}

size_t shape_count(struct tenka_shape shape)
{
    size_t count = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    return count;
}

struct tenka_shape batch_shape(const tenka_dataset *data, size_t count)
{
    const struct tenka_shape sample = tenka_dataset_image_shape(data);
    struct tenka_shape shape = {.rank = sample.rank + 1, .dim = {(uint32_t)count}};
    memcpy(shape.dim + 1, sample.dim, sample.rank * sizeof(sample.dim[0]));
    return shape;
}

/* ---- Finding ---- */

/* $XDG_DATA_HOME/tenka/name, or its default under $HOME. */
static void user_data_folder(char *out, size_t size, const char *name)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_DATA_HOME");
    if (xdg != NULL && xdg[0] == '/')
        snprintf(out, size, "%s/tenka/%s", xdg, name);
    else
        snprintf(out, size, "%s/.local/share/tenka/%s", home != NULL ? home : "", name);
}

void session_warn_of_data(const struct session *s)
{
    const struct options *o = s->options;
    if (o->data == NULL && o->load != NULL && o->resume == NULL)
        say_warning("no --data is given, so the images are those of %s, whatever %s was trained on", s->data_dir,
                    o->load);
}

/* Testing on other images than those that the file's network was trained on would tell little, and a run goes on with
 * its own, so nothing else is looked for. */
static int find_trained_data(struct session *s, const char *file)
{
    if (tenka_model_data(s->ctx, file, &s->trained_on) != TENKA_OK)
        return session_say_load_failed(s, file);
    if (s->trained_on == NULL)
        return say_failed("%s does not say which images its network was trained on: name them with --data", file);
    if (!data_is_there(s->trained_on))
        return say_failed("the images of %s, which %s was trained on, are no longer there: name others with --data",
                          s->trained_on, file);
    s->data_dir = s->trained_on;
    return EXIT_CODE_OK;
}

static int find_data(struct session *s, bool train)
{
    static const char *const fixed[] = {"./data/fashion-mnist", "./data/mnist", NULL, NULL,
                                        "/usr/share/datasets/fashion-mnist"};
    static const char *const user[] = {[2] = "fashion-mnist", [3] = "mnist"};
    s->data_dir = s->options->data;
    if (masks_join(s) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    if (s->data_dir != NULL)
        return session_check_data(s->data_dir);
    if (!train || s->options->resume != NULL)
        return find_trained_data(s, train ? s->options->resume : s->options->load);
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && s->data_dir == NULL; i++) {
        if (fixed[i] != NULL)
            snprintf(s->folder, sizeof(s->folder), "%s", fixed[i]);
        else
            user_data_folder(s->folder, sizeof(s->folder), user[i]);
        if (data_is_folder(s->folder))
            s->data_dir = s->folder;
    }
    if (s->data_dir == NULL)
        return say_failed("there are no images: name a folder with --data, install Debian's package "
                          "dataset-fashion-mnist, or run tools/fetch-data fashion-mnist");
    return EXIT_CODE_OK;
}

/* ---- Two halves ---- */

/* Training on images needs both halves. */
static int check_halves_named(const struct session *s)
{
    struct file_list list = {.count = 4};
    if (data_kind(s->data_dir) == DATA_LIST)
        file_list_split(s->data_dir, &list);
    free(list.text);
    if (list.count == 4)
        return EXIT_CODE_OK;
    return say_failed("--data: two files are one half of a data set, and training is tested after each epoch: name "
                      "four, train-images,train-labels,test-images,test-labels, or the same two twice");
}

static bool same_shape(struct tenka_shape a, struct tenka_shape b)
{
    return a.rank == b.rank && memcmp(a.dim, b.dim, a.rank * sizeof(a.dim[0])) == 0;
}

/* Whether the targets of both are of a kind. */
static int check_targets(const struct session *s)
{
    const struct tenka_shape a = tenka_dataset_target_shape(s->train_data);
    const struct tenka_shape b = tenka_dataset_target_shape(s->test_data);
    const enum tenka_dtype train = tenka_dataset_target_dtype(s->train_data);
    char here[SAMPLE_TEXT], there[SAMPLE_TEXT];
    if (train != tenka_dataset_target_dtype(s->test_data))
        return say_failed("the training targets of %s are %s, but its test targets are %s: they must be of one kind",
                          s->data_dir, train == TENKA_I32 ? "whole numbers" : "floats",
                          train == TENKA_I32 ? "floats" : "whole numbers");
    if (same_shape(a, b))
        return EXIT_CODE_OK;
    return say_failed("the training targets of %s are %s each, but its test targets %s: they must be of one shape",
                      s->data_dir, sample_text(a, here), sample_text(b, there));
}

/* Without halves of its own the data may be split. */
static int split_data(struct session *s)
{
    const double split = s->options->split;
    if (split == 0)
        return EXIT_CODE_OK;
    if (s->test_data != NULL)
        return say_failed("--split takes a part of the training %ss for testing, but %s has a test half: leave it out",
                          session_noun(s), s->data_dir);
    s->split_of = tenka_dataset_count(s->train_data);
    if (tenka_dataset_split(s->train_data, split, s->options->seed, &s->test_data) != TENKA_OK)
        return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

/* What is tested by --split is a part of what training took, which has no test half. */
static int check_undivided(struct session *s)
{
    tenka_dataset *other = NULL;
    if (s->options->split == 0)
        return EXIT_CODE_OK;
    s->train_data = s->test_data;
    int code = session_load_half(s, s->data_dir, false, &other);
    s->train_data = NULL;
    if (code == EXIT_CODE_OK && other != NULL)
        code = say_failed("--split tests the part of the %ss that training kept, but %s has a test half: leave it out",
                          session_noun(s), s->data_dir);
    tenka_dataset_destroy(&other);
    return code;
}

/* The part of the tested samples that these keep from training. */
static int take_kept(struct session *s, double split, uint64_t seed)
{
    tenka_dataset *rest;
    if (tenka_dataset_split(s->test_data, split, seed, &rest) != TENKA_OK)
        return say_library_failed(s->ctx);
    tenka_dataset_destroy(&s->test_data);
    s->test_data = rest;
    return EXIT_CODE_OK;
}

/* Whether the tested samples are those of which the network's file says that it was trained on them. */
static bool is_trained_data(const struct session *s, const struct tenka_preprocessing *how)
{
    return how != NULL && how->data != NULL && data_same(how->data, s->data_dir);
}

/* Says nothing of training that is not known. */
static void tell_asked(const struct session *s, bool unknown)
{
    const struct options *const o = s->options;
    const size_t count = tenka_dataset_count(s->test_data);
    char text[32];
    say_shortest(text, o->split);
    if (unknown)
        say_notice(o,
                   "tested are the %zu %ss that --split %s kept from training, if it was trained with --split %s "
                   "--seed %" PRIu64,
                   count, session_noun(s), text, text, o->seed);
    else
        say_notice(o, "tested are %zu %ss, a part of %s that is chosen by seed %" PRIu64, count, session_noun(s), text,
                   o->seed);
}

/* By --split, of which a network's file that says another would be wrong. */
static int split_as_asked(struct session *s, const struct tenka_preprocessing *how, bool same)
{
    const struct options *const o = s->options;
    char text[32];
    if (same && how->split == 0)
        return say_failed("%s was trained on all of the %ss of %s: leave --split out, or name others with --data",
                          session_model_path(s), session_noun(s), s->data_dir);
    if (same && (how->split != o->split || how->split_seed != o->seed))
        return say_failed("%s was trained with --split %s --seed %" PRIu64 ", which its file says: leave --split out",
                          session_model_path(s), say_shortest(text, how->split), how->split_seed);
    const int code = take_kept(s, o->split, o->seed);
    if (code == EXIT_CODE_OK && !same)
        tell_asked(s, how == NULL);
    return code;
}

int session_split_tested(struct session *s)
{
    const struct tenka_preprocessing *const how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    const bool same = is_trained_data(s, how), known = same && how->split != 0;
    char text[32];
    if (known && tenka_dataset_count(s->test_data) != how->split_of)
        return say_failed(
            "%s had %" PRIu64 " %ss when %s was trained on a part of them, and has %zu now, so that it is "
            "not known which were kept from training: name others with --data",
            s->data_dir, how->split_of, session_noun(s), session_model_path(s), tenka_dataset_count(s->test_data));
    int code = EXIT_CODE_OK;
    if (s->options->split > 0)
        code = split_as_asked(s, how, same);
    else if (known)
        code = take_kept(s, how->split, how->split_seed);
    if (code == EXIT_CODE_OK && known)
        say_notice(s->options, "tested are the %zu %ss that --split %s kept from training",
                   tenka_dataset_count(s->test_data), session_noun(s), say_shortest(text, how->split));
    return code;
}

/* Both have samples of one shape, and classes that occur in either. */
static int join_halves(struct session *s)
{
    const struct tenka_shape a = tenka_dataset_image_shape(s->train_data), b = tenka_dataset_image_shape(s->test_data);
    const uint32_t train = tenka_dataset_classes(s->train_data), test = tenka_dataset_classes(s->test_data);
    char here[SAMPLE_TEXT], there[SAMPLE_TEXT];
    if (!same_shape(a, b))
        return say_failed("the training %ss of %s are %s, but its test %ss %s: they must be of one size",
                          session_noun(s), s->data_dir, sample_text(a, here), session_noun(s), sample_text(b, there));
    int code = check_targets(s);
    if (code == EXIT_CODE_OK && data_kind(s->data_dir) == DATA_PICTURES)
        code = pictures_check_classes(s);
    if (code != EXIT_CODE_OK || train == 0)
        return code;
    const uint32_t classes = train > test ? train : test;
    if (tenka_dataset_set_classes(s->train_data, classes) != TENKA_OK ||
        tenka_dataset_set_classes(s->test_data, classes) != TENKA_OK)
        return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

/* The names of --classes, which are saved with the network. */
static int name_classes(struct session *s)
{
    struct class_names given;
    const uint32_t classes = tenka_dataset_classes(s->train_data);
    if (s->options->classes == NULL)
        return EXIT_CODE_OK;
    if (classes == 0)
        return say_failed("--classes names classes, but the targets of %s are floats", s->data_dir);
    int code = class_names_read(&given, s->options->classes);
    if (code == EXIT_CODE_OK && given.count != classes)
        code = say_failed("--classes has %zu name%s, but the labels of %s have %u class%s", given.count,
                          plural(given.count), s->data_dir, classes, classes == 1 ? "" : "es");
    if (code == EXIT_CODE_OK && tenka_dataset_set_class_names(s->train_data, given.names, given.count) != TENKA_OK)
        code = say_library_failed(s->ctx);
    class_names_free(&given);
    return code;
}

int session_load_data(struct session *s, bool train)
{
    int code = find_data(s, train);
    if (code == EXIT_CODE_OK)
        s->data_path = data_absolute(s->data_dir);
    if (code == EXIT_CODE_OK && train)
        code = check_halves_named(s);
    if (code == EXIT_CODE_OK && train)
        code = session_load_half(s, s->data_dir, true, &s->train_data);
    if (code == EXIT_CODE_OK)
        code = session_load_half(s, s->data_dir, false, &s->test_data);
    if (code == EXIT_CODE_OK && !train)
        code = check_undivided(s);
    if (code == EXIT_CODE_OK && train)
        code = targets_set(s);
    if (code == EXIT_CODE_OK)
        code = session_pass_over_ignored(s);
    if (code == EXIT_CODE_OK && train)
        code = split_data(s);
    if (code == EXIT_CODE_OK && train)
        code = table_settle(s);
    if (code == EXIT_CODE_OK)
        table_tell(s);
    if (code == EXIT_CODE_OK && train && s->test_data != NULL)
        code = join_halves(s);
    if (code == EXIT_CODE_OK && train)
        code = masks_check(s);
    if (code == EXIT_CODE_OK && train)
        code = name_classes(s);
    if (code == EXIT_CODE_OK && train && s->options->limit > 0)
        tenka_dataset_truncate(s->train_data, s->options->limit);
    return code;
}

/* ---- Data and network ---- */

/* How the saved network was trained, as far as its file says; NULL: it does not. */
static const struct tenka_preprocessing *saved_preprocessing(const struct session *s)
{
    return s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
}

static int apply_preprocessing(struct session *s, tenka_dataset *data)
{
    const struct tenka_preprocessing *how = saved_preprocessing(s);
    if (how == NULL || how->image.rank != 3 || data == NULL || tenka_dataset_input_dtype(data) != TENKA_U8 ||
        tenka_dataset_transform(data) != NULL)
        return EXIT_CODE_OK;
    const struct tenka_shape image = tenka_dataset_image_shape(data);
    if (memcmp(image.dim, how->image.dim, 3 * sizeof(image.dim[0])) != 0)
        return say_failed("%s was trained on images of %ux%ux%u, but those of %s are %ux%ux%u", session_model_path(s),
                          how->image.dim[0], how->image.dim[1], how->image.dim[2], s->data_dir, image.dim[0],
                          image.dim[1], image.dim[2]);
    for (uint32_t c = 0; c < image.dim[0]; c++)
        if (tenka_dataset_set_normalization(data, c, how->mean[c], how->std[c]) != TENKA_OK)
            return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

int session_apply_preprocessing(struct session *s)
{
    const int code = apply_preprocessing(s, s->train_data);
    return code != EXIT_CODE_OK ? code : apply_preprocessing(s, s->test_data);
}

/* Whether all classes are called by their numbers. */
static bool are_numbers(const char *const *names, uint32_t count)
{
    char number[16];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(number, sizeof(number), "%u", i);
        if (strcmp(names[i], number) != 0)
            return false;
    }
    return true;
}

/* The folders of pictures must be the classes that the network has learned, in their order: what is right depends on
 * it. */
static int check_folder_names(const struct session *s, const struct tenka_preprocessing *how)
{
    struct tenka_picture_sizes sizes;
    if (session_has_masks(s) || how->class_names == NULL || are_numbers(how->class_names, how->classes) ||
        s->options->classes != NULL || tenka_dataset_picture_sizes(s->test_data, &sizes) != TENKA_OK)
        return EXIT_CODE_OK;
    for (uint32_t i = 0; i < tenka_dataset_classes(s->test_data) && i < how->classes; i++) {
        const char *const name = tenka_dataset_class_name(s->test_data, i);
        if (strcmp(name, how->class_names[i]) != 0)
            return say_failed(
                "folder %u of %s is '%s', but class %u of %s is '%s': there must be a folder for each class "
                "that it has learned, of its name",
                i, s->data_dir, name, i, session_model_path(s), how->class_names[i]);
    }
    return EXIT_CODE_OK;
}

/* A network that is only tested has the classes that it was trained on. */
static int check_saved_classes(const struct session *s)
{
    const struct tenka_preprocessing *how = saved_preprocessing(s);
    const uint32_t classes = tenka_dataset_classes(session_data(s));
    if (s->train_data != NULL || how == NULL || how->classes == 0)
        return EXIT_CODE_OK;
    if (classes > how->classes)
        return say_failed("%s was trained on %u class%s, but the labels of %s have %u, 0 to %u: they are those of "
                          "another data set",
                          session_model_path(s), how->classes, how->classes == 1 ? "" : "es", s->data_dir, classes,
                          classes - 1);
    if (classes < how->classes && how->data != NULL && !is_trained_data(s, how))
        say_warning("%s was trained on the %u classes of %s, but the labels of %s have only %u: are they those of "
                    "another data set?",
                    session_model_path(s), how->classes, how->data, s->data_dir, classes);
    const char *const first = tenka_dataset_class_name(s->test_data, 0);
    if (how->class_names != NULL && are_numbers(how->class_names, how->classes) && strcmp(first, "0") != 0)
        say_warning("the classes of %s are numbers, but those of %s have names (%s, ...): was it trained on another "
                    "data set?",
                    session_model_path(s), s->data_dir, first);
    return check_folder_names(s, how);
}

int session_check_class_names(const struct session *s, uint32_t outputs)
{
    const struct tenka_preprocessing *how = saved_preprocessing(s);
    if (how == NULL || how->classes <= outputs)
        return EXIT_CODE_OK;
    return say_failed("%s names %u classes, but its network gives %u output%s: it needs one for each class",
                      session_model_path(s), how->classes, outputs, plural(outputs));
}

/* Of one class alone each network is right from the beginning. */
static int say_one_class(const struct session *s)
{
    char name[128];
    snprintf(name, sizeof(name), "%s", tenka_dataset_class_name(s->train_data, 0));
    make_harmless(name);
    return say_failed("the labels of %s have only 1 class, '%s', so that there is nothing to learn: add %ss of another "
                      "class, or with --target input train a network that gives again what it is given",
                      s->data_dir, name, session_noun(s));
}

int session_check_classes(const struct session *s, uint32_t outputs)
{
    const struct tenka_preprocessing *how = s->train_data == NULL ? saved_preprocessing(s) : NULL;
    uint32_t classes = tenka_dataset_classes(session_data(s)); /* of both halves, where there are two */
    const bool loaded = s->train_data != NULL && s->options->load != NULL;
    const bool numbers = outputs == 1 && tenka_dataset_table(session_data(s)) != NULL;
    if (s->train_data != NULL && classes == 1)
        return say_one_class(s);
    if (classes > outputs)
        return say_failed("the labels of %s have %u class%s, 0 to %u, but the network gives %u output%s: it needs one "
                          "for each class%s",
                          s->data_dir, classes, classes == 1 ? "" : "es", classes - 1, outputs, plural(outputs),
                          numbers ? "; --loss 'MSELoss()' takes them for numbers"
                          : loaded
                              ? "; name one that has them with --net, and --load-partial gives it all other weights"
                              : "");
    int code = session_check_class_names(s, outputs);
    if (code == EXIT_CODE_OK)
        code = check_saved_classes(s);
    if (code != EXIT_CODE_OK)
        return code;
    /* A class that the network was trained on may be missing among the images that test it. */
    if (how != NULL && how->classes > classes)
        classes = how->classes;
    if (classes < outputs)
        say_warning("the network gives %u outputs, but the labels of %s have only %u class%s: the others are never "
                    "right; --net can name a network with one output for each class",
                    outputs, s->data_dir, classes, classes == 1 ? "" : "es");
    return EXIT_CODE_OK;
}
