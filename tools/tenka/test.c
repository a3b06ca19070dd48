#include <math.h>

#include "report.h"

/* Whether more is to be counted than loss and accuracy. */
static bool wants_answers(const struct session *s)
{
    const struct options *const o = s->options;
    return answers_kind(s) != ANSWERS_CLASSES || tenka_dataset_target_shape(s->test_data).rank > 0 || o->test_top > 0 ||
           o->worst > 0 || o->confusion || o->json || o->report != NULL;
}

/* The samples come in the order of the data, so that their numbers are those of the data. */
static int run(struct session *s, struct answers *answers, struct evaluation *result)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    struct progress progress;
    tenka_loader *loader = NULL;
    params.batch_size = s->options->batch_size;
    if (tenka_loader_create(s->ctx, s->test_data, &params, &loader) != TENKA_OK)
        return say_library_failed(s->ctx);
    progress_init(&progress, s->options->quiet);
    const int code = evaluate(s, loader, &progress, wants_answers(s) ? answers : NULL, result);
    tenka_loader_destroy(&loader);
    return code == EXIT_CODE_OK ? code : say_library_failed(s->ctx);
}

static int write_report(const struct session *s, const struct answers *answers, const struct evaluation *result)
{
    const struct report r = {.s = s, .test = result, .answers = answers, .state = "tested", .seconds = result->seconds};
    return report_write(&r, s->options->report);
}

static int test(struct session *s, struct answers *answers)
{
    struct evaluation result;
    const size_t images = tenka_dataset_count(s->test_data);
    const size_t wanted = s->options->report != NULL && s->options->worst < REPORT_WORST ? REPORT_WORST
                                                                                         : s->options->worst;
    answers->max_worst = wanted < images ? wanted : images;
    answers->pictures = s->options->report != NULL;
    const int code = run(s, answers, &result);
    if (code != EXIT_CODE_OK)
        return code;
    if (interrupt_signal() != 0) {
        say_failed("stopped by a signal");
        return EXIT_CODE_SIGNAL + interrupt_signal();
    }
    if (!isfinite(result.loss))
        return say_failed("%s: the network's outputs are no finite numbers; it has diverged, or its file is damaged",
                          s->options->load);
    const int reported = s->options->report != NULL ? write_report(s, answers, &result) : EXIT_CODE_OK;
    const int printed = test_report(s, &result, answers);
    return printed != EXIT_CODE_OK ? printed : reported;
}

int command_test(const struct options *options)
{
    struct session s;
    struct answers answers = {.top = options->test_top};
    interrupt_catch();
    int code = check_save_path("--report", options->report);
    if (code == EXIT_CODE_OK)
        code = check_other_file("--report", options->report, "--load", options->load);
    if (code != EXIT_CODE_OK)
        return code;
    code = session_open(&s, options, false);
    if (code == EXIT_CODE_OK)
        code = test(&s, &answers);
    answers_free(&answers);
    session_close(&s);
    return code;
}
