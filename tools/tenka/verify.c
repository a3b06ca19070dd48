#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

/* One run of the command. */
struct verify {
    const struct options *options;
    struct progress progress;
    FILE *json; /* NULL: a table is printed. In memory, so that nothing half is ever printed */
    char *text; /* what is in json, once it is closed */
    size_t length;
    bool listed; /* the list, or the table, has begun */
    struct tenka_verify_params params;
    uint64_t total, before;            /* cases of all checks that are wanted; of those before the one that runs */
    uint32_t planned;                  /* cases of that one */
    struct tenka_verify_result result; /* of that one */
    uint64_t cases, skipped;
    uint32_t operators; /* that were checked */
    uint32_t wrong_operators, wrong_steps;
    char wrong[1024]; /* their names */
};

/* ---- Which ---- */

static bool is_wanted(const struct verify *v, const struct tenka_verify_check *check)
{
    return v->options->op == NULL || strcmp(v->options->op, check->name) == 0;
}

static int check_name(const struct verify *v)
{
    struct tenka_verify_check check;
    char names[2048] = "";
    for (size_t i = 0; tenka_verify_check(i, &check); i++) {
        if (is_wanted(v, &check))
            return EXIT_CODE_OK;
        const size_t length = strlen(names);
        snprintf(names + length, sizeof(names) - length, "%s%s", i > 0 ? ", " : "", check.name);
    }
    say_failed("--op: there is no '%s' to be checked; choose among %s", v->options->op, names);
    return EXIT_CODE_USAGE;
}

/* ---- The report ---- */

static void json_string(const struct verify *v, const char *key, const char *text)
{
    fprintf(v->json, ",\"%s\":", key);
    log_json_string(v->json, text);
}

static void begin_report(struct verify *v, const tenka_ctx *ctx)
{
    if (v->json == NULL) {
        session_print_device(ctx, v->options);
        fflush(stdout);
        return;
    }
    fprintf(v->json, "{\"version\":\"%s\",\"backend\":\"%s\"", TENKA_VERSION, backend_name(tenka_ctx_backend(ctx)));
    json_string(v, "device", tenka_ctx_device_name(ctx));
    if (v->options->shader_dir != NULL)
        json_string(v, "shader_dir", v->options->shader_dir);
    fputs(",\n\"checks\":[", v->json);
}

static void json_result(struct verify *v, const struct tenka_verify_check *check, const struct tenka_verify_result *r)
{
    fputs(v->listed ? ",\n {\"name\":" : "\n {\"name\":", v->json);
    v->listed = true;
    log_json_string(v->json, check->name);
    fprintf(v->json, ",\"operator\":%s,\"cases\":%" PRIu32 ",\"failed\":%" PRIu32 ",\"skipped\":%" PRIu32,
            check->op ? "true" : "false", r->cases, r->failed, r->skipped);
    if (isfinite(r->worst))
        fprintf(v->json, ",\"worst\":%.6g", r->worst);
    else
        fputs(",\"worst\":null", v->json);
    json_string(v, "worst_where", r->worst_where);
    json_string(v, "failure", r->failure);
    json_string(v, "skip_reason", r->skip_reason);
    fprintf(v->json, ",\"seconds\":%.3f}", r->seconds);
}

/* The worst error as a share of its bound, "12 %"; "wrong" where bits differ that must be equal. */
static const char *share_text(char buffer[static 32], const struct tenka_verify_result *r)
{
    if (r->cases == 0)
        return "-";
    if (r->worst > 1000 || isnan(r->worst))
        return "wrong";
    snprintf(buffer, 32, r->worst > 0 && r->worst < 0.1 ? "%.1f %%" : "%.0f %%", 100 * r->worst);
    return buffer;
}

