/* `tenka data`: what is in a data set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

/* A data set that is looked at. */
struct look {
    struct session session;
    struct tenka_measures measures; /* of the first half */
    uint64_t *train, *test;         /* samples of each class */
    double *seconds;                /* of each pass; NULL: there are none */
};

/* ---- Looking ---- */

static int count_targets(const struct session *s, const tenka_dataset *data, uint64_t *out)
{
    if (data == NULL || tenka_dataset_classes(data) == 0 || tenka_dataset_count_targets(data, out) == TENKA_OK)
        return EXIT_CODE_OK;
    return say_library_failed(s->ctx);
}

static int count_classes(struct look *l)
{
    const struct session *const s = &l->session;
    const uint32_t train = tenka_dataset_classes(s->train_data);
    const uint32_t test = s->test_data != NULL ? tenka_dataset_classes(s->test_data) : 0;
    if (s->test_data != NULL && train > 0 && test > 0 && train != test &&
        tenka_dataset_set_classes(train < test ? s->train_data : s->test_data, train < test ? test : train) != TENKA_OK)
        return say_library_failed(s->ctx);
    const uint32_t classes = tenka_dataset_classes(s->train_data);
    l->train = calloc((size_t)classes + 1, sizeof(l->train[0]));
    l->test = calloc((size_t)classes + 1, sizeof(l->test[0]));
    if (l->train == NULL || l->test == NULL)
        return say_failed("out of memory");
    return count_targets(s, s->train_data, l->train) == EXIT_CODE_OK ? count_targets(s, s->test_data, l->test)
                                                                     : EXIT_CODE_FAILED;
}

static int load(struct look *l)
{
    struct session *const s = &l->session;
    int code = masks_join(s);
    if (code == EXIT_CODE_OK)
        code = session_check_data(s->data_dir);
    if (code == EXIT_CODE_OK)
        code = session_load_half(s, s->data_dir, true, &s->train_data);
    if (code == EXIT_CODE_OK)
        code = table_check_options(s, s->data_dir, s->train_data);
    if (code == EXIT_CODE_OK)
        code = session_load_half(s, s->data_dir, false, &s->test_data);
    if (code == EXIT_CODE_OK && s->test_data != NULL && data_kind(s->data_dir) == DATA_PICTURES)
        code = pictures_check_classes(s);
    if (code == EXIT_CODE_OK)
        code = table_fill(s);
    if (code == EXIT_CODE_OK)
        code = count_classes(l);
    if (code == EXIT_CODE_OK && tenka_dataset_measure(s->train_data, &l->measures) != TENKA_OK)
        code = say_library_failed(s->ctx);
    if (code == EXIT_CODE_OK)
        code = transforms_read(s);
    if (code == EXIT_CODE_OK && s->transform != NULL)
        code = transforms_apply(s);
    return code;
}

static int pass(struct look *l)
{
    const uint32_t passes = l->session.options->passes;
    if (passes == 0)
        return EXIT_CODE_OK;
    l->seconds = calloc(passes, sizeof(l->seconds[0]));
    return l->seconds != NULL ? passes_run(&l->session, l->seconds) : say_failed("out of memory");
}

/* ---- For people ---- */

static void print_counts(const struct session *s)
{
    char train[32], test[32], text[SAMPLE_TEXT];
    struct tenka_picture_sizes sizes;
    print_text(stdout, "data     %s: %s training", s->data_dir, say_count(train, tenka_dataset_count(s->train_data)));
    if (s->test_data != NULL)
        printf(", %s test", say_count(test, tenka_dataset_count(s->test_data)));
    printf(" %ss", session_noun(s));
    if (tenka_dataset_picture_sizes(s->train_data, &sizes) != TENKA_OK)
        printf(", %s", sample_text(tenka_dataset_image_shape(s->train_data), text));
    if (tenka_dataset_target_dtype(s->train_data) == TENKA_F32)
        printf(", targets %s", sample_text(tenka_dataset_target_shape(s->train_data), text));
    printf("\n");
}

static void print_sizes(const struct session *s)
{
    struct tenka_picture_sizes sizes;
    char grey[32];
    if (tenka_dataset_picture_sizes(s->train_data, &sizes) != TENKA_OK)
        return;
    printf("pictures %u to %u pixels wide, %u to %u high, %s of them in grey\n", sizes.least_width, sizes.most_width,
           sizes.least_height, sizes.most_height, say_count(grey, sizes.grey));
}

