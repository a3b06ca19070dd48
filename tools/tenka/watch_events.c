/* A training as TensorBoard's events. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "train.h"

/* ---- The options ---- */

/* A cell of a table in Markdown. */
static void put_cell(FILE *file, const char *text)
{
    for (size_t length; *text != '\0'; text += length > 0 ? length : 1) {
        length = utf8_length(text);
        if (length == 0 || is_control(text))
            fputc('?', file);
        else if (*text == '|' || *text == '<' || *text == '*' || *text == '_' || *text == '`')
            fprintf(file, "&#%d;", *text);
        else
            fwrite(text, 1, length, file);
    }
}

static void put_row(FILE *file, const char *name, const char *value)
{
    fputs("| ", file);
    put_cell(file, name);
    fputs(" | ", file);
    put_cell(file, value);
    fputs(" |\n", file);
}

static void put_option(FILE *file, const struct option *option, const struct options *o)
{
    char *text = NULL;
    size_t length;
    FILE *const value = open_memstream(&text, &length);
    if (value == NULL)
        return;
    log_json_option(value, option, o);
    if (fclose(value) == 0)
        put_row(file, option->name, text);
    free(text);
}

static tenka_status write_options(const struct session *s, tenka_events *events, uint64_t step)
{
    struct options o = *s->options;
    char *text = NULL;
    size_t length;
    FILE *const file = open_memstream(&text, &length);
    if (file == NULL)
        return TENKA_E_NOMEM;
    o.data = s->data_dir;
    fputs("| option | value |\n|---|---|\n", file);
    put_row(file, "device", tenka_ctx_device_name(s->ctx));
    for (const struct option *option = option_table; option->name != NULL; option++)
        if (option->key != NULL)
            put_option(file, option, &o);
    const tenka_status status = fclose(file) == 0 ? tenka_events_text(events, "options", step, text) : TENKA_E_NOMEM;
    free(text);
    return status;
}

/* ---- The beginning ---- */

tenka_status events_begin(const struct session *s, tenka_events *events, uint64_t step)
{
    tenka_status status = tenka_events_start(events, step);
    if (status == TENKA_OK)
        status = write_options(s, events, step);
    return status == TENKA_OK ? events_graph(s, events) : status;
}

/* ---- An epoch ---- */

static tenka_status write_scalars(tenka_events *events, uint64_t step, const struct epoch_result *r)
{
    const struct evaluation *const e = &r->test;
    const struct {
        const char *tag;
        double value;
    } all[] = {
        {"epoch/number", r->step > 0 ? (double)NAN : r->epoch + 1.0},
        {"epoch/train loss", r->step > 0 ? (double)NAN : r->train_loss},
        {"epoch/images per second", r->step > 0 ? (double)NAN : r->images_per_second},
        {"test/loss", e->loss},
        {"test/accuracy", e->accuracy},
        {"test/top 5 accuracy", e->top_accuracy},
        {"test/F1", e->f1},
        {"test/mean IoU", e->mean_iou},
        {"test/exact", e->exact},
        {"test/MAE", e->numbers.mae},
        {"test/RMSE", e->numbers.rmse},
        {"test/R2", e->numbers.r2},
        {"test/PSNR", e->numbers.psnr},
    };
    tenka_status status = TENKA_OK;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && status == TENKA_OK; i++)
        if (!isnan(all[i].value))
            status = tenka_events_scalar(events, all[i].tag, step, all[i].value);
    return status;
}

/* kind: "weights" or "gradients". */
static tenka_status write_numbers(tenka_events *events, uint64_t step, const char *kind, const char *name,
                                  tenka_variable *var)
{
    const size_t count = shape_count(tenka_variable_shape(var));
    float *const values = malloc(count * sizeof(values[0]) + 1);
    char tag[600];
    if (values == NULL)
        return TENKA_E_NOMEM;
    snprintf(tag, sizeof(tag), "%s/%.500s", kind, name);
    tenka_status status = tenka_variable_read(var, values, count * sizeof(values[0]));
    if (status == TENKA_OK)
        status = tenka_events_histogram(events, tag, step, values, count);
    free(values);
    return status;
}

