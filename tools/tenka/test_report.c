/* What `tenka test` prints. */
#include <math.h>

#include "answers.h"

static void print_line(const struct session *s, const struct evaluation *e)
{
    char rate[32], measures[MEASURES_TEXT];
    printf("test loss %.4f", e->loss);
    if (!isnan(e->accuracy))
        printf("  test accuracy %.2f %%", 100 * e->accuracy);
    if (s->options->test_top > 0 && !isnan(e->top_accuracy))
        printf("  top %u %.2f %%", s->options->test_top, 100 * e->top_accuracy);
    evaluation_text(e, true, measures);
    printf("%s  (%.1f s, %s %ss/s)\n", measures, e->seconds,
           say_count(rate, (uint64_t)((double)e->images / e->seconds + 0.5)), session_noun(s));
}

static void print_json(const struct session *s, const struct evaluation *e, const struct answers *a)
{
    fputs("{\"version\":\"" TENKA_VERSION "\",\"model\":", stdout);
    log_json_string(stdout, s->options->load);
    fputs(",\"data\":", stdout);
    log_json_string(stdout, s->data_dir);
    fputs(",\"device\":", stdout);
    log_json_string(stdout, tenka_ctx_device_name(s->ctx));
    printf(",\"samples\":%zu,\"seconds\":%.6g,\"loss\":%.9g", (size_t)e->images, e->seconds, e->loss);
    if (!isnan(e->accuracy))
        printf(",\"accuracy\":%.9g", e->accuracy);
    answers_json(a, s, stdout);
    puts("}");
}

int test_report(const struct session *s, const struct evaluation *e, const struct answers *a)
{
    if (s->options->json) {
        print_json(s, e, a);
    } else {
        print_line(s, e);
        answers_print_targets(a, s);
        if (s->options->confusion) {
            answers_print_confusion(a, s);
            answers_print_table(a, s);
        }
        answers_print_worst(a, s);
    }
    return fflush(stdout) == 0 ? EXIT_CODE_OK : say_output_failed();
}
