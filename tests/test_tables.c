/* CSV files: cells, kinds of columns, targets, standardising, and all that can be wrong with a table. */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "tables.h"

#include <math.h>

#include "data/csv.h"
#include "data/dataset.h"
#include "data/table.h"

static tenka_status load_as(tenka_ctx *ctx, const char *text, const char *target, enum tenka_csv_targets kind,
                            const char *table, tenka_dataset **out)
{
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    params.targets = &target;
    params.n_targets = target != NULL ? 1 : 0;
    params.kind = kind;
    params.table = table;
    write_text(text);
    return tenka_dataset_load_csv(ctx, file, &params, out);
}

static tenka_dataset *load(tenka_ctx *ctx, const char *text, const char *target)
{
    tenka_dataset *data;
    if (load_as(ctx, text, target, TENKA_CSV_AUTO, NULL, &data) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return data;
}

/* ---- Cells ---- */

static void test_cells(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF\r\n a , \"b \"\"c\"\"\" ,\"d,\ne\"\r\n\n  \n1,,\"\"\rlast";
    static const char *const cells[] = {"a", "b \"c\"", "d,\ne", "1", "", "", "last"};
    static const struct {
        uint32_t line;
        size_t count;
    } rows[] = {{2, 3}, {6, 3}, {7, 1}};
    struct tenka_error err;
    struct tenka_csv csv;
    bool more;
    tenka_csv_begin(&csv, &err, "text", text, sizeof(text) - 1);
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(tenka_csv_next(&csv, &more), TENKA_OK);
            assert_true(more);
            assert_int_equal(csv.line, rows[i].line);
            assert_int_equal(csv.count, rows[i].count);
            for (size_t k = 0; k < csv.count; k++)
                assert_string_equal(csv.cells[k], cells[at++]);
        }
        assert_int_equal(tenka_csv_next(&csv, &more), TENKA_OK);
        assert_false(more);
        tenka_csv_rewind(&csv);
    }
    tenka_csv_finish(&csv);
}

/* Quotes within a cell are text, and those that open the next one hold many lines. */
static void test_quotes_inside(void **state)
{
    (void)state;
    static char text[8192];
    const size_t length = 6000;
    struct tenka_error err;
    struct tenka_csv csv;
    bool more;
    const int begin = snprintf(text, sizeof(text), "a,b\nx\",\"\n");
    memset(text + begin, 'y', length);
    snprintf(text + begin + length, sizeof(text) - (size_t)begin - length, "\"\"\"\nlast,\"z\"\n");
    tenka_csv_begin(&csv, &err, "text", text, strlen(text));
    assert_int_equal(tenka_csv_next(&csv, &more), TENKA_OK);
    assert_int_equal(tenka_csv_next(&csv, &more), TENKA_OK);
    assert_int_equal(csv.count, 2);
    assert_in_range(csv.cells[1] + length + 3 - csv.room, 1, csv.room_bytes);
    assert_string_equal(csv.cells[0], "x\"");
    assert_int_equal(strlen(csv.cells[1]), length + 2);
    assert_memory_equal(csv.cells[1], "\nyyy", 4);
    assert_string_equal(csv.cells[1] + length, "y\"");
    assert_int_equal(tenka_csv_next(&csv, &more), TENKA_OK);
    assert_int_equal(csv.line, 4);
    assert_string_equal(csv.cells[1], "z");
    tenka_csv_finish(&csv);
}

