/* CSV files that lack values: lines that are left out, and values that are filled in. */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "tables.h"

#include <math.h>

#include "data/dataset.h"

static tenka_status load_lacking(tenka_ctx *ctx, const char *text, enum tenka_csv_missing missing, const char *table,
                                 struct tenka_csv_counts *counts, tenka_dataset **out)
{
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    params.targets = (const char *const[]){"t"};
    params.n_targets = 1;
    params.missing = missing;
    params.table = table;
    params.counts = counts;
    write_text(text);
    return tenka_dataset_load_csv(ctx, file, &params, out);
}

static const char lacking[] = "a,c,t\n1,x,.5\n,y,2\n4,NA,3\n7,x,?\n3,y,4\n7,y,5\n";

/* Lines are left out of what is learnt of the columns, too; an array has a sample for each. */
static void test_drop(void **state)
{
    (void)state;
    static const char drop[] = "input,a,number,0.0,1.0\ninput,c,category,x,y\ntarget,t,number,0.0,1.0\nmissing,drop\n";
    tenka_ctx *ctx = cpu(0);
    struct tenka_csv_counts counts;
    tenka_dataset *data;
    tenka_array *array;
    float x[9];
    assert_int_equal(load_lacking(ctx, lacking, TENKA_CSV_MISSING_DROP, NULL, &counts, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_count(data), 3);
    assert_int_equal(counts.lines, 3);
    assert_int_equal(counts.cells, 0);
    assert_input(data, 1, (float[]){3, 0, 1}, 3);
    assert_string_equal(tenka_dataset_table(data), drop);
    assert_int_equal(tenka_table_missing(drop), TENKA_CSV_MISSING_DROP);
    assert_fails(ctx, tenka_dataset_fill(data, NULL), TENKA_E_INVALID, "was not loaded so that");
    assert_int_equal(tenka_dataset_standardize(data, NULL, false, NULL), TENKA_OK);
    tenka_dataset_destroy(&data);
    assert_int_equal(load_lacking(ctx, lacking, TENKA_CSV_MISSING_ERROR, drop, &counts, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_count(data), 3);
    tenka_dataset_destroy(&data);
    write_text("c,a\nx,1\n,2\ny,\n");
    assert_int_equal(tenka_array_read_csv(ctx, file, drop, &counts, &array), TENKA_OK);
    assert_int_equal(counts.lines, 2);
    tenka_array_floats(array, 0, 9, x);
    assert_true(x[0] == 1 && x[1] == 1 && x[2] == 0);
    for (size_t i = 3; i < 9; i++)
        assert_true(isnan(x[i]));
    tenka_array_destroy(&array);
    assert_fails(ctx, load_lacking(ctx, "a,t\n1,\n,2\n", TENKA_CSV_MISSING_DROP, NULL, &counts, &data), TENKA_E_FORMAT,
                 "there are no lines below the first, or all of them lack a value");
    tenka_ctx_destroy(&ctx);
}

/* By the first half alone; also in another file, and standardised there. */
static void test_fill(void **state)
{
    (void)state;
    static const char more[] = "c,t,a\n,1,\nx,,1\nx,1,11\n";
    tenka_ctx *ctx = cpu(0);
    struct tenka_csv_counts counts;
    tenka_dataset *data, *other;
    tenka_array *array;
    float x[9];
    assert_int_equal(load_lacking(ctx, lacking, TENKA_CSV_MISSING_MEAN, NULL, &counts, &data), TENKA_OK);
    assert_int_equal(counts.lines, 1);
    assert_int_equal(counts.cells, 2);
    assert_fails(ctx, tenka_dataset_standardize(data, NULL, false, NULL), TENKA_E_INVALID, "are not filled in yet");
    assert_int_equal(load_lacking(ctx, more, TENKA_CSV_MISSING_ERROR, tenka_dataset_table(data), &counts, &other),
                     TENKA_OK);
    write_text(more);
    assert_fails(ctx, tenka_array_read_csv(ctx, file, tenka_dataset_table(data), NULL, &array), TENKA_E_FORMAT,
                 "the value is missing");
    assert_int_equal(tenka_dataset_fill(data, other), TENKA_OK);
    /* (1 + 4 + 3 + 7) / 4, and y, which is there twice more. */
    assert_input(data, 1, (float[]){3.75f, 0, 1}, 3);
    assert_input(data, 2, (float[]){4, 0, 1}, 3);
    assert_int_equal(tenka_dataset_count(other), 2);
    assert_input(other, 0, (float[]){3.75f, 0, 1}, 3);
    assert_input(other, 1, (float[]){11, 1, 0}, 3);
    assert_string_equal(tenka_dataset_table(other), tenka_dataset_table(data));
    assert_non_null(strstr(tenka_dataset_table(data), "\nmissing,mean,3.75,y\n"));
    assert_fails(ctx, tenka_dataset_fill(data, other), TENKA_E_INVALID, "was not loaded so that");
    assert_int_equal(tenka_dataset_standardize(data, other, false, NULL), TENKA_OK);
    assert_input(data, 1, (float[]){0, 0, 1}, 3);
    assert_int_equal(tenka_array_read_csv(ctx, file, tenka_dataset_table(data), &counts, &array), TENKA_OK);
    assert_int_equal(counts.cells, 2);
    tenka_array_floats(array, 0, 9, x);
    assert_true(x[0] == 0 && x[1] == 0 && x[2] == 1 && x[4] == 1 && x[6] > 1);
    tenka_array_destroy(&array);
    tenka_dataset_destroy(&data);
    tenka_dataset_destroy(&other);
    assert_fails(ctx, load_lacking(ctx, "a,b,t\n1,NA,3\n2,?,4\n", TENKA_CSV_MISSING_MEAN, NULL, &counts, &data),
                 TENKA_E_FORMAT, "the column 'b' has no values; leave it out");
    static const char *const damaged[] = {
        "missing,mean\ninput,a,number,0,1\n",     "input,a,number,0,1\nmissing,mean,x\n",
        "input,a,number,0,1\nmissing,mean,1,2\n", "input,a,category,x\nmissing,mean,y\n",
        "input,a,number,0,1\nmissing\n",          "input,a,number,0,1\nmissing,median,1\n",
    };
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        assert_fails(ctx, load_lacking(ctx, "a\n1\n", TENKA_CSV_MISSING_ERROR, damaged[i], NULL, &data), TENKA_E_FORMAT,
                     i == 0 ? "stands behind the last one" : "expected missing, drop or mean, and what each");
    tenka_ctx_destroy(&ctx);
}

/* A half in which nothing of a column is left has no mean. */
static void test_nothing_to_fill_by(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data, *rest;
    assert_int_equal(load_lacking(ctx, "a,b,t\n1,,3\n2,7,4\n", TENKA_CSV_MISSING_MEAN, NULL, NULL, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_split(data, 0.5, 0, &rest), TENKA_OK);
    const bool first = tenka_column_real(tenka_dataset_target(data), 0) == 3;
    assert_fails(ctx, tenka_dataset_fill(first ? data : rest, first ? rest : data), TENKA_E_FORMAT,
                 "no training sample has a value in the column 'b'; leave it out");
    tenka_dataset_destroy(&data);
    tenka_dataset_destroy(&rest);
    /* Then columns before it are as they were, too. */
    assert_int_equal(load_lacking(ctx, "a,b,t\n4,,3\n,,3\n2,7,4\n", TENKA_CSV_MISSING_MEAN, NULL, NULL, &data),
                     TENKA_OK);
    tenka_dataset_truncate(data, 2);
    assert_fails(ctx, tenka_dataset_fill(data, NULL), TENKA_E_FORMAT,
                 "no training sample has a value in the column 'b'");
    assert_input(data, 1, (float[]){0, 0}, 2);
    assert_non_null(strstr(tenka_dataset_table(data), "\nmissing,mean\n"));
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* ---- Memory ---- */

static tenka_status load_and_fill(void *user)
{
    tenka_dataset *data, *rest = NULL;
    tenka_status status = load_lacking(user, lacking, TENKA_CSV_MISSING_MEAN, NULL, NULL, &data);
    if (status == TENKA_OK)
        status = tenka_dataset_split(data, 0.3, 0, &rest);
    if (status == TENKA_OK)
        status = tenka_dataset_fill(data, rest);
    tenka_dataset_destroy(&data);
    tenka_dataset_destroy(&rest);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    const int64_t live = tenka_alloc_live();
    assert_true(fail_each_allocation(ctx, load_and_fill, ctx) > 30);
    assert_int_equal(tenka_alloc_live(), live);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_nothing_to_fill_by),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up_table, tear_down_table);
}
