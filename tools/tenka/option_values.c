/* What the arguments of options mean. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

/* An argument that is being read. */
struct reading {
    const struct command *command;
    const struct option *option;
    const char *text;
};

/* ---- Members of struct options ---- */

static void put_integer(const struct option *option, uint64_t value, struct options *o)
{
    const uint8_t one = (uint8_t)value;
    const uint32_t four = (uint32_t)value;
    memcpy((char *)o + option->at,
           option->size == 1   ? (const void *)&one
           : option->size == 4 ? (const void *)&four
                               : (const void *)&value,
           option->size);
}

uint64_t option_integer(const struct option *option, const struct options *o)
{
    uint8_t one;
    uint32_t four;
    uint64_t eight;
    const size_t size = option->size;
    memcpy(size == 1 ? (void *)&one : size == 4 ? (void *)&four : (void *)&eight, (const char *)o + option->at, size);
    return size == 1 ? one : size == 4 ? four : eight;
}

const char *option_text(const struct option *option, const struct options *o)
{
    const char *text;
    memcpy(&text, (const char *)o + option->at, sizeof(text));
    return text;
}

double option_real(const struct option *option, const struct options *o)
{
    double value;
    memcpy(&value, (const char *)o + option->at, sizeof(value));
    return value;
}

/* ---- Numbers ---- */

static uint64_t whole_number(const struct reading *r, const char *text)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    /* strtoull takes spaces and signs, and "-1" for a huge number. */
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < r->option->low || value > r->option->high)
        say_misuse(r->command->name, "--%s: '%s' is no whole number from %" PRIu64 " to %" PRIu64, r->option->name,
                   text, r->option->low, r->option->high);
    return value;
}

static double real_number(const struct reading *r)
{
    char *end;
    const double value = strtod(r->text, &end);
    if (end == r->text || *end != '\0' || !(value >= 0 && value <= r->option->limit))
        say_misuse(r->command->name, "--%s: '%s' is no number from 0 to %g", r->option->name, r->text,
                   r->option->limit);
    return value;
}

/* Seconds of "1d12h", "2h30m", "90m" or "45"; a number without a unit stands alone. Negative: it is no time. */
static double seconds_of(const char *text)
{
    static const char units[] = "dhms";
    static const double each[] = {86400, 3600, 60, 1};
    double sum = 0;
    for (const char *at = text; *at != '\0';) {
        char *end;
        const double value = *at >= '0' && *at <= '9' ? strtod(at, &end) : -1;
        if (!(value >= 0) || (*end == '\0' && at != text))
            return -1;
        const char *const unit = strchr(units, *end != '\0' ? *end : 's');
        if (unit == NULL)
            return -1;
        sum += value * each[unit - units];
        at = end + (*end != '\0');
    }
    return sum;
}

static double time_span(const struct reading *r)
{
    const double seconds = seconds_of(r->text);
    if (!(seconds > 0 && seconds <= 1e9))
        say_misuse(r->command->name, "--%s: '%s' is no time, such as 2h30m, 90m, 45s, or 3600 for seconds",
                   r->option->name, r->text);
    return seconds;
}

/* Of epochs, or with "steps" behind it of steps. */
static struct every every(const struct reading *r)
{
    static const char unit[] = "steps";
    char number[32];
    const size_t length = strlen(r->text);
    const bool steps = text_ends_with(r->text, unit);
    const size_t digits = steps ? length - strlen(unit) : length;
    snprintf(number, sizeof(number), "%.*s", digits < sizeof(number) ? (int)digits : 0, r->text);
    if (number[strspn(number, "0123456789")] != '\0')
        say_misuse(r->command->name, "--%s: '%s' is no whole number, such as 2 for epochs, or 500steps",
                   r->option->name, r->text);
    return (struct every){(uint32_t)whole_number(r, number), steps};
}

static struct tenka_shape shape(const struct reading *r)
{
    uint32_t dim[TENKA_MAX_RANK];
    size_t rank = 0;
    for (const char *at = r->text;; at++) {
        char *end;
        errno = 0;
        const unsigned long long value = strtoull(at, &end, 10);
        const bool digit = *at >= '0' && *at <= '9';
        if (!digit || (*end != ',' && *end != '\0') || errno != 0 || value < r->option->low ||
            value > r->option->high || rank == TENKA_MAX_RANK - 1)
            say_misuse(r->command->name,
                       "--%s: '%s' is no shape of an image: three numbers, channels, height and width, such as 1,28,28",
                       r->option->name, r->text);
        dim[rank++] = (uint32_t)value;
        at = end;
        if (*at == '\0')
            return tenka_shape_make(rank, dim);
    }
}

