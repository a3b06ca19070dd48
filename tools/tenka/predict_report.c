/* What `tenka predict` prints: lines for people, or a JSON object. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict.h"

/* The likeliest first; of equal ones the first, as argmax takes it. */
static int compare(const void *a, const void *b)
{
    const struct candidate *const x = a, *const y = b;
    if (x->probability != y->probability)
        return x->probability > y->probability ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Of each label on its own. False: an output is no finite number. */
static bool find_labels(const struct predictor *p, const float *scores, struct candidate *out)
{
    bool finite = true;
    for (uint32_t i = 0; i < p->outputs; i++) {
        const double score = scores[i];
        out[i] = (struct candidate){i, p->labels == LABELS_LOGITS ? 1 / (1 + exp(-score)) : score};
        finite = finite && isfinite(score);
    }
    return finite;
}

/* Makes probabilities of the network's outputs, by softmax where its last layer has not done that. False: an output is
 * no finite number. */
static bool find_probabilities(const struct predictor *p, const float *scores, struct candidate *out)
{
    const bool logits = p->session.last == LAST_OTHER;
    if (p->labels != LABELS_NONE)
        return find_labels(p, scores, out);
    double largest = -INFINITY, sum = 0;
    for (uint32_t i = 0; i < p->outputs && logits; i++)
        largest = scores[i] > largest ? scores[i] : largest;
    for (uint32_t i = 0; i < p->outputs; i++) {
        const double score = scores[i];
        out[i].index = i;
        out[i].probability = p->session.last == LAST_SOFTMAX ? score : exp(logits ? score - largest : score);
        sum += out[i].probability;
    }
    for (uint32_t i = 0; i < p->outputs && logits; i++)
        out[i].probability /= sum;
    return isfinite(sum);
}

const char *predict_class_name(const struct predictor *p, uint32_t index, char buffer[static CLASS_NAME])
{
    const struct tenka_preprocessing *const how = p->session.model != NULL ? tenka_model_preprocessing(p->session.model)
                                                                           : NULL;
    if (index < p->n_names)
        return p->names[index];
    if (p->labels == LABELS_NONE || how == NULL || how->table == NULL ||
        !tenka_table_target(how->table, index, buffer, CLASS_NAME))
        snprintf(buffer, CLASS_NAME, "%" PRIu32, index);
    return buffer;
}

static void print_line(const struct predictor *p, const char *path, const struct candidate *best)
{
    char number[CLASS_NAME];
    print_text(stdout, "%s: ", path);
    for (uint32_t i = 0; i < p->top; i++)
        print_text(stdout, "%s%s %.2f %%", i > 0 ? ", " : "", predict_class_name(p, best[i].index, number),
                   100 * best[i].probability);
    putchar('\n');
}

static void print_object(const struct predictor *p, const struct prediction *picture, const struct candidate *best)
{
    char number[CLASS_NAME];
    fputs("{\"file\":", stdout);
    log_json_string(stdout, picture->path);
    if (picture->failure != NULL) {
        fputs(",\"error\":", stdout);
        log_json_string(stdout, picture->failure);
    } else {
        fputs(",\"predictions\":[", stdout);
        for (uint32_t i = 0; i < p->top; i++) {
            printf("%s{\"class\":%" PRIu32 ",\"name\":", i > 0 ? "," : "", best[i].index);
            log_json_string(stdout, predict_class_name(p, best[i].index, number));
            printf(",\"probability\":%.9g}", best[i].probability);
        }
        putchar(']');
    }
    putchar('}');
}

int predict_check_output(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_CODE_OK : say_output_failed();
}

int predict_fail(struct prediction *picture, const char *why)
{
    picture->failure = malloc(strlen(why) + 1);
    if (picture->failure == NULL)
        return say_failed("out of memory");
    strcpy(picture->failure, why);
    return EXIT_CODE_OK;
}

int predict_fail_scores(struct predictor *p, struct prediction *picture)
{
    static const char text[] = "the network's outputs are no finite numbers; it has diverged, or its file is damaged";
    say_failed("%s: %s", picture->path, text);
    p->failed++;
    return predict_fail(picture, text);
}

int predictions_print(struct predictor *p)
{
    const bool json = p->session.options->json;
    struct candidate *const best = calloc(p->outputs, sizeof(best[0]));
    if (best == NULL)
        return say_failed("out of memory");
    progress_clear();
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < p->count && code == EXIT_CODE_OK; i++) {
        struct prediction *const picture = &p->predictions[i];
        const float *const scores = p->scores + picture->row * p->outputs;
        if (picture->failure == NULL && !find_probabilities(p, scores, best))
            code = predict_fail_scores(p, picture);
        if (code != EXIT_CODE_OK)
            continue;
        if (p->csv != NULL) {
            predict_csv_row(p, picture->path, p->done - p->count + i + 1, picture->failure == NULL ? best : NULL);
            continue;
        }
        /* Not with NaN among them, which qsort cannot order. */
        if (picture->failure == NULL)
            qsort(best, p->outputs, sizeof(best[0]), compare);
        if (json)
            fputs(p->done - p->count + i > 0 ? ",\n" : "\n", stdout);
        if (json)
            print_object(p, picture, best);
        else if (picture->failure == NULL)
            print_line(p, picture->path, best);
    }
    free(best);
    return code == EXIT_CODE_OK ? predict_check_output() : code;
}

