/* `tenka predict` of an array: what the network gives for each sample, into a file or as classes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict.h"

bool predict_is_array(const struct options *options)
{
    return options->n_pictures == 1 && (path_is_npy(options->pictures[0]) || path_is_csv(options->pictures[0]));
}

struct run {
    struct predictor *p;
    bool classes; /* are printed or written, rather than the numbers */
    tenka_array *array;
    size_t count, each;        /* samples, and numbers of one */
    struct tenka_shape output; /* of all samples */
    size_t per_output;         /* numbers of one sample's output */
    float *rows, *all;         /* a batch's input; what the network has given, with room for a whole last batch */
    double *wide;              /* the same with all digits, of a device that has them; else NULL */
    struct table_scale *scale; /* of the outputs */
    bool gaps;                 /* samples of NaN are lines of a table that lack a value, and have no answer */
    char *names;               /* of samples, for what is printed */
};

/* A name for each sample takes so many bytes at most besides the file's. */
#define INDEX_BYTES 24

/* ---- Setting up ---- */

static int read_array(struct run *r, const char *path)
{
    return tenka_array_read(r->p->session.ctx, path, NULL, &r->array) == TENKA_OK
               ? EXIT_CODE_OK
               : say_library_failed(r->p->session.ctx);
}

/* What the columns of a table are to the network; NULL: it was trained on none. */
static const char *table_of(const struct predictor *p)
{
    const struct tenka_preprocessing *how = p->session.model != NULL ? tenka_model_preprocessing(p->session.model)
                                                                     : NULL;
    return how != NULL ? how->table : NULL;
}

static void say_missing(struct run *r, const char *path, const struct tenka_csv_counts *counts)
{
    char number[32];
    r->gaps = counts->lines > 0;
    if (r->gaps)
        say_notice(r->p->session.options, "%s: %s line%s no answer, as training left out lines that lack a value", path,
                   say_count(number, counts->lines), counts->lines == 1 ? " has" : "s have");
    if (counts->cells > 0)
        table_say_filled(&r->p->session, path, counts->cells);
}