/* The table's head is printed with the first row, so that a run that fails before prints no empty table. */
static void print_result(struct verify *v, const struct tenka_verify_check *check, const struct tenka_verify_result *r)
{
    char share[32];
    if (!v->listed) {
        puts("\nErrors are shares of their bounds; more than 100 % is wrong");
        printf("  %-20s %6s %12s %9s\n", "check", "cases", "worst error", "seconds");
    }
    v->listed = true;
    printf("  %-20s %6" PRIu32 " %12s %9.1f%s\n", check->name, r->cases, share_text(share, r), r->seconds,
           r->failed > 0 ? "  WRONG" : "");
    if (r->failed > 0)
        print_text(stdout, "%24s%" PRIu32 " of %" PRIu32 " failed; the first: %s\n", "", r->failed, r->cases,
                   r->failure);
    if (r->skipped > 0)
        print_text(stdout, "%24s%" PRIu32 " skipped; the first: %s\n", "", r->skipped, r->skip_reason);
    fflush(stdout);
}

static void count_result(struct verify *v, const struct tenka_verify_check *check, const struct tenka_verify_result *r)
{
    const size_t length = strlen(v->wrong);
    v->cases += r->cases;
    v->skipped += r->skipped;
    v->operators += check->op;
    if (r->failed == 0)
        return;
    *(check->op ? &v->wrong_operators : &v->wrong_steps) += 1;
    snprintf(v->wrong + length, sizeof(v->wrong) - length, "%s%s", length > 0 ? ", " : "", check->name);
}

/* "3 operators and 1 check of whole steps" */
static void describe_wrong(const struct verify *v, char *out, size_t size)
{
    char operators[64] = "", steps[64] = "";
    if (v->wrong_operators > 0)
        snprintf(operators, sizeof(operators), "%" PRIu32 " operator%s", v->wrong_operators,
                 v->wrong_operators > 1 ? "s" : "");
    if (v->wrong_steps > 0)
        snprintf(steps, sizeof(steps), "%" PRIu32 " check%s of whole steps", v->wrong_steps,
                 v->wrong_steps > 1 ? "s" : "");
    snprintf(out, size, "%s%s%s %s wrong", operators, operators[0] != '\0' && steps[0] != '\0' ? " and " : "", steps,
             v->wrong_operators + v->wrong_steps > 1 ? "are" : "is");
}

/* The conclusion in one sentence. */
static void conclude(const struct verify *v, char *out, size_t size)
{
    char wrong[192], count[32], skipped[32];
    describe_wrong(v, wrong, sizeof(wrong));
    if (v->wrong[0] != '\0' && v->options->shader_dir != NULL)
        snprintf(out, size, "%s with the shaders of %s: %s; do not train with them", wrong, v->options->shader_dir,
                 v->wrong);
    else if (v->wrong[0] != '\0')
        snprintf(out, size,
                 "%s on this device: %s; do not train on it; try another version of its driver, another "
                 "device, or --backend cpu",
                 wrong, v->wrong);
    else if (v->cases == 0)
        snprintf(out, size, "nothing of %s could be checked on this device", v->options->op);
    else if (v->options->op != NULL)
        snprintf(out, size, "this device can be trusted with %s: %s case%s right", v->options->op,
                 say_count(count, v->cases), v->cases > 1 ? "s are" : " is");
    else
        snprintf(out, size,
                 "this device can be trusted: all %s cases of %" PRIu32 " operators and of whole training "
                 "steps are right",
                 say_count(count, v->cases), v->operators);
    const size_t length = strlen(out);
    if (v->skipped > 0)
        snprintf(out + length, size - length, "; %s skipped", say_count(skipped, v->skipped));
}

