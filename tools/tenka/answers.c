#include "answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum answer_kind answers_kind(const struct session *s)
{
    static const char *const numbers[] = {"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "GaussianNLLLoss"};
    static const char *const labels[] = {"BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"};
    const char *const name = tenka_loss_name(s->loss);
    if (session_classifies(s))
        return ANSWERS_CLASSES;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (strcmp(name, numbers[i]) == 0)
            return ANSWERS_NUMBERS;
    /* Shares of pixels are numbers, though the loss is that of labels. */
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (strcmp(name, labels[i]) == 0)
            return tenka_dataset_target_shape(session_data(s)).rank > 1 ? ANSWERS_NUMBERS : ANSWERS_LABELS;
    return ANSWERS_NONE;
}

const char *answers_class_name(const struct session *s, uint32_t index, char buffer[static 16])
{
    const char *const name = tenka_dataset_class_name(session_data(s), index);
    if (name == NULL)
        snprintf(buffer, 16, "%u", index);
    return name != NULL ? name : buffer;
}

const char *answers_label_name(const struct session *s, uint32_t index, char buffer[static LABEL_NAME])
{
    const char *const table = tenka_dataset_table(session_data(s));
    if (table == NULL || !tenka_table_target(table, index, buffer, LABEL_NAME))
        buffer[0] = '\0';
    make_harmless(buffer);
    return buffer;
}

size_t answers_targets(const struct answers *a, const struct session *s)
{
    return a->errors != NULL && a->numbers > 1 && tenka_dataset_target_shape(session_data(s)).rank == 1 ? a->numbers
                                                                                                        : 0;
}

const char *answers_sample_file(const struct session *s, const struct sample *sample)
{
    return tenka_dataset_sample_name(s->test_data, (size_t)sample->index);
}

/* ---- Making and freeing ---- */

static void forget_samples(struct sample *samples, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        tenka_image_destroy(&samples[i].picture);
    *count = 0;
}

static void forget(struct answers *a)
{
    tenka_confusion_destroy(&a->confusion);
    tenka_label_counts_destroy(&a->labels);
    tenka_number_errors_destroy(&a->errors);
    free(a->scale);
    a->scale = NULL;
    if (a->worst != NULL)
        forget_samples(a->worst, &a->n_worst);
    forget_samples(a->firsts, &a->n_firsts);
    a->seen = 0;
    a->whole = 0;
}

void answers_begin(struct answers *a, const struct session *s)
{
    forget(a);
    a->kind = answers_kind(s);
}

void answers_free(struct answers *a)
{
    forget(a);
    for (size_t i = 0; i < 2; i++) {
        tenka_variable_destroy(&a->kept[i].output);
        tenka_variable_destroy(&a->kept[i].target);
        tenka_variable_destroy(&a->kept[i].input);
    }
    free(a->worst);
    free(a->scores);
    free(a->targets);
    free(a->input);
    a->worst = NULL;
    a->scores = a->input = NULL;
    a->targets = NULL;
    a->room = a->input_room = 0;
}

/* ---- A batch ---- */

static struct kept_batch *kept_of(struct answers *a, uint32_t size)
{
    return &a->kept[size == a->whole ? 0 : 1];
}

static bool wants_samples(const struct answers *a)
{
    return a->max_worst > 0 || a->first;
}

tenka_status answers_keep(struct answers *a, const struct tenka_batch *batch, tenka_tensor output)
{
    a->whole = a->whole > 0 ? a->whole : batch->size;
    struct kept_batch *const kept = kept_of(a, batch->size);
    if (a->kind == ANSWERS_NONE)
        return TENKA_OK;
    tenka_status status = tenka_keep(output, &kept->output);
    if (status == TENKA_OK)
        status = tenka_keep(batch->target, &kept->target);
    if (status == TENKA_OK && wants_samples(a) && a->pictures && tenka_tensor_dtype(batch->input) == TENKA_F32)
        status = tenka_keep(batch->input, &kept->input);
    return status;
}

/* The first batch tells the shapes. */
static tenka_status make_counters(struct answers *a, const struct session *s, struct tenka_shape output)
{
    const int32_t ignored = a->kind == ANSWERS_CLASSES ? tenka_loss_ignore_index(s->loss) : 0;
    a->numbers = shape_count(output) / output.dim[0];
    a->outputs = a->kind == ANSWERS_CLASSES ? output.dim[1] : a->numbers;
    a->places = a->numbers / a->outputs;
    if (a->max_worst > 0 && a->worst == NULL && (a->worst = calloc(a->max_worst, sizeof(a->worst[0]))) == NULL)
        return TENKA_E_NOMEM;
    if (a->kind == ANSWERS_CLASSES)
        return tenka_confusion_create((uint32_t)a->outputs, a->top > 0 ? a->top : TOP_DEFAULT, ignored, &a->confusion);
    if (a->kind == ANSWERS_LABELS)
        return tenka_label_counts_create(a->numbers, &a->labels);
    a->scale = table_scale_find(tenka_dataset_table(session_data(s)), a->numbers);
    return a->scale != NULL ? tenka_number_errors_create(a->numbers, &a->errors) : TENKA_E_NOMEM;
}

static tenka_status read_batch(struct answers *a, const struct kept_batch *kept)
{
    const size_t scores = shape_count(tenka_variable_shape(kept->output)) * sizeof(float);
    const size_t targets = shape_count(tenka_variable_shape(kept->target)) * sizeof(float); /* or int32_t */
    size_t room = a->room;
    if (!room_take(&a->scores, &room, scores > targets ? scores : targets, 1) ||
        !room_take(&a->targets, &a->room, scores > targets ? scores : targets, 1))
        return TENKA_E_NOMEM;
    const tenka_status status = tenka_variable_read(kept->output, a->scores, scores);
    return status == TENKA_OK ? tenka_variable_read(kept->target, a->targets, targets) : status;
}

/* Answers and targets are measured in the table's unit, but around their means: errors are the same there, and floats
 * would have no digits left for those of a large number with a small deviation. */
static void scale_back(struct answers *a, size_t samples)
{
    float *const targets = a->targets;
    for (size_t i = 0; a->scale->scaled && i < samples * a->numbers; i++) {
        const double std = a->scale->std[i % a->numbers];
        a->scores[i] = (float)(std * (double)a->scores[i]);
        targets[i] = (float)(std * (double)targets[i]);
    }
}

/* ---- A sample ---- */

/* The probability of a class at a place of a sample. */
static double probability_of(const struct answers *a, const struct session *s, const float *scores, size_t place,
                             size_t index)
{
    double largest = -INFINITY, sum = 0;
    const double score = (double)scores[index * a->places + place];
    if (s->last == LAST_SOFTMAX)
        return score;
    if (s->last == LAST_LOG_SOFTMAX)
        return exp(score);
    for (size_t i = 0; i < a->outputs; i++)
        largest = fmax(largest, (double)scores[i * a->places + place]);
    for (size_t i = 0; i < a->outputs; i++)
        sum += exp((double)scores[i * a->places + place] - largest);
    return exp(score - largest) / sum;
}

static size_t answer_at(const struct answers *a, const float *scores, size_t place)
{
    size_t best = 0;
    for (size_t i = 1; i < a->outputs; i++)
        if (scores[i * a->places + place] > scores[best * a->places + place])
            best = i;
    return best;
}

/* False where no target counts. */
static bool judge_classes(const struct answers *a, const struct session *s, const float *scores, const int32_t *targets,
                          struct sample *out)
{
    const int32_t ignored = tenka_loss_ignore_index(s->loss);
    size_t count = 0, right = 0;
    for (size_t k = 0; k < a->places; k++) {
        if (targets[k] < 0 || (size_t)targets[k] >= a->outputs || targets[k] == ignored)
            continue;
        const size_t answer = answer_at(a, scores, k);
        count++;
        right += answer == (size_t)targets[k];
        out->loss -= log(probability_of(a, s, scores, k, (size_t)targets[k]));
        out->actual = targets[k];
        out->predicted = (double)answer;
    }
    out->loss /= (double)count;
    out->probability = a->places == 1 ? probability_of(a, s, scores, 0, (size_t)out->predicted)
                                      : (double)right / (double)count;
    return count > 0;
}

/* A label is answered above this score, which is a logit or a probability. */
static double threshold_of(const struct session *s)
{
    return strcmp(tenka_loss_name(s->loss), "BCELoss") == 0 ? 0.5 : 0;
}

/* Logarithms are at least -100, as PyTorch has them. */
static void judge_labels(const struct answers *a, const struct session *s, const float *scores, const float *targets,
                         struct sample *out)
{
    const double threshold = threshold_of(s);
    size_t right = 0;
    for (size_t k = 0; k < a->numbers; k++) {
        const double score = (double)scores[k], target = (double)targets[k];
        const double p = threshold > 0 ? score : 1 / (1 + exp(-score));
        right += (score > threshold) == (target > 0.5);
        out->loss -= target * fmax(log(p), -100) + (1 - target) * fmax(log1p(-p), -100);
    }
    out->loss /= (double)a->numbers;
    out->actual = out->predicted = NAN;
    out->probability = (double)right / (double)a->numbers;
}

static void judge_numbers(const struct answers *a, const float *scores, const float *targets, struct sample *out)
{
    for (size_t k = 0; k < a->numbers; k++) {
        const double error = (double)scores[k] - (double)targets[k];
        out->loss += error * error / (double)a->numbers;
    }
    const double mean = a->scale->scaled ? a->scale->mean[0] : 0;
    out->actual = mean + (double)targets[0];
    out->predicted = mean + (double)scores[0];
    out->probability = NAN;
}

/* Sample i of the batch that was read. False: it has no target that counts. */
static bool judge(const struct answers *a, const struct session *s, size_t i, struct sample *out)
{
    const float *const scores = a->scores + i * a->numbers;
    *out = (struct sample){.index = a->seen + i};
    if (a->kind == ANSWERS_CLASSES)
        return judge_classes(a, s, scores, (const int32_t *)a->targets + i * a->places, out);
    const float *const targets = (const float *)a->targets + i * a->numbers;
    if (a->kind == ANSWERS_LABELS)
        judge_labels(a, s, scores, targets, out);
    else
        judge_numbers(a, scores, targets, out);
    return true;
}

/* ---- The samples that are shown ---- */

/* The batch's inputs are read when the first of their pictures is wanted. */
static tenka_status take_picture(struct answers *a, const struct session *s, const struct kept_batch *kept, bool *read,
                                 size_t i, struct sample *out)
{
    if (kept->input == NULL)
        return TENKA_OK;
    const size_t count = shape_count(tenka_variable_shape(kept->input));
    const size_t each = count / tenka_variable_shape(kept->input).dim[0];
    if (!*read) {
        if (!room_take(&a->input, &a->input_room, count * sizeof(a->input[0]), 1))
            return TENKA_E_NOMEM;
        const tenka_status status = tenka_variable_read(kept->input, a->input, count * sizeof(a->input[0]));
        if (status != TENKA_OK)
            return status;
        *read = true;
    }
    return sample_picture(s, a->input + i * each, &out->picture);
}

/* Where the sample belongs among the worst; max_worst: nowhere. A loss that is no number is the worst of all. */
static size_t place_among_worst(const struct answers *a, double loss)
{
    size_t at = a->n_worst;
    while (at > 0 && (loss > a->worst[at - 1].loss || (isnan(loss) && !isnan(a->worst[at - 1].loss))))
        at--;
    return at;
}

static void put_among_worst(struct answers *a, size_t at, const struct sample *sample)
{
    if (a->n_worst == a->max_worst)
        tenka_image_destroy(&a->worst[--a->n_worst].picture);
    memmove(a->worst + at + 1, a->worst + at, (a->n_worst - at) * sizeof(a->worst[0]));
    a->worst[at] = *sample;
    a->n_worst++;
}

static tenka_status take_samples(struct answers *a, const struct session *s, const struct kept_batch *kept,
                                 uint32_t size)
{
    bool read = false;
    for (size_t i = 0; i < size; i++) {
        struct sample sample;
        tenka_status status = TENKA_OK;
        if (!judge(a, s, i, &sample))
            continue;
        const size_t at = a->max_worst > 0 ? place_among_worst(a, sample.loss) : 0;
        if (a->first && a->n_firsts < FIRST_SAMPLES && a->seen == 0) {
            a->firsts[a->n_firsts] = sample;
            status = take_picture(a, s, kept, &read, i, &a->firsts[a->n_firsts++]);
        }
        if (status == TENKA_OK && at < a->max_worst) {
            status = take_picture(a, s, kept, &read, i, &sample);
            put_among_worst(a, at, &sample);
        }
        if (status != TENKA_OK)
            return status;
    }
    return TENKA_OK;
}

tenka_status answers_take(struct answers *a, const struct session *s, const struct tenka_batch *batch)
{
    const struct kept_batch *const kept = kept_of(a, batch->size);
    tenka_status status = TENKA_OK;
    if (a->kind == ANSWERS_NONE)
        return TENKA_OK;
    if (a->seen == 0)
        status = make_counters(a, s, tenka_variable_shape(kept->output));
    if (status == TENKA_OK)
        status = read_batch(a, kept);
    if (status != TENKA_OK)
        return status;
    if (a->kind == ANSWERS_NUMBERS)
        scale_back(a, batch->size);
    if (a->kind == ANSWERS_CLASSES)
        tenka_confusion_add(a->confusion, a->scores, a->targets, batch->size, a->places);
    else if (a->kind == ANSWERS_LABELS)
        tenka_label_counts_add(a->labels, a->scores, a->targets, batch->size, threshold_of(s));
    else
        tenka_number_errors_add(a->errors, a->scores, a->targets, batch->size);
    if (wants_samples(a))
        status = take_samples(a, s, kept, batch->size);
    a->seen += batch->size;
    return status;
}

/* ---- What came of it ---- */

void answers_summarise(const struct answers *a, const struct session *s, struct evaluation *out)
{
    struct tenka_class_summary classes;
    struct tenka_label_summary labels;
    if (a->confusion != NULL) {
        tenka_confusion_summary(a->confusion, &classes);
        out->accuracy = isnan(out->accuracy) ? classes.accuracy : out->accuracy;
        out->top_accuracy = classes.top_accuracy;
        out->f1 = classes.f1;
        out->mean_iou = a->places > 1 ? classes.mean_iou : (double)NAN;
    }
    if (a->labels != NULL) {
        tenka_label_counts_summary(a->labels, &labels);
        out->exact = labels.accuracy;
        out->f1 = labels.f1;
    }
    if (a->errors != NULL)
        tenka_number_errors_summary(a->errors, &out->numbers);
    /* Decibels are for pictures. */
    if (tenka_dataset_target_shape(session_data(s)).rank < 2)
        out->numbers.psnr = NAN;
}