int predictions_begin(struct predictor *p)
{
    const struct session *const s = &p->session;
    if (p->csv != NULL)
        predict_csv_classes(p, predict_is_array(s->options) ? "row" : "file");
    if (s->options->json && p->csv == NULL) {
        fputs("{\"version\":\"" TENKA_VERSION "\",\"model\":", stdout);
        log_json_string(stdout, s->options->load);
        fputs(",\"device\":", stdout);
        log_json_string(stdout, tenka_ctx_device_name(s->ctx));
        fputs(",\"pictures\":[", stdout);
    } else if (!s->options->quiet) {
        char text[SAMPLE_TEXT];
        print_text(stdout, "network  %s: %s of %s, %u %s\n", s->options->load,
                   predict_is_array(s->options) ? "samples" : "images", sample_text(p->image, text), p->outputs,
                   p->labels != LABELS_NONE ? "labels" : "classes");
        session_print_device(s->ctx, s->options);
    }
    return predict_check_output();
}

/* Whether the network was trained on pictures of the other kind is not known: `tenka train` normalises all of them as
 * MNIST's. */
static void warn_of_negatives(const struct predictor *p)
{
    char negative[32], done[32];
    const uint64_t read = p->done - p->failed;
    const bool dark_wanted = p->mean[0] < 0.5f;
    if (2 * p->negative > read)
        say_warning("%s of %s picture%s %s %s%s, but the network's mean, %.4g, is that of %s ones; if it was trained "
                    "on such, try %s",
                    say_count(negative, p->negative), say_count(done, read), plural(read),
                    p->negative == 1 ? "is" : "are", dark_wanted ? "light" : "dark",
                    p->session.options->invert ? " after --invert" : "", (double)p->mean[0],
                    dark_wanted ? "dark" : "light", p->session.options->invert ? "without --invert" : "--invert");
}

static void print_done(const struct predictor *p, uint64_t failed)
{
    char number[32];
    const uint64_t read = p->done - p->failed, skipped = p->pictures.skipped;
    printf("done     %s picture%s", say_count(number, read), plural(read));
    if (failed > 0)
        printf("; %s failed", say_count(number, failed));
    if (skipped > 0)
        printf("%s %s file%s in folders %s", failed > 0 ? "," : ";", say_count(number, skipped), plural(skipped),
               skipped == 1 ? "is no picture" : "are no pictures");
    putchar('\n');
}

int predictions_end(const struct predictor *p)
{
    const uint64_t all_failed = p->failed + p->pictures.failed;
    if (p->session.options->json && p->csv == NULL) {
        printf("\n],\"skipped\":%" PRIu64 ",\"failed\":%" PRIu64 "}\n", p->pictures.skipped + p->unanswered,
               all_failed);
    } else if (!p->session.options->quiet && p->pictures.skipped + all_failed > 0 && interrupt_signal() == 0) {
        /* After a signal the sentence about it says how far the run came. */
        print_done(p, all_failed);
    }
    warn_of_negatives(p);
    return predict_check_output();
}
