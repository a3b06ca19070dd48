/* Tables as data: CSV files, their targets, and how a saved network wants them. */
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

/* Names with commas between them; a name that a file has may hold none. */
struct name_list {
    char *text;
    const char **names;
    size_t count;
};

static int split_names(const char *text, struct name_list *out)
{
    memset(out, 0, sizeof(*out));
    if (text == NULL)
        return EXIT_CODE_OK;
    out->text = malloc(strlen(text) + 1);
    out->names = calloc(strlen(text) + 1, sizeof(out->names[0]));
    if (out->text == NULL || out->names == NULL)
        return say_failed("out of memory");
    strcpy(out->text, text);
    for (char *at = out->text; at != NULL; out->count++) {
        char *const comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        out->names[out->count] = at;
        at = comma != NULL ? comma + 1 : NULL;
    }
    return EXIT_CODE_OK;
}

static void free_names(struct name_list *list)
{
    free(list->text);
    free(list->names);
}

/* What was missing in a file, and what becomes of it. */
static void say_missing(const struct session *s, const char *path, const struct tenka_csv_counts *counts)
{
    char number[32];
    if (counts->lines > 0)
        say_notice(s->options, "%s: %s line%s, which lack%s a value, %s left out", path,
                   say_count(number, counts->lines), plural(counts->lines), counts->lines == 1 ? "s" : "",
                   counts->lines == 1 ? "is" : "are");
    if (counts->cells > 0)
        table_say_filled(s, path, counts->cells);
}

void table_say_filled(const struct session *s, const char *path, size_t cells)
{
    char number[32];
    say_notice(
        s->options,
        "%s: %s missing value%s %s filled in with the mean of the training samples, or of texts the most frequent",
        path, say_count(number, cells), plural(cells), cells == 1 ? "is" : "are");
}

static int load(const struct session *s, const char *path, struct tenka_csv_params *params, tenka_dataset **out)
{
    struct tenka_csv_counts counts;
    params->counts = &counts;
    if (tenka_dataset_load_csv(s->ctx, path, params, out) != TENKA_OK)
        return say_library_failed(s->ctx);
    say_missing(s, path, &counts);
    return EXIT_CODE_OK;
}

/* The file of the network that learns on; NULL: it begins. */
static const char *learnt_file(const struct session *s)
{
    return s->options->resume != NULL ? s->options->resume : s->options->load;
}

/* By --missing, or as the network that learns on does it. */
static int find_missing(const struct session *s, enum tenka_csv_missing *out)
{
    const char *const file = learnt_file(s);
    char *table;
    *out = s->options->missing;
    if (file == NULL || option_is_given(s->options, "missing"))
        return EXIT_CODE_OK;
    if (tenka_model_table(s->ctx, file, &table) != TENKA_OK)
        return session_say_load_failed(s, file);
    *out = tenka_table_missing(table);
    tenka_text_free(table);
    return EXIT_CODE_OK;
}

/* By --target and --without. */
static int load_own(const struct session *s, const char *path, tenka_dataset **out)
{
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    struct name_list targets, without = {.text = NULL};
    if (s->options->target == NULL)
        return say_failed("%s: say which of its columns the network is to tell, with --target COLUMN", path);
    int code = split_names(s->options->target, &targets);
    if (code == EXIT_CODE_OK)
        code = split_names(s->options->without, &without);
    params.targets = targets.names;
    params.n_targets = targets.count;
    params.without = without.names;
    params.n_without = without.count;
    if (code == EXIT_CODE_OK)
        code = find_missing(s, &params.missing);
    if (s->loss != NULL)
        params.kind = tenka_loss_takes_classes(s->loss) ? TENKA_CSV_CLASSES : TENKA_CSV_NUMBERS;
    if (code == EXIT_CODE_OK)
        code = load(s, path, &params, out);
    free_names(&targets);
    free_names(&without);
    return code;
}

static int load_like(const struct session *s, const char *path, const char *table, tenka_dataset **out)
{
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    params.table = table;
    return load(s, path, &params, out);
}

/* As the table was read that the network of --load was trained on. */
static int load_tested(const struct session *s, const char *path, tenka_dataset **out)
{
    const char *const file = s->options->load;
    char *table;
    if (tenka_model_table(s->ctx, file, &table) != TENKA_OK)
        return session_say_load_failed(s, file);
    if (table == NULL)
        return say_failed(
            "%s does not say how it wants the columns of a table: take the .safetensors of a network that "
            "was trained on one; a .pt holds weights alone",
            file);
    const int code = load_like(s, path, table, out);
    tenka_text_free(table);
    return code;
}

int table_load(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    struct file_list list = {.file = {data}, .count = 1};
    int code = EXIT_CODE_OK;
    if (data_is_list(data))
        file_list_split(data, &list);
    if (train)
        code = load_own(s, list.file[0], out);
    else if (s->train_data == NULL)
        code = load_tested(s, list.file[list.count - 1], out);
    else if (list.count == 2)
        code = load_like(s, list.file[1], tenka_dataset_table(s->train_data), out);
    free(list.text);
    return code;
}

/* The table of the network that learns on, where it has the same columns, standardised: its weights mean these. NULL:
 * there is none. */