static void test_bad_cells(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"a,b\n1,\"2\n3", "the quotes that begin in line 2 do not end"},
        {"a,b\n1,\"2\"3\n", "line 2 has text behind quotes that have ended"},
        {"a,b\n1,2\n\n1,2,3\n", "line 4 has 3 cells, but the first line names 2 columns"},
        {"a,b\n1\n", "line 2 has 1 cell, but the first line names 2 columns"},
        {"a,b\n1,\xe9\n", "line 2, column 2 is no UTF-8 text; save the file as UTF-8"},
        {"", "the file is empty"},
        {"\n\n", "the file is empty"},
        {"a,b\n", "there are no lines below the first"},
        {"1,2\n3,4\n", "the first line must name the columns, but has numbers alone"},
        {"a,a\n3,4\n", "but two columns are called 'a'"},
        {"a,,b\n3,4,5\n", "but column 2 has no name"},
        {"a;b\n1,5;x\n2,5;y\n", "line 2, column 'a': '1,5' is no number: write it with a point"},
        {"a;b\n1;x\n2,5;y\n", "line 3, column 'a': '2,5' is no number: write it with a point"},
    };
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(ctx, load_as(ctx, bad[i].text, "b", TENKA_CSV_AUTO, NULL, &data), TENKA_E_FORMAT, bad[i].part);
    write_file(file, "a,b\n1,\0002\n", 9);
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    const char *const target = "b";
    params.targets = &target;
    params.n_targets = 1;
    assert_fails(ctx, tenka_dataset_load_csv(ctx, file, &params, &data), TENKA_E_FORMAT, "but has a zero byte");
    tenka_ctx_destroy(&ctx);
}

/* Short numbers take another way than long ones, to the same doubles. */
static void test_numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"0",
                                       "-0.0",
                                       "1",
                                       "+2",
                                       ".5",
                                       "3.",
                                       "0.1",
                                       "-12.345",
                                       "1e5",
                                       "1E-7",
                                       "2.5e+3",
                                       "123456789012345",
                                       "1234567890123456.5",
                                       "0.30000000000000004",
                                       "999999.999999999"};
    static const char *const bad[] = {"",     ".",   "-",   "+-1", "--1",   "1,5", "1 2",
                                      "0x10", "inf", "nan", "1e",  "1e999", "12a", "1_000"};
    double x;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(tenka_table_number(good[i], &x));
        if (x != strtod(good[i], NULL))
            fail_msg("%s is read as %.17g", good[i], x);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (tenka_table_number(bad[i], &x))
            fail_msg("'%s' is read as %.17g", bad[i], x);
    for (uint32_t i = 0, state_ = 1; i < 100000; i++) {
        char text[32];
        state_ = state_ * 1664525u + 1013904223u;
        snprintf(text, sizeof(text), "%.*f", (int)(i % 12), (double)(int32_t)state_ / 1000.0);
        assert_true(tenka_table_number(text, &x));
        assert_true(x == strtod(text, NULL));
    }
}

/* ---- Columns ---- */

