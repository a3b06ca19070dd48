/* The line of progress fits any terminal, and what matters stays the longest. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "tenka.h"

static struct progress epoch(double loss)
{
    return (struct progress){.kind = PROGRESS_BAR, .label = "epoch 1/5", .total = 60000, .done = 25200, .loss = loss};
}

static void assert_line(const struct progress *p, size_t columns, const char *expected)
{
    char line[PROGRESS_BYTES];
    progress_line(p, 9.7, columns, line);
    assert_string_equal(line, expected);
}

/* In the locale C, where a cell of the bar is '#'. */
static void test_words(void **state)
{
    const struct progress p = epoch(0.51234), lossless = epoch(NAN);
    (void)state;
    assert_line(&p, 110,
                "epoch 1/5  42%|#################                       | 25200/60000 [00:10<00:13, "
                "2598 img/s, loss=0.5123]");
    assert_line(&p, 72, "epoch 1/5  42%|##   | 25200/60000 [00:10<00:13, 2598 img/s, loss=0.5123]");
    assert_line(&p, 65, "epoch 1/5  42% 25200/60000 [00:10<00:13, 2598 img/s, loss=0.5123]");
    assert_line(&p, 64, "epoch 1/5  42% 25200/60000 [00:10<00:13, loss=0.5123]");
    assert_line(&p, 40, "epoch 1/5  42% loss=0.5123, 00:13 left");
    assert_line(&p, 30, "epoch 1/5  42% loss=0.5123");
    assert_line(&p, 19, "epoch 1/5 42% 0.512");
    assert_line(&p, 12, "epoch 1/5 42");
    assert_line(&p, 0, "");
    assert_line(&lossless, 30, "epoch 1/5  42% 00:13 left");
    assert_line(&lossless, 19, "epoch 1/5  42%");
}

static void test_widths(void **state)
{
    static const char *const labels[] = {"epoch 1/5", "test", "epoch 1000/1000", "\xC3\xA9poque 1/5", ""};
    static const double losses[] = {NAN, 0.5, 1.23456e-7, 1e30};
    char line[PROGRESS_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]) * 4; i++)
        for (size_t columns = 0; columns < 200; columns++) {
            struct progress p = epoch(losses[i % 4]);
            strcpy(p.label, labels[i / 4]);
            p.total = i % 3 == 0 ? UINT64_MAX / 2 : p.total;
            progress_line(&p, 9.7, columns, line);
            assert_true(text_columns(line) <= columns);
            for (const char *at = line; *at != '\0'; at += utf8_length(at))
                assert_true(utf8_length(at) > 0);
        }
}

/* The course of the loss: a cell a reading, and fewer when there are many; the learning rate beside it. */
static void test_course(void **state)
{
    struct progress p = epoch(0.5);
    char line[PROGRESS_BYTES], course[PROGRESS_COURSE];
    (void)state;
    p.lr = 0.001;
    assert_line(&p, 80, "epoch 1/5  42%|###   | 25200/60000 [00:10<00:13, 2598 img/s, loss=0.5, lr=0.001]");
    progress_course(&p, 10, course);
    assert_string_equal(course, "");
    /* Sums of 2 steps each, whose means are 8, 7, .. 1. */
    for (unsigned i = 1; i <= 8; i++)
        progress_take_loss(&p, 2 * (8.5 * i - i * i / 2.0), 2 * i);
    progress_course(&p, 10, course);
    assert_string_equal(course, "#*+=-:._");
    progress_course(&p, 4, course);
    assert_string_equal(course, "#+:_");
    /* Another epoch begins; nothing new; what is no number. */
    progress_take_loss(&p, 8, 1);
    progress_take_loss(&p, 8, 1);
    progress_take_loss(&p, NAN, 2);
    progress_course(&p, 10, course);
    assert_string_equal(course, "#*+=-:._#");
    assert_line(&p, 100,
                "epoch 1/5  42%|#######         | 25200/60000 [00:10<00:13, 2598 img/s, loss=0.5, lr=0.001] #*+=-:._#");
    for (unsigned i = 2; i < 100000; i++)
        progress_take_loss(&p, 8 + 0.25 * i, i);
    for (size_t columns = 0; columns < 200; columns++) {
        progress_line(&p, 9.7, columns, line);
        assert_true(text_columns(line) <= columns);
    }
}

/* Two columns each, of three bytes; a combining accent has none. */
static void test_columns(void **state)
{
    char wide[] = "\xE7\x8C\xAB\xE7\x8A\xAC.png", accent[] = "e\xCC\x81t\xC3\xA9.png";
    (void)state;
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        skip();
    assert_int_equal(text_columns(wide), 8);
    assert_int_equal(text_columns(accent), 7);
    text_cut(accent, 2);
    assert_string_equal(accent, "e\xCC\x81t");
    text_cut(wide, 3);
    assert_string_equal(wide, "\xE7\x8C\xAB");
    test_widths(state);
    setlocale(LC_CTYPE, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_widths),
                                       cmocka_unit_test(test_columns), cmocka_unit_test(test_course)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