static struct count_list counts(const struct reading *r)
{
    struct count_list list = {.count = 0};
    char copy[256], *rest = NULL;
    const size_t length = strlen(r->text);
    if (length == 0 || length >= sizeof(copy) || r->text[0] == ',' || r->text[length - 1] == ',' ||
        strstr(r->text, ",,") != NULL)
        say_misuse(r->command->name, "--%s: '%s' is no list of whole numbers, such as 32,100,1000", r->option->name,
                   r->text);
    strcpy(copy, r->text);
    for (char *at = strtok_r(copy, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest)) {
        if (list.count == MAX_BATCH_SIZES)
            say_misuse(r->command->name, "--%s: more than %d numbers", r->option->name, MAX_BATCH_SIZES);
        list.number[list.count++] = (uint32_t)whole_number(r, at);
    }
    return list;
}

static struct number_list numbers(const struct reading *r)
{
    struct number_list list = {.count = 0};
    for (const char *at = r->text;; at++) {
        char *end;
        const double value = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || !(fabs(value) <= 1e6) || value <= r->option->limit ||
            list.count == TENKA_MAX_CHANNELS)
            say_misuse(r->command->name,
                       "--%s: '%s' is no list of numbers%s, one for all channels or one for each, "
                       "such as 0.485,0.456,0.406",
                       r->option->name, r->text, isfinite(r->option->limit) ? " above 0" : "");
        list.number[list.count++] = value;
        at = end;
        if (*at == '\0')
            return list;
    }
}

/* ---- Words ---- */

/* "auto, on and off", with last in the place of "and" */
static void list_words(const struct option_word *words, const char *last, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i].word != NULL && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 i == 0                      ? ""
                                 : words[i + 1].word == NULL ? last
                                                             : ", ",
                                 words[i].word);
}

_Noreturn static void refuse_word(const struct reading *r, const char *text, size_t length)
{
    const struct option_word *const words = r->option->words;
    const bool two = words[2].word == NULL;
    char list[256];
    list_words(words, r->option->unknown != NULL ? " or " : two ? " nor " : " and ", list, sizeof(list));
    if (r->option->unknown != NULL)
        say_misuse(r->command->name, "--%s: %s '%.*s'; choose %s", r->option->name, r->option->unknown, (int)length,
                   text, list);
    say_misuse(r->command->name, "--%s: '%.*s' is %s %s", r->option->name, (int)length, text,
               two ? "neither" : "none of", list);
}

static unsigned word(const struct reading *r, const char *text, size_t length)
{
    for (const struct option_word *w = r->option->words; w->word != NULL; w++)
        if (strlen(w->word) == length && strncmp(w->word, text, length) == 0)
            return w->value;
    refuse_word(r, text, length);
}

static unsigned words(const struct reading *r)
{
    unsigned all = 0;
    for (const char *at = r->text;; at++) {
        const size_t length = strcspn(at, ",");
        all |= word(r, at, length);
        at += length;
        if (*at == '\0')
            return all;
    }
}

const char *option_word(const struct option *option, uint64_t value)
{
    const struct option_word *w = option->words;
    while (w->value != value)
        w++;
    return w->word;
}

/* ---- All kinds ---- */

static void append(const struct reading *r, struct text_list *list)
{
    if (list->count == MAX_LIST)
        say_misuse(r->command->name, "--%s: more than %d are given", r->option->name, MAX_LIST);
    list->item[list->count].option = r->option->name;
    list->item[list->count++].text = r->text;
}

/* Options whose value is no integer. */
static void put(const struct reading *r, struct options *o)
{
    void *const to = (char *)o + r->option->at;
    if ((r->option->kind == OPTION_NAME || r->option->kind == OPTION_LIST) && r->text[0] == '\0')
        say_misuse(r->command->name, "--%s needs a name, but '' is given", r->option->name);
    switch (r->option->kind) {
    case OPTION_TEXT:
    case OPTION_NAME: *(const char **)to = r->text; break;
    case OPTION_LIST: append(r, to); break;
    case OPTION_REAL: *(double *)to = real_number(r); break;
    case OPTION_TIME: *(double *)to = time_span(r); break;
    case OPTION_EVERY: *(struct every *)to = every(r); break;
    case OPTION_SHAPE: *(struct tenka_shape *)to = shape(r); break;
    case OPTION_COUNTS: *(struct count_list *)to = counts(r); break;
    case OPTION_NUMBERS: *(struct number_list *)to = numbers(r); break;
    default: break;
    }
}

void option_set(const struct command *command, const struct option *option, const char *text, struct options *o)
{
    const struct reading r = {command, option, text};
    switch (option->kind) {
    case OPTION_FLAG: put_integer(option, true, o); break;
    case OPTION_WHOLE: put_integer(option, whole_number(&r, text), o); break;
    case OPTION_WORD: put_integer(option, word(&r, text, strlen(text)), o); break;
    case OPTION_WORDS: put_integer(option, words(&r), o); break;
    default: put(&r, o); break;
    }
}