static void test_kinds(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    static const char text[] = ",age,city,kind,mixed\n"
                               "0,1.5,Rome,x,a\n1,-2,Bonn,y,1\n2,3e1,\"Cork, IE\",x,b\n3,4,Rome,z,2\n4,0,Bonn,x,c\n";
    tenka_dataset *data = load(ctx, text, "kind");
    assert_int_equal(tenka_dataset_count(data), 5);
    assert_int_equal(tenka_dataset_target_dtype(data), TENKA_I32);
    assert_int_equal(tenka_dataset_classes(data), 3);
    assert_string_equal(tenka_dataset_class_name(data, 2), "z");
    static const int32_t labels[] = {0, 1, 0, 2, 0};
    assert_memory_equal(tenka_dataset_labels(data), labels, sizeof(labels));
    /* age, then Bonn, Cork and Rome, then 1, 2, a, b, c; the column without a name counts lines */
    assert_input(data, 0, (float[]){1.5f, 0, 0, 1, 0, 0, 1, 0, 0}, 9);
    assert_input(data, 2, (float[]){30, 0, 1, 0, 0, 0, 0, 1, 0}, 9);
    assert_input(data, 3, (float[]){4, 0, 0, 1, 0, 1, 0, 0, 0}, 9);
    assert_string_equal(tenka_dataset_table(data), "input,age,number,0.0,1.0\n"
                                                   "input,city,category,Bonn,\"Cork, IE\",Rome\n"
                                                   "input,mixed,category,1,2,a,b,c\n"
                                                   "target,kind,category,x,y,z\n");
    tenka_dataset_destroy(&data);
    data = load(ctx, "a;b\n1,z;x\n2,z;y\n", "b"); /* a comma in a text: the separator is that of the first line */
    assert_input(data, 0, (float[]){1, 0}, 2);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static void test_targets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tenka_csv_targets kind;
        uint32_t classes; /* 0: numbers */
    } cases[] = {
        {"x,t\n1,0\n1,2\n1,1\n", TENKA_CSV_AUTO, 3},   {"x,t\n1,0\n1,2\n1,0\n", TENKA_CSV_AUTO, 0},
        {"x,t\n1,0\n1,0\n", TENKA_CSV_AUTO, 0},        {"x,t\n1,1\n1,2\n", TENKA_CSV_AUTO, 0},
        {"x,t\n1,0.0\n1,1.0\n", TENKA_CSV_AUTO, 2},    {"x,t\n1,0\n1,1\n", TENKA_CSV_NUMBERS, 0},
        {"x,t\n1,0\n1,200\n", TENKA_CSV_CLASSES, 201}, {"x,t\n1,0\n1,100\n", TENKA_CSV_AUTO, 0},
        {"x,t\n1,no\n1,yes\n", TENKA_CSV_CLASSES, 2},
    };
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (load_as(ctx, cases[i].text, "t", cases[i].kind, NULL, &data) != TENKA_OK)
            fail_msg("%zu: %s", i, tenka_last_error(ctx));
        assert_int_equal(tenka_dataset_classes(data), cases[i].classes);
        assert_int_equal(tenka_dataset_target_dtype(data), cases[i].classes > 0 ? TENKA_I32 : TENKA_F32);
        assert_int_equal(tenka_dataset_target_shape(data).rank, cases[i].classes > 0 ? 0 : 1);
        tenka_dataset_destroy(&data);
    }
    static const char *const two[] = {"t", "u"}, *const without[] = {"id"};
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    params.targets = two;
    params.n_targets = 2;
    params.without = without;
    params.n_without = 1;
    write_text("u,id,x,t\n0,a,7,1\n1,b,8,0\n");
    assert_int_equal(tenka_dataset_load_csv(ctx, file, &params, &data), TENKA_OK);
    assert_input(data, 1, (float[]){8}, 1);
    assert_int_equal(tenka_dataset_target_shape(data).dim[0], 2);
    /* In the order in which they were named. */
    assert_string_equal(tenka_dataset_table(data),
                        "input,x,number,0.0,1.0\ntarget,t,number,0.0,1.0\ntarget,u,number,0.0,1.0\n");
    const float *const targets = tenka_dataset_target(data)->data;
    assert_true(targets[0] == 1 && targets[1] == 0 && targets[2] == 0 && targets[3] == 1);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static void test_bad_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        tenka_status status;
        enum tenka_csv_targets kind;
        const char *part;
    } bad[] = {
        {"a,b\n1,2\n3,4\n", TENKA_E_INVALID, TENKA_CSV_AUTO, "there is no column 't'; it has a, b"},
        {"t\n2\n4\n", TENKA_E_INVALID, TENKA_CSV_AUTO, "no column is left for the input"},
        {"a,t\n1,2\n,4\n", TENKA_E_FORMAT, TENKA_CSV_AUTO, "line 3, column 'a': the value is missing; put it in"},
        {"a,t\n1,2\n\n5,NA\n", TENKA_E_FORMAT, TENKA_CSV_AUTO, "line 4, column 't': the value is missing ('NA')"},
        {"a,t\nx,2\nnan,3\n", TENKA_E_FORMAT, TENKA_CSV_AUTO, "line 3, column 'a': the value is missing ('nan')"},
        {"a,t\n1,2\n3,4\ninf,4\n", TENKA_E_FORMAT, TENKA_CSV_AUTO, "line 4, column 'a': 'inf' is no number, as the"},
        {"a,t\n1,2\n3,4\n12a,4\n", TENKA_E_FORMAT, TENKA_CSV_AUTO, "'12a' is no number, as the column has in 2 other"},
        {"a,t\n1,x\n3,y\n", TENKA_E_INVALID, TENKA_CSV_NUMBERS, "the column 't' has texts, and the loss takes"},
        {"a,t\n1,0\n3,1.5\n", TENKA_E_FORMAT, TENKA_CSV_CLASSES, "line 3, column 't': '1.5' is no class"},
        {"a,t\n1,0\n3,-1\n", TENKA_E_FORMAT, TENKA_CSV_CLASSES, "line 3, column 't': '-1' is no class"},
        {"a,t\n1,0\n3,1000000\n", TENKA_E_INVALID, TENKA_CSV_CLASSES, "is 1000000, but must be from 0 to 999999"},
    };
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(ctx, load_as(ctx, bad[i].text, "t", bad[i].kind, NULL, &data), bad[i].status, bad[i].part);
    assert_fails(ctx, load_as(ctx, "a,t\n1,2\n", NULL, TENKA_CSV_AUTO, NULL, &data), TENKA_E_INVALID, "is not said");
    static char many[1001 * 12 + 16] = "name,t\n";
    size_t length = strlen(many);
    for (int i = 0; i < 1001; i++)
        length += (size_t)snprintf(many + length, sizeof(many) - length, "n%d,%d\n", i, i % 2);
    assert_fails(ctx, load_as(ctx, many, "t", TENKA_CSV_AUTO, NULL, &data), TENKA_E_FORMAT,
                 "line 1002, column 'name': these are more than 1000 different texts");
    tenka_ctx_destroy(&ctx);
}