/* They are known where this process has taken the epoch's last update. */
static tenka_status write_gradients(struct watch *w, uint64_t step)
{
    tenka_status status = TENKA_OK;
    for (size_t i = 0; i < w->n_gradients && status == TENKA_OK; i++)
        status = write_numbers(w->events, step, "gradients", w->gradients[i].name, w->gradients[i].values);
    watch_drop_gradients(w);
    return status;
}

static tenka_status write_weights(const struct session *s, tenka_events *events, uint64_t step)
{
    const size_t count = tenka_module_state(s->net, NULL, 0);
    struct tenka_state_entry *const state = calloc(count + 1, sizeof(state[0]));
    tenka_status status = state != NULL ? TENKA_OK : TENKA_E_NOMEM;
    if (state != NULL)
        tenka_module_state(s->net, state, count);
    for (size_t i = 0; i < count && status == TENKA_OK; i++)
        if (state[i].parameter && tenka_variable_dtype(state[i].var) == TENKA_F32)
            status = write_numbers(events, step, "weights", state[i].name, state[i].var);
    free(state);
    return status;
}

static void put_sample(FILE *file, const struct answers *a, const struct session *s, size_t i)
{
    const struct sample *const sample = &a->firsts[i];
    char number[2][16];
    fprintf(file, "| %zu | ", i);
    if (a->kind == ANSWERS_CLASSES && a->places == 1) {
        put_cell(file, answers_class_name(s, (uint32_t)sample->actual, number[0]));
        fputs(" | ", file);
        put_cell(file, answers_class_name(s, (uint32_t)sample->predicted, number[1]));
        fprintf(file, " (%.1f %%)", 100 * sample->probability);
    } else if (a->kind == ANSWERS_NUMBERS) {
        fprintf(file, "%.6g | %.6g", sample->actual, sample->predicted);
    } else {
        fprintf(file, "| %.1f %% right", 100 * sample->probability);
    }
    fprintf(file, " | %.4g |\n", sample->loss);
}

/* The first samples of the epoch's test, which is shuffled as training is. */
static tenka_status write_samples(const struct training *t, tenka_events *events, uint64_t step)
{
    const struct answers *const a = &t->answers;
    char *text = NULL, tag[32];
    size_t length;
    tenka_status status = TENKA_OK;
    FILE *const file = a->n_firsts > 0 ? open_memstream(&text, &length) : NULL;
    if (file == NULL)
        return a->n_firsts > 0 ? TENKA_E_NOMEM : TENKA_OK;
    fputs("| picture | actual | predicted | loss |\n|---|---|---|---|\n", file);
    for (size_t i = 0; i < a->n_firsts; i++) {
        put_sample(file, a, &t->session, i);
        snprintf(tag, sizeof(tag), "samples/%zu", i);
        if (status == TENKA_OK && a->firsts[i].picture != NULL)
            status = tenka_events_image(events, tag, step, a->firsts[i].picture);
    }
    if (fclose(file) != 0)
        status = TENKA_E_NOMEM;
    if (status == TENKA_OK)
        status = tenka_events_text(events, "samples", step, text);
    free(text);
    return status;
}

tenka_status events_epoch(struct training *t, uint64_t step, const struct epoch_result *result)
{
    tenka_events *const events = t->watch.events;
    tenka_status status = write_scalars(events, step, result);
    if (status != TENKA_OK || result->step > 0)
        return status;
    status = write_weights(&t->session, events, step);
    if (status == TENKA_OK)
        status = write_gradients(&t->watch, step);
    return status == TENKA_OK && result->test.images > 0 ? write_samples(t, events, step) : status;
}
