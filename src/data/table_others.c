/* The columns of a CSV file that a network does not look at: kept as they are, so that answers can be told apart. */
#include "core/os.h"
#include "data/table.h"
#include "graph/graph.h"

#define MAX_FILE_BYTES (UINT64_C(1) << 32)

struct tenka_table_others {
    struct tenka_text text; /* of all rows, a zero byte behind each */
    size_t *begins;         /* of each in it */
    size_t count, capacity;
};

void tenka_table_others_destroy(tenka_table_others **others)
{
    if (others == NULL || *others == NULL)
        return;
    tenka_free((*others)->text.text);
    tenka_free((*others)->begins);
    tenka_free(*others);
    *others = NULL;
}

const char *tenka_table_others_row(const tenka_table_others *others, size_t row)
{
    return row < others->count ? others->text.text + others->begins[row] : NULL;
}

/* Cells of the row that the file has at one of the places. */
static tenka_status add_row(tenka_table_others *o, const struct tenka_csv *csv, const bool *known)
{
    if (!tenka_grow(&o->begins, &o->capacity, o->count, sizeof(o->begins[0])))
        return tenka_fail_nomem(csv->err);
    o->begins[o->count++] = o->text.length;
    for (size_t i = 0; i < csv->count; i++)
        if (!known[i])
            tenka_csv_add(&o->text, false, csv->cells[i]);
    tenka_text_add(&o->text, "%c", '\0');
    return o->text.failed ? tenka_fail_nomem(csv->err) : TENKA_OK;
}

/* where: room for a place of each column of the table. */
static tenka_status read_rows(tenka_table_others *o, struct tenka_csv *csv, const struct tenka_table *table,
                              size_t *where, bool **known)
{
    size_t cells;
    bool more = true;
    TENKA_TRY(tenka_table_locate(csv, table, where, &cells));
    *known = tenka_alloc_array(cells, sizeof((*known)[0]));
    if (*known == NULL)
        return tenka_fail_nomem(csv->err);
    for (size_t i = 0; i < table->count; i++)
        if (where[i] != SIZE_MAX)
            (*known)[where[i]] = true;
    while (more) {
        TENKA_TRY(add_row(o, csv, *known));
        TENKA_TRY(tenka_table_next(csv, cells, &more));
    }
    return TENKA_OK;
}

static tenka_status read_file(tenka_table_others *o, struct tenka_error *err, const char *path, const char *description)
{
    struct tenka_csv csv = {.err = err};
    struct tenka_table table;
    bool *known = NULL;
    void *text = NULL;
    uint64_t bytes;
    TENKA_TRY(tenka_os_read_file(err, path, MAX_FILE_BYTES, &text, &bytes));
    tenka_csv_begin(&csv, err, path, text, (size_t)bytes);
    tenka_status status = tenka_table_read(err, description, &table);
    size_t *const where = status == TENKA_OK ? tenka_alloc_array(table.count, sizeof(where[0])) : NULL;
    if (status == TENKA_OK)
        status = where != NULL ? read_rows(o, &csv, &table, where, &known) : tenka_fail_nomem(err);
    tenka_table_finish(&table);
    tenka_csv_finish(&csv);
    tenka_free(where);
    tenka_free(known);
    tenka_free(text);
    return status;
}

tenka_status tenka_table_others_read(tenka_ctx *ctx, const char *path, const char *table, tenka_table_others **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    *out = NULL;
    if (path == NULL || table == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "table: the file or the table is NULL");
    *out = tenka_alloc(sizeof(**out));
    const tenka_status status = *out != NULL ? read_file(*out, err, path, table) : tenka_fail_nomem(err);
    if (status != TENKA_OK)
        tenka_table_others_destroy(out);
    return status;
}
