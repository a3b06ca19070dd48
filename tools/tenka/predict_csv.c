/* `tenka predict --out FILE.csv`: the answers as a table, a row a sample or picture. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "predict.h"

bool predict_wants_csv(const struct options *options)
{
    return options->out != NULL && path_is_csv(options->out);
}

int predict_csv_open(struct predictor *p)
{
    if (!predict_wants_csv(p->session.options))
        return EXIT_CODE_OK;
    p->csv = open_memstream(&p->csv_text, &p->csv_bytes);
    return p->csv != NULL ? EXIT_CODE_OK : say_failed("out of memory");
}

/* In quotes where a reader would else take it apart. */
static void put_cell(FILE *file, const char *before, const char *text)
{
    const size_t length = strlen(text);
    const bool spaced = length > 0 && (text[0] == ' ' || text[length - 1] == ' ');
    if (!spaced && strpbrk(text, ",;\t\"\r\n") == NULL) {
        fprintf(file, "%s%s", before, text);
        return;
    }
    fprintf(file, "\"%s", before);
    for (; *text != '\0'; text++)
        fputs(*text == '"' ? "\"\"" : (const char[]){*text, '\0'}, file);
    fputc('"', file);
}

void predict_csv_others(struct predictor *p, size_t row)
{
    if (p->others != NULL)
        fputs(tenka_table_others_row(p->others, row), p->csv);
}

void predict_csv_classes(struct predictor *p, const char *key)
{
    char number[CLASS_NAME];
    fputs(key, p->csv);
    predict_csv_others(p, 0);
    fputs(p->labels == LABELS_NONE ? ",class" : "", p->csv);
    for (uint32_t i = 0; i < p->outputs; i++) {
        fputc(',', p->csv);
        put_cell(p->csv, "p_", predict_class_name(p, i, number));
    }
    fputc('\n', p->csv);
}

void predict_csv_row(struct predictor *p, const char *name, size_t row, const struct candidate *candidates)
{
    char number[CLASS_NAME];
    uint32_t best = 0;
    put_cell(p->csv, "", name);
    predict_csv_others(p, row);
    if (p->labels == LABELS_NONE)
        fputc(',', p->csv);
    for (uint32_t i = 1; i < p->outputs && candidates != NULL; i++)
        if (candidates[i].probability > candidates[best].probability)
            best = i;
    if (candidates != NULL && p->labels == LABELS_NONE)
        put_cell(p->csv, "", predict_class_name(p, best, number));
    for (uint32_t i = 0; i < p->outputs; i++)
        if (candidates != NULL)
            predict_csv_number(p, candidates[i].probability, false);
        else
            fputc(',', p->csv);
    fputc('\n', p->csv);
}

void predict_csv_outputs(struct predictor *p, const char *table, size_t count)
{
    char name[CLASS_NAME];
    fputs("row", p->csv);
    predict_csv_others(p, 0);
    for (size_t i = 0; i < count; i++) {
        if (table == NULL || !tenka_table_target(table, i, name, sizeof(name)))
            snprintf(name, sizeof(name), count == 1 ? "output" : "output_%zu", i);
        fputc(',', p->csv);
        put_cell(p->csv, "", name);
    }
    fputc('\n', p->csv);
}

void predict_csv_number(struct predictor *p, double number, bool wide)
{
    fprintf(p->csv, ",%.*g", wide ? 17 : 9, number);
}

int predict_csv_save(struct predictor *p)
{
    const struct options *const o = p->session.options;
    const bool good = fflush(p->csv) == 0 && !ferror(p->csv);
    if (!good)
        return say_failed("out of memory");
    if (tenka_save_bytes(p->session.ctx, o->out, p->csv_text, p->csv_bytes) != TENKA_OK)
        return say_library_failed(p->session.ctx);
    if (!o->quiet)
        print_text(stdout, "saved    %s\n", o->out);
    return EXIT_CODE_OK;
}