/* ---- Another file like the first ---- */

static void test_like(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *first = load(ctx, "a,c,t\n1,x,no\n2,y,yes\n4,z,no\n", "t"), *data;
    tenka_array *array;
    char table[256];
    snprintf(table, sizeof(table), "%s", tenka_dataset_table(first));
    /* The columns may lie elsewhere, there may be others, and not all classes and categories need occur. */
    assert_int_equal(load_as(ctx, "t,more,c,a\nno,?,z,7\n", NULL, TENKA_CSV_AUTO, table, &data), TENKA_OK);
    assert_input(data, 0, (float[]){7, 0, 0, 1}, 4);
    assert_int_equal(tenka_dataset_classes(data), 2);
    assert_string_equal(tenka_dataset_class_name(data, 1), "yes");
    tenka_dataset_destroy(&data);
    assert_fails(ctx, load_as(ctx, "t,c,a\nno,w,7\n", NULL, TENKA_CSV_AUTO, table, &data), TENKA_E_FORMAT,
                 "line 2, column 'c': 'w' is none of the 3 texts that are known of it, such as 'x'");
    assert_fails(ctx, load_as(ctx, "t,c,a\nno,,7\n", NULL, TENKA_CSV_AUTO, table, &data), TENKA_E_FORMAT,
                 "line 2, column 'c': the value is missing");
    assert_fails(ctx, load_as(ctx, "t,c,a\nno,x,b\n", NULL, TENKA_CSV_AUTO, table, &data), TENKA_E_FORMAT,
                 "line 2, column 'a': 'b' is no finite number");
    assert_fails(ctx, load_as(ctx, "c,a\nx,1\n", NULL, TENKA_CSV_AUTO, table, &data), TENKA_E_INVALID,
                 "there is no column 't'");
    /* The inputs alone need no target. */
    write_text("c,a\ny,1\nx,3\n");
    assert_int_equal(tenka_array_read_csv(ctx, file, table, NULL, &array), TENKA_OK);
    float x[8];
    tenka_array_floats(array, 0, 8, x);
    assert_memory_equal(x, ((float[]){1, 0, 1, 0, 3, 1, 0, 0}), sizeof(x));
    tenka_array_destroy(&array);
    static const char *const damaged[] = {"",
                                          "input\n",
                                          "input,a,number,0\n",
                                          "input,a,number,0,0\n",
                                          "input,a,number,0,nan\n",
                                          "input,a,thing\n",
                                          "output,a,number,0,1\n",
                                          "input,a,category\n",
                                          "input,a,category,x,x\n",
                                          "input,a,category,x,z,y\n",
                                          "target,a,classes,3\n",
                                          "target,a,number,0,1\n",
                                          "input,a,number,0,1\ntarget,t,classes\ntarget,c,classes\n"};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        assert_fails(ctx, load_as(ctx, "t,c,a\n1,x,7\n", NULL, TENKA_CSV_AUTO, damaged[i], &data), TENKA_E_FORMAT,
                     "the description of the table");
    tenka_dataset_destroy(&first);
    tenka_ctx_destroy(&ctx);
}