/* As the table that the network was trained on. */
static int read_table(struct run *r, const char *path)
{
    const struct session *const s = &r->p->session;
    const char *const table = table_of(r->p);
    if (table == NULL)
        return say_failed("%s does not say how it wants the columns of a table: it was trained on none",
                          s->options->load);
    struct tenka_csv_counts counts;
    tenka_status status = tenka_array_read_csv(s->ctx, path, table, &counts, &r->array);
    if (status == TENKA_OK)
        say_missing(r, path, &counts);
    if (status == TENKA_OK && r->p->csv != NULL)
        status = tenka_table_others_read(s->ctx, path, table, &r->p->others);
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

static int open_array(struct run *r)
{
    struct predictor *const p = r->p;
    const char *const path = p->session.options->pictures[0];
    const int code = path_is_csv(path) ? read_table(r, path) : read_array(r, path);
    if (code != EXIT_CODE_OK)
        return code;
    const struct tenka_shape shape = tenka_array_shape(r->array);
    if (shape.rank == 0)
        return say_failed("%s: expected samples along a first axis, found a single number", path);
    p->image = (struct tenka_shape){.rank = shape.rank - 1};
    memcpy(p->image.dim, shape.dim + 1, p->image.rank * sizeof(shape.dim[0]));
    r->count = shape.dim[0];
    r->each = shape_count(p->image);
    return EXIT_CODE_OK;
}

static struct tenka_shape batch_of(const struct predictor *p)
{
    struct tenka_shape batch = {.rank = p->image.rank + 1, .dim = {p->batch_size}};
    memcpy(batch.dim + 1, p->image.dim, p->image.rank * sizeof(batch.dim[0]));
    return batch;
}

/* Every batch has the same size, so that there is one plan. */
static int check_network(struct run *r)
{
    struct predictor *const p = r->p;
    char text[SAMPLE_TEXT];
    p->batch_size = predict_batch_size(p->session.options, r->each * sizeof(float), r->count);
    if (tenka_module_check(p->session.net, batch_of(p), &r->output) != TENKA_OK)
        return say_failed("the network does not fit samples of %s: %s", sample_text(p->image, text),
                          tenka_last_error(p->session.ctx));
    if (r->output.rank == 0 || r->output.dim[0] != p->batch_size)
        return say_failed("the network gives no output for each sample: its first axis must be that of the samples");
    r->output.dim[0] = (uint32_t)r->count;
    r->per_output = shape_count(r->output) / r->count;
    return EXIT_CODE_OK;
}

/* The outputs are of classes, or of labels, where nothing else is known of them. */
static bool gives_classes(const struct run *r)
{
    const struct session *const s = &r->p->session;
    return r->output.rank == 2 && (r->p->labels != LABELS_NONE || s->model == NULL || s->options->classes != NULL ||
                                   tenka_model_preprocessing(s->model)->class_names != NULL);
}

static int check_classes(struct run *r)
{
    struct predictor *const p = r->p;
    p->labels = targets_labels(&p->session);
    r->classes = gives_classes(r);
    if (!r->classes)
        return p->csv != NULL ? EXIT_CODE_OK
                              : say_failed("%s gives no classes; --out FILE.npy or FILE.csv writes what it gives",
                                           p->session.options->load);
    p->outputs = r->output.dim[1];
    p->top = p->session.options->top < p->outputs ? p->session.options->top : p->outputs;
    const int code = session_find_ending(&p->session, batch_of(p));
    return code == EXIT_CODE_OK ? predict_find_names(p) : code;
}

static int set_up(struct run *r)
{
    struct predictor *const p = r->p;
    int code = open_array(r);
    if (code == EXIT_CODE_OK)
        code = check_network(r);
    if (code == EXIT_CODE_OK && (p->session.options->out == NULL || p->csv != NULL))
        code = check_classes(r);
    if (code != EXIT_CODE_OK)
        return code;
    const size_t name = strlen(p->session.options->pictures[0]) + INDEX_BYTES;
    r->rows = calloc(p->batch_size, r->each * sizeof(float));
    r->all = calloc(r->count + p->batch_size, r->per_output * sizeof(float));
    const bool wide = !r->classes && tenka_ctx_backend(p->session.ctx) == TENKA_BACKEND_CPU_F64;
    if (wide)
        r->wide = calloc(r->count + p->batch_size, r->per_output * sizeof(double));
    r->names = calloc(p->batch_size, name);
    p->predictions = calloc(p->batch_size, sizeof(p->predictions[0]));
    r->scale = table_scale_find(table_of(p), r->per_output);
    return r->rows != NULL && r->all != NULL && r->names != NULL && p->predictions != NULL && r->scale != NULL &&
                   (r->wide != NULL || !wide)
               ? EXIT_CODE_OK
               : say_failed("out of memory");
}

/* ---- Running ---- */

static tenka_status read_wide(tenka_tensor output, double *out, size_t count)
{
    tenka_variable *var = NULL;
    tenka_status status = tenka_keep(output, &var);
    if (status == TENKA_OK)
        status = tenka_variable_read_f64(var, out, count);
    tenka_variable_destroy(&var);
    return status;
}

static bool is_gap(const struct run *r, size_t sample)
{
    float first;
    if (!r->gaps)
        return false;
    tenka_array_floats(r->array, sample * r->each, 1, &first);
    return isnan(first);
}

/* What the network is given of a sample without an answer is of no matter, but whole. */
static void clear_gaps(const struct run *r, size_t first, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        if (is_gap(r, first + i))
            memset(r->rows + i * r->each, 0, r->each * sizeof(float));
}

/* Takes back the answers of such samples. */
static void blank_gaps(const struct run *r, size_t first, size_t rows)
{
    for (size_t i = first; i < first + rows; i++)
        for (size_t k = i * r->per_output; is_gap(r, i) && k < (i + 1) * r->per_output; k++) {
            r->all[k] = NAN;
            if (r->wide != NULL)
                r->wide[k] = NAN;
        }
}

/* The batch's numbers, which are whole where the network looks them up. */
static int make_input(struct run *r, size_t first, size_t rows, tenka_tensor *out)
{
    struct predictor *const p = r->p;
    const enum tenka_dtype dtype = tenka_module_input_dtype(p->session.net);
    tenka_array_floats(r->array, first * r->each, rows * r->each, r->rows);
    clear_gaps(r, first, rows);
    for (size_t i = 0; i < rows * r->each && dtype == TENKA_I32; i++) {
        const float x = r->rows[i];
        const int32_t whole = fabsf(x) <= 1 << 24 ? (int32_t)x : -1;
        if ((float)whole != x)
            return say_failed(
                "%s: the network looks whole numbers up, but sample %zu has another one, or one that is too "
                "large",
                p->session.options->pictures[0], first + i / r->each);
        memcpy(&r->rows[i], &whole, sizeof(whole));
    }
    *out = tenka_input(p->session.ctx, dtype, batch_of(p), r->rows);
    return EXIT_CODE_OK;
}

/* The samples from first on; a last batch's further rows are computed and not looked at. */
static int run_batch(struct run *r, size_t first, size_t rows)
{
    struct predictor *const p = r->p;
    tenka_tensor input;
    if (make_input(r, first, rows, &input) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    const tenka_tensor output = tenka_forward(p->session.net, input);
    const size_t at = first * r->per_output, count = p->batch_size * r->per_output;
    const tenka_status status = r->wide != NULL ? read_wide(output, r->wide + at, count)
                                                : tenka_read(output, r->all + at, count * sizeof(float));
    if (status != TENKA_OK)
        return say_library_failed(p->session.ctx);
    table_scale_back(r->scale, r->all + at, r->wide != NULL ? r->wide + at : NULL, p->batch_size);
    blank_gaps(r, first, rows);
    return EXIT_CODE_OK;
}

static int print_batch(struct run *r, size_t first, size_t rows)
{
    struct predictor *const p = r->p;
    const char *const path = p->session.options->pictures[0];
    const size_t room = strlen(path) + INDEX_BYTES;
    static const char lacks[] = "it lacks a value, and has no answer";
    int code = EXIT_CODE_OK;
    memset(p->predictions, 0, rows * sizeof(p->predictions[0]));
    for (size_t i = 0; i < rows && code == EXIT_CODE_OK; i++) {
        if (p->csv != NULL)
            snprintf(r->names + i * room, room, "%zu", first + i);
        else
            snprintf(r->names + i * room, room, "%s[%zu]", path, first + i);
        p->predictions[i] = (struct prediction){.path = r->names + i * room, .row = i};
        if (!is_gap(r, first + i))
            continue;
        code = predict_fail(&p->predictions[i], lacks);
        p->unanswered++;
        if (code == EXIT_CODE_OK && p->csv == NULL && !p->session.options->json)
            say_notice(p->session.options, "%s: %s", p->predictions[i].path, lacks);
    }
    p->scores = r->all + first * r->per_output;
    p->count = rows;
    if (code == EXIT_CODE_OK)
        code = predictions_print(p);
    for (size_t i = 0; i < rows; i++)
        free(p->predictions[i].failure);
    p->count = 0;
    p->scores = NULL;
    return code;
}

static int run_all(struct run *r)
{
    struct predictor *const p = r->p;
    const bool print = r->classes;
    int code = print ? predictions_begin(p) : EXIT_CODE_OK;
    progress_begin(&p->progress, "predict", 0, r->count);
    for (size_t first = 0; first < r->count && code == EXIT_CODE_OK && interrupt_signal() == 0;
         first += p->batch_size) {
        const size_t rows = r->count - first < p->batch_size ? r->count - first : p->batch_size;
        code = run_batch(r, first, rows);
        p->done = first + rows;
        if (code == EXIT_CODE_OK && print)
            code = print_batch(r, first, rows);
        progress_update(&p->progress, p->done);
    }
    progress_end(&p->progress);
    return code == EXIT_CODE_OK && print ? predictions_end(p) : code;
}

/* The numbers of all samples; of a table they have the names of its targets. */
static int write_csv(const struct run *r)
{
    struct predictor *const p = r->p;
    predict_csv_outputs(p, table_of(p), r->per_output);
    for (size_t i = 0; i < r->count; i++) {
        fprintf(p->csv, "%zu", i);
        predict_csv_others(p, i + 1);
        for (size_t at = i * r->per_output; at < (i + 1) * r->per_output; at++)
            if (is_gap(r, i))
                fputc(',', p->csv);
            else
                predict_csv_number(p, r->wide != NULL ? r->wide[at] : (double)r->all[at], r->wide != NULL);
        fputc('\n', p->csv);
    }
    return predict_csv_save(p);
}

static int write_out(const struct run *r)
{
    const struct session *const s = &r->p->session;
    if (r->p->csv != NULL)
        return r->classes ? predict_csv_save(r->p) : write_csv(r);
    const char *const path = s->options->out;
    const tenka_status status = r->wide != NULL ? tenka_array_write_f64(s->ctx, path, r->output, r->wide)
                                                : tenka_array_write(s->ctx, path, r->output, r->all);
    if (status != TENKA_OK)
        return say_library_failed(s->ctx);
    if (!s->options->quiet)
        print_text(stdout, "saved    %s\n", s->options->out);
    if (targets_labels(s) == LABELS_LOGITS)
        say_notice(s->options, "%s has the network's outputs, which are logits; --out FILE.csv has probabilities",
                   s->options->out);
    return EXIT_CODE_OK;
}

static int run_and_write(struct run *r)
{
    struct predictor *const p = r->p;
    tenka_no_grad_begin(p->session.ctx);
    int code = run_all(r);
    tenka_no_grad_end(p->session.ctx);
    if (code == EXIT_CODE_OK && interrupt_signal() != 0) {
        char count[32];
        say_failed("stopped by a signal after %s sample%s", say_count(count, p->done), plural(p->done));
        return EXIT_CODE_SIGNAL + interrupt_signal();
    }
    if (code == EXIT_CODE_OK && p->session.options->out != NULL)
        code = write_out(r);
    return code == EXIT_CODE_OK && p->failed > 0 ? EXIT_CODE_FAILED : code;
}

int predict_array(struct predictor *p)
{
    struct run r = {.p = p};
    progress_init(&p->progress, p->session.options->quiet);
    tenka_module_train(p->session.net, false);
    int code = set_up(&r);
    if (code == EXIT_CODE_OK)
        code = run_and_write(&r);
    tenka_array_destroy(&r.array);
    tenka_table_others_destroy(&p->others);
    free(r.rows);
    free(r.all);
    free(r.wide);
    free(r.scale);
    free(r.names);
    return code;
}