static int find_scale(const struct session *s, char **out)
{
    const char *const file = learnt_file(s);
    *out = NULL;
    if (file == NULL)
        return EXIT_CODE_OK;
    if (tenka_model_table(s->ctx, file, out) != TENKA_OK)
        return session_say_load_failed(s, file);
    if (*out != NULL && !tenka_table_standardizes(*out, tenka_dataset_table(s->train_data))) {
        tenka_text_free(*out);
        *out = NULL;
    }
    return EXIT_CODE_OK;
}

/* Losses of distances mean the same in any unit; others ask for targets of a kind, such as counts. */
static bool scales_targets(const struct session *s)
{
    static const char *const losses[] = {"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"};
    if (tenka_dataset_target_dtype(s->train_data) != TENKA_F32 || tenka_dataset_target_is_input(s->train_data))
        return false;
    for (size_t i = 0; s->loss != NULL && i < sizeof(losses) / sizeof(losses[0]); i++)
        if (strcmp(tenka_loss_name(s->loss), losses[i]) == 0)
            return true;
    return s->loss == NULL; /* that of floats is MSELoss */
}

int table_check_options(const struct session *s, const char *name, const tenka_dataset *data)
{
    const struct options *const o = s->options;
    const bool column = o->target != NULL && !tenka_dataset_target_is_input(data);
    const char *const option = column                                  ? "target"
                               : o->without != NULL                    ? "without"
                               : o->standardize                        ? "standardize"
                               : o->missing != TENKA_CSV_MISSING_ERROR ? "missing"
                                                                       : NULL;
    if (option == NULL || tenka_dataset_table(data) != NULL)
        return EXIT_CODE_OK;
    return say_failed("--%s is for the columns of a CSV file, and %s is none%s", option, name,
                      column ? "; but 'tenka train --target input' makes targets of what the network is given" : "");
}

/* A network that has learnt standardised targets gives numbers around 0, and is to give others now. */
static void warn_of_raw_targets(const struct session *s, const char *like)
{
    struct table_scale *const scale = table_scale_find(like, shape_count(tenka_dataset_target_shape(s->train_data)));
    if (scale != NULL && scale->scaled && s->loss != NULL && !scales_targets(s))
        say_warning("%s was trained on standardised targets, but %s takes them as they are, so that what it has learnt "
                    "of them is in another unit: train with a loss such as MSELoss, or expect it to begin far away",
                    learnt_file(s), tenka_loss_name(s->loss));
    free(scale);
}

int table_fill(const struct session *s)
{
    const bool lacks = tenka_table_missing(tenka_dataset_table(s->train_data)) == TENKA_CSV_MISSING_MEAN;
    return !lacks || tenka_dataset_fill(s->train_data, s->test_data) == TENKA_OK ? EXIT_CODE_OK
                                                                                 : say_library_failed(s->ctx);
}

int table_settle(const struct session *s)
{
    const struct options *const o = s->options;
    char *like = NULL;
    if (tenka_dataset_table(s->train_data) == NULL)
        return table_check_options(s, s->data_dir, s->train_data);
    int code = table_fill(s);
    if (code == EXIT_CODE_OK)
        code = find_scale(s, &like);
    if (code == EXIT_CODE_OK && like != NULL)
        warn_of_raw_targets(s, like);
    if (code == EXIT_CODE_OK && like != NULL && o->resume == NULL)
        say_notice(o, "the columns are standardised as those that %s was trained on", o->load);
    if (code == EXIT_CODE_OK && (like != NULL || o->standardize) &&
        tenka_dataset_standardize(s->train_data, s->test_data, scales_targets(s), like) != TENKA_OK)
        code = say_library_failed(s->ctx);
    tenka_text_free(like);
    return code;
}

bool table_scales_targets(const struct session *s)
{
    const tenka_dataset *const data = session_data(s);
    struct table_scale *const scale =
        table_scale_find(tenka_dataset_table(data), shape_count(tenka_dataset_target_shape(data)));
    const bool scaled = scale != NULL && scale->scaled;
    free(scale);
    return scaled;
}

void table_tell(const struct session *s)
{
    if (table_scales_targets(s))
        say_notice(
            s->options,
            "the targets are standardised too: the loss is of these, answers and errors are in the table's unit");
}

struct table_scale *table_scale_find(const char *table, size_t each)
{
    struct table_scale *const scale = malloc(sizeof(*scale) + 2 * each * sizeof(scale->mean[0]));
    if (scale == NULL)
        return NULL;
    scale->each = each;
    scale->std = scale->mean + each;
    scale->scaled = table != NULL && tenka_table_scale(table, each, scale->mean, scale->std);
    return scale;
}

void table_scale_back(const struct table_scale *scale, float *numbers, double *wide, size_t samples)
{
    for (size_t i = 0; scale->scaled && i < samples * scale->each; i++) {
        const double mean = scale->mean[i % scale->each], std = scale->std[i % scale->each];
        if (wide != NULL)
            wide[i] = mean + std * wide[i];
        else
            numbers[i] = (float)(mean + std * (double)numbers[i]);
    }
}