/* As many columns, and as many categories of one, as can be learnt of a file. */
static void test_large_description(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *item; /* the item, with its number */
        size_t most;
        const char *part;
    } cases[] = {
        {"input,a,category", ",c%06zu", 1000, "line 1 has more than 1000 categories"},
        {"target,a,category", ",c%06zu", 10000, "line 1 has more than 10000 categories"},
        {"", "input,c%zu,number,0,1\n", 10000, "there are more than 10000 columns"},
    };
    struct tenka_error err;
    struct tenka_table table;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t more = 0; more < 2; more++) {
            struct tenka_text text = {0};
            tenka_text_add(&text, "%s", cases[i].begin);
            for (size_t k = 0; k < cases[i].most + more; k++) {
                char item[64];
                snprintf(item, sizeof(item), cases[i].item, k);
                tenka_text_add(&text, "%s", item);
            }
            assert_false(text.failed);
            assert_int_equal(tenka_table_read(&err, text.text, &table), more > 0 ? TENKA_E_FORMAT : TENKA_OK);
            if (more > 0)
                assert_non_null(strstr(err.text, cases[i].part));
            tenka_table_finish(&table);
            tenka_free(text.text);
        }
}

/* ---- Standardising ---- */

static void test_standardize(void **state)
{
    (void)state;
    static const char text[] =
        "year,c,same,t\n1600000000,x,5,0.5\n1600000001,y,5,1\n1600000002,x,5,2\n1600000005,y,5,3\n";
    tenka_dataset *data, *rest, *like;
    for (int doubles = 0; doubles < 2; doubles++) {
        struct tenka_ctx_params own = TENKA_CTX_DEFAULTS;
        tenka_ctx *ctx;
        own.backend = doubles ? TENKA_BACKEND_CPU_F64 : TENKA_BACKEND_CPU;
        assert_int_equal(tenka_ctx_create(&own, &ctx), TENKA_OK);
        data = load(ctx, text, "t");
        assert_int_equal(tenka_dataset_standardize(data, NULL, false, NULL), TENKA_OK);
        assert_fails(ctx, tenka_dataset_standardize(data, NULL, false, NULL), TENKA_E_INVALID, "standardised already");
        /* mean 1600000002, deviation sqrt(14 / 4); one that is the same in all lines stays at 0. */
        const double deviation = sqrt(3.5);
        for (size_t i = 0; i < 4; i++) {
            const double expected = ((const double[]){-2, -1, 0, 3})[i] / deviation;
            double x[4];
            float f[4];
            assert_int_equal(tenka_dataset_read(data, i, doubles ? (void *)x : (void *)f), TENKA_OK);
            assert_true(fabs((doubles ? x[0] : (double)f[0]) - expected) < (doubles ? 1e-15 : 1e-7));
            assert_true((doubles ? x[3] : (double)f[3]) == 0);
            assert_true((doubles ? x[1] : (double)f[1]) == (i % 2 == 0));
        }
        /* What is read like it gets the same bits. */
        assert_int_equal(load_as(ctx, text, NULL, TENKA_CSV_AUTO, tenka_dataset_table(data), &like), TENKA_OK);
        assert_memory_equal(tenka_dataset_input(like)->data, tenka_dataset_input(data)->data,
                            4 * tenka_dataset_input(data)->bytes);
        tenka_dataset_destroy(&like);
        tenka_dataset_destroy(&data);
        /* Of a part alone, and another part by the same numbers. */
        data = load(ctx, text, "t");
        assert_int_equal(tenka_dataset_divide(data, (const bool[]){false, false, true, true}, &rest), TENKA_OK);
        assert_int_equal(tenka_dataset_standardize(data, rest, true, NULL), TENKA_OK);
        assert_string_equal(tenka_dataset_table(data), tenka_dataset_table(rest));
        assert_non_null(strstr(tenka_dataset_table(data), "input,year,number,1600000000.5,0.5\n"));
        double mean, std;
        assert_true(tenka_table_scale(tenka_dataset_table(data), 1, &mean, &std) && mean == 0.75 && std == 0.25);
        assert_true(tenka_column_real(tenka_dataset_target(rest), 1) == 9);
        if (!doubles) {
            assert_input(data, 0, (float[]){-1, 1, 0, 0}, 4);
            assert_input(rest, 1, (float[]){9, 0, 1, 0}, 4);
        }
        tenka_dataset_destroy(&data);
        tenka_dataset_destroy(&rest);
        tenka_ctx_destroy(&ctx);
    }
}