static int end_report(struct verify *v)
{
    char sentence[2048];
    const bool right = v->wrong[0] == '\0';
    conclude(v, sentence, sizeof(sentence));
    if (v->json == NULL) {
        puts("");
        print_text(stdout, "%s\n", sentence);
    } else {
        fprintf(v->json, "\n],\n\"trusted\":%s", right && v->cases > 0 ? "true" : "false");
        json_string(v, "conclusion", sentence);
        fputs("}\n", v->json);
        if (fclose(v->json) != 0)
            return v->json = NULL, say_failed("out of memory");
        v->json = NULL;
        fputs(v->text, stdout);
    }
    if (fflush(stdout) != 0)
        return say_output_failed();
    return right ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

/* ---- Running ---- */

/* "1,234 of 5,678 cases: conv2d_fwd, case 3 (no bias)" */
static bool tell_progress(void *user, const char *what)
{
    struct verify *v = user;
    char text[512], done[32], total[32];
    const uint32_t seen = v->result.cases + v->result.skipped;
    const uint64_t all = v->before + (seen < v->planned ? seen : v->planned);
    snprintf(text, sizeof(text), "%s of %s cases: %s", say_count(done, all), say_count(total, v->total), what);
    progress_say(&v->progress, text);
    return interrupt_signal() == 0;
}

/* The last line is the answer, also where it is that nothing is known. */
static int say_unknown(const tenka_ctx *ctx, const char *name)
{
    return say_failed("whether this device can be trusted is not known, since %s cannot be checked: %s", name,
                      tenka_last_error(ctx));
}

static int count_cases(struct verify *v, tenka_ctx *ctx)
{
    struct tenka_verify_check check;
    for (size_t i = 0; tenka_verify_check(i, &check); i++) {
        uint32_t cases;
        if (!is_wanted(v, &check))
            continue;
        if (tenka_verify_count(ctx, i, &v->params, &cases) != TENKA_OK)
            return say_unknown(ctx, check.name);
        v->total += cases;
    }
    return EXIT_CODE_OK;
}

static int run_check(struct verify *v, tenka_ctx *ctx, size_t index, const struct tenka_verify_check *check)
{
    v->result = (struct tenka_verify_result)TENKA_VERIFY_RESULT_DEFAULTS;
    tenka_status status = tenka_verify_count(ctx, index, &v->params, &v->planned);
    if (status == TENKA_OK)
        status = tenka_verify_run(ctx, index, &v->params, &v->result);
    progress_clear();
    if (status == TENKA_END)
        return EXIT_CODE_OK; /* a signal, which the caller sees */
    if (status != TENKA_OK)
        return say_unknown(ctx, check->name);
    v->before += v->planned;
    count_result(v, check, &v->result);
    if (v->json != NULL)
        json_result(v, check, &v->result);
    else
        print_result(v, check, &v->result);
    return EXIT_CODE_OK;
}

static int run_checks(struct verify *v, tenka_ctx *ctx)
{
    struct tenka_verify_check check;
    begin_report(v, ctx);
    int code = count_cases(v, ctx);
    for (size_t i = 0; code == EXIT_CODE_OK && tenka_verify_check(i, &check); i++) {
        code = is_wanted(v, &check) ? run_check(v, ctx, i, &check) : EXIT_CODE_OK;
        if (code == EXIT_CODE_OK && interrupt_signal() != 0) {
            say_failed("stopped by a signal; not everything was checked");
            return EXIT_CODE_SIGNAL + interrupt_signal();
        }
    }
    return code == EXIT_CODE_OK ? end_report(v) : code;
}

static int verify(struct verify *v)
{
    struct session session;
    int code = check_name(v);
    if (code != EXIT_CODE_OK)
        return code;
    if (v->options->json && (v->json = open_memstream(&v->text, &v->length)) == NULL)
        return say_failed("out of memory");
    code = session_open_device(&session, v->options);
    if (code == EXIT_CODE_OK)
        code = run_checks(v, session.ctx);
    session_close(&session);
    return code;
}

int command_verify(const struct options *options)
{
    /* The library's notices about the reference network are left out. */
    struct options silent = *options;
    silent.quiet = true;
    struct verify v = {.options = &silent, .params = TENKA_VERIFY_DEFAULTS};
    v.params.large = v.params.variants = options->all;
    v.params.progress = tell_progress;
    v.params.user = &v;
    interrupt_catch();
    progress_init(&v.progress, options->quiet);
    const int code = verify(&v);
    if (v.json != NULL)
        fclose(v.json);
    free(v.text);
    return code;
}
