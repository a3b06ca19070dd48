/* Tests while a run trains: after epochs, or with --val-every in steps after those. The evaluation draws from the
 * generator, and a checkpoint has no state of it. So one is written before, and none from there on until the run goes
 * on: a run that is stopped or killed meanwhile tests once more. */
#include "train.h"

#include <math.h>

/* What is counted of a test beside loss and accuracy; NULL: nothing, since each batch's answers would be waited for. */
static struct answers *answers_of(struct training *t)
{
    const struct session *const s = &t->session;
    const bool classes = session_classifies(s) && tenka_dataset_target_shape(s->test_data).rank == 0;
    return classes && s->options->tensorboard == NULL && !best_wants_answers(t) ? NULL : &t->answers;
}

/* What is tested is the average, where there is one. A finite test loss shows that FILE.last-good is no longer needed
 * (keep.c). */
static int evaluate_now(struct training *t, struct epoch_result *result)
{
    int code = average_take(t);
    if (code == EXIT_CODE_OK)
        code = evaluate(&t->session, t->run.test_loader, &t->progress, answers_of(t), &result->test);
    if (code == EXIT_CODE_OK && interrupt_signal() == 0)
        code = finite_check_test(t, result);
    if (code == EXIT_CODE_OK && interrupt_signal() == 0)
        code = best_take(t, result);
    return code == EXIT_CODE_OK ? average_put_back(t) : code;
}

static int test(struct training *t, struct epoch_result *result)
{
    int code = train_checkpoint(t);
    t->evaluating = true;
    if (code == EXIT_CODE_OK && !stopping_is_due(t))
        code = evaluate_now(t, result);
    return code;
}

/* ---- When ---- */

/* Whether it is asked for after the update that was taken last, or the epoch that this one ends. */
static bool is_due(const struct training *t, uint32_t epoch)
{
    const struct every *const every = &t->session.options->val_every;
    if (t->session.test_data == NULL)
        return false;
    return every->steps ? steps_have_passed(t, every->number) : (epoch + 1) % every->number == 0;
}

int validation_after(struct training *t, struct epoch_result *result)
{
    const bool last = result->epoch + 1 == t->session.options->epochs && t->session.test_data != NULL;
    return last || is_due(t, result->epoch) ? test(t, result) : EXIT_CODE_OK;
}

/* The checkpoint before it has the step that the run has come to, and the test is said as one of that step. */
static int test_within(struct training *t, uint32_t epoch, uint64_t images)
{
    struct epoch_result result;
    int code = train_result(t, epoch, images, &result);
    result.step = t->run.step;
    if (code == EXIT_CODE_OK)
        code = test(t, &result);
    if (code != EXIT_CODE_OK || stopping_is_due(t))
        return code;
    code = train_tell(t, &result);
    return code == EXIT_CODE_OK ? steps_end_test(t, &result) : code;
}

int validation_within(struct training *t, uint32_t epoch, uint64_t images)
{
    const double begun = seconds_now();
    if (!t->session.options->val_every.steps || !is_due(t, epoch))
        return EXIT_CODE_OK;
    progress_end(&t->progress);
    const int code = test_within(t, epoch, images);
    tenka_module_train(t->session.net, true);
    t->pace.paused += seconds_now() - begun;
    train_show(t, epoch, images);
    return code;
}