static tenka_dataset *load_three(tenka_ctx *ctx, const char *text)
{
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    tenka_dataset *data;
    params.targets = (const char *const[]){"time", "same", "price"};
    params.n_targets = 3;
    write_text(text);
    assert_int_equal(tenka_dataset_load_csv(ctx, file, &params, &data), TENKA_OK);
    return data;
}

static double target_at(tenka_dataset *data, size_t at)
{
    return tenka_column_real(tenka_dataset_target(data), at);
}

/* Each column by itself, and no digit of a time is lost in a float before its mean is taken away. */
static void test_standardize_targets(void **state)
{
    (void)state;
    static const char text[] = "x,time,same,price\n1,1600000001,7,300000\n2,1600000003,7,500000\n";
    static const char more[] = "price,x,time,same\n700000,1,1600000004,8\n";
    static const char wider[] = "x,y,time,same,price\n1,2,3,4,5\n";
    static const double expected[] = {-1, 0, -1, 1, 0, 1};
    for (int doubles = 0; doubles < 2; doubles++) {
        struct tenka_ctx_params own = TENKA_CTX_DEFAULTS;
        tenka_ctx *ctx;
        tenka_dataset *data, *like, *again, *other;
        double mean[4], std[4];
        own.backend = doubles ? TENKA_BACKEND_CPU_F64 : TENKA_BACKEND_CPU;
        assert_int_equal(tenka_ctx_create(&own, &ctx), TENKA_OK);
        data = load_three(ctx, text);
        assert_false(tenka_table_scale(tenka_dataset_table(data), 3, mean, std));
        again = load_three(ctx, text);
        assert_false(tenka_table_standardizes(tenka_dataset_table(data), tenka_dataset_table(again)));
        assert_int_equal(tenka_dataset_standardize(data, NULL, true, NULL), TENKA_OK);
        assert_true(tenka_table_scale(tenka_dataset_table(data), 4, mean, std));
        assert_memory_equal(mean, ((double[]){1600000002, 7, 400000, 0}), sizeof(mean));
        assert_memory_equal(std, ((double[]){1, 1, 100000, 1}), sizeof(std));
        for (size_t i = 0; i < 6; i++)
            assert_true(target_at(data, i) == expected[i]);
        /* Another file is read alike. */
        assert_int_equal(load_as(ctx, more, NULL, TENKA_CSV_AUTO, tenka_dataset_table(data), &like), TENKA_OK);
        assert_true(target_at(like, 0) == 2 && target_at(like, 1) == 1 && target_at(like, 2) == 3);
        /* As a network that learns on has them, from other numbers. */
        other = load_three(ctx, wider);
        assert_true(tenka_table_standardizes(tenka_dataset_table(data), tenka_dataset_table(again)));
        assert_false(tenka_table_standardizes(tenka_dataset_table(data), tenka_dataset_table(other)));
        assert_false(tenka_table_standardizes("x", tenka_dataset_table(other)));
        assert_fails(ctx, tenka_dataset_standardize(other, NULL, true, tenka_dataset_table(data)), TENKA_E_INVALID,
                     "has other columns");
        assert_fails(ctx, tenka_dataset_standardize(other, NULL, true, "x"), TENKA_E_FORMAT,
                     "expected input or target");
        tenka_dataset_destroy(&again);
        again = load_three(ctx, more);
        assert_int_equal(tenka_dataset_standardize(again, NULL, true, tenka_dataset_table(data)), TENKA_OK);
        assert_string_equal(tenka_dataset_table(again), tenka_dataset_table(data));
        assert_true(target_at(again, 0) == 2 && target_at(again, 1) == 1 && target_at(again, 2) == 3);
        tenka_dataset_destroy(&other);
        tenka_dataset_destroy(&like);
        tenka_dataset_destroy(&again);
        tenka_dataset_destroy(&data);
        tenka_ctx_destroy(&ctx);
    }
}