static void print_classes(const struct look *l)
{
    const tenka_dataset *const data = l->session.train_data;
    const char *const what = session_has_masks(&l->session) ? " pixels" : "";
    char train[32], test[32];
    for (uint32_t i = 0; i < tenka_dataset_classes(data); i++) {
        print_text(stdout, "class    %u %s: %s training%s", i, tenka_dataset_class_name(data, i),
                   say_count(train, l->train[i]), what);
        if (l->session.test_data != NULL)
            printf(", %s test%s", say_count(test, l->test[i]), what);
        printf("\n");
    }
}

/* A line of the table's text each: what, name, kind, then its numbers or texts. */
static void print_columns(const struct session *s)
{
    const char *line = tenka_dataset_table(s->train_data);
    while (line != NULL && *line != '\0') {
        const size_t length = strcspn(line, "\n");
        print_text(stdout, "column   %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static void print_measures(const struct look *l)
{
    if (session_has_arrays(&l->session))
        printf("numbers  mean %.4g, deviation %.4g\n", l->measures.mean[0], l->measures.std[0]);
    for (uint32_t c = 0; c < l->measures.channels && !session_has_arrays(&l->session); c++)
        printf("channel  %u mean %.4f, deviation %.4f\n", c, l->measures.mean[c], l->measures.std[c]);
}

/* ---- For programs ---- */

static void print_real(const char *before, double value)
{
    char text[32];
    if (isfinite(value))
        printf("%s%s", before, say_shortest(text, value));
    else
        printf("%snull", before);
}

static void print_shape(const char *key, struct tenka_shape shape)
{
    printf(",\"%s\":[", key);
    for (uint32_t i = 0; i < shape.rank; i++)
        printf("%s%u", i > 0 ? "," : "", shape.dim[i]);
    printf("]");
}

static void print_json_classes(const struct look *l)
{
    const tenka_dataset *const data = l->session.train_data;
    printf(",\"classes\":[");
    for (uint32_t i = 0; i < tenka_dataset_classes(data); i++) {
        printf("%s{\"name\":", i > 0 ? "," : "");
        log_json_string(stdout, tenka_dataset_class_name(data, i));
        printf(",\"train\":%llu,\"test\":%llu}", (unsigned long long)l->train[i], (unsigned long long)l->test[i]);
    }
    printf("]");
}

static void print_json(const struct look *l)
{
    const struct session *const s = &l->session;
    struct tenka_picture_sizes sizes;
    printf("{\"data\":");
    log_json_string(stdout, s->data_dir);
    printf(",\"train\":%zu,\"test\":%zu", tenka_dataset_count(s->train_data),
           s->test_data != NULL ? tenka_dataset_count(s->test_data) : 0);
    if (tenka_dataset_picture_sizes(s->train_data, &sizes) == TENKA_OK)
        printf(",\"pictures\":{\"width\":[%u,%u],\"height\":[%u,%u],\"grey\":%zu}", sizes.least_width, sizes.most_width,
               sizes.least_height, sizes.most_height, sizes.grey);
    else
        print_shape("input", tenka_dataset_image_shape(s->train_data));
    print_shape("target", tenka_dataset_target_shape(s->train_data));
    print_json_classes(l);
    if (tenka_dataset_table(s->train_data) != NULL) {
        printf(",\"table\":");
        log_json_string(stdout, tenka_dataset_table(s->train_data));
    }
    for (int std = 0; std < 2; std++) {
        printf(",\"%s\":[", std ? "std" : "mean");
        for (uint32_t c = 0; c < l->measures.channels; c++)
            print_real(c > 0 ? "," : "", (std ? l->measures.std : l->measures.mean)[c]);
        printf("]");
    }
    if (l->seconds != NULL)
        passes_print_json(s, l->seconds);
    printf("}\n");
}

int command_data(const struct options *options)
{
    struct look l = {.measures.channels = 0};
    struct options own = *options;
    own.backend = TENKA_BACKEND_CPU;
    int code = check_save_path("--sheet", options->sheet);
    if (code != EXIT_CODE_OK)
        return code;
    code = session_open_device(&l.session, &own);
    l.session.data_dir = options->pictures[0];
    if (code == EXIT_CODE_OK)
        code = load(&l);
    if (code == EXIT_CODE_OK && options->sheet != NULL)
        code = sheet_write(&l.session, l.session.train_data, options->sheet);
    if (code == EXIT_CODE_OK)
        code = pass(&l);
    if (code == EXIT_CODE_OK && options->json) {
        print_json(&l);
    } else if (code == EXIT_CODE_OK) {
        print_counts(&l.session);
        print_sizes(&l.session);
        transforms_tell(&l.session);
        print_columns(&l.session);
        print_classes(&l);
        print_measures(&l);
        if (l.seconds != NULL)
            passes_print(&l.session, l.seconds);
    }
    session_close(&l.session);
    free(l.train);
    free(l.test);
    free(l.seconds);
    return code;
}