/* ---- Memory ---- */

static tenka_status load_and_standardize(void *user)
{
    tenka_dataset *data, *rest = NULL;
    static const char like[] = "input,a,number,1,2\ninput,c,category,x,y,z\ntarget,t,number,3,4\n";
    tenka_status status = load_as(user, "a,c,t\n1,x,.5\n2,y,2\n4,z,3\n3,x,4\n", "t", TENKA_CSV_AUTO, NULL, &data);
    if (status == TENKA_OK)
        status = tenka_dataset_split(data, 0.5, 0, &rest);
    if (status == TENKA_OK)
        status = tenka_dataset_standardize(data, rest, true, like);
    tenka_dataset_destroy(&data);
    tenka_dataset_destroy(&rest);
    return status;
}

static tenka_status read_like(void *user)
{
    static const char table[] = "input,a,number,0,1\ninput,c,category,x,y\ntarget,t,category,no,yes\n";
    tenka_array *array;
    write_text("a,c\n1,x\n");
    const tenka_status status = tenka_array_read_csv(user, file, table, NULL, &array);
    tenka_array_destroy(&array);
    return status;
}

static tenka_status read_others(void *user)
{
    static const char table[] = "input,a,number,0,1\ntarget,t,category,no,yes\n";
    tenka_table_others *others;
    write_text("id;t;a;name\n7;no;1;\"x;y\"\n8;no;1;z\n");
    const tenka_status status = tenka_table_others_read(user, file, table, &others);
    if (status == TENKA_OK) {
        assert_string_equal(tenka_table_others_row(others, 0), ",id,name");
        assert_string_equal(tenka_table_others_row(others, 1), ",7,\"x;y\"");
        assert_string_equal(tenka_table_others_row(others, 2), ",8,z");
        assert_null(tenka_table_others_row(others, 3));
    }
    tenka_table_others_destroy(&others);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    const int64_t live = tenka_alloc_live();
    assert_true(fail_each_allocation(ctx, load_and_standardize, ctx) > 30);
    assert_true(fail_each_allocation(ctx, read_like, ctx) > 10);
    assert_true(fail_each_allocation(ctx, read_others, ctx) > 5);
    assert_int_equal(tenka_alloc_live(), live);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),       cmocka_unit_test(test_quotes_inside),
        cmocka_unit_test(test_bad_cells),   cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_targets),
        cmocka_unit_test(test_bad_columns), cmocka_unit_test(test_like),
        cmocka_unit_test(test_standardize), cmocka_unit_test(test_standardize_targets),
        cmocka_unit_test(test_no_memory),   cmocka_unit_test(test_large_description),
    };
    return cmocka_run_group_tests(tests, set_up_table, tear_down_table);
}
