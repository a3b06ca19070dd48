/* The page as a whole. */
#define _POSIX_C_SOURCE 200809L
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Its look ---- */

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fafaf8;--card:#fff;--ink:#1d2127;--soft:#646b75;--line:#dfe1e4;--a:#2563a8;"
    "--b:#d9762b;--good:#23805a;--bad:#b8383d;--heat:37 99 168;--wrong:200 70 50}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#15181c;--card:#1d2126;--ink:#e4e6e9;--soft:#9aa2ad;--line:#343a42;"
    "--a:#6aa5e8;--b:#eb9a5c;--good:#5cc49a;--bad:#ee7b7f;--heat:90 150 220;--wrong:225 105 85}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}\n"
    "main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;margin:0}h2{font-size:19px;margin:0 0 "
    "10px}h3{font-size:15px;margin:18px 0 6px}header p{margin:4px 0 0;color:var(--soft);overflow-wrap:anywhere}\n"
    "section,.card{background:var(--card);border:1px solid var(--line);border-radius:10px}section{padding:18px "
    "20px;margin-top:18px}.note{color:var(--soft);margin:0 0 12px}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-top:18px}"
    ".card{padding:12px 16px}.card span{display:block;color:var(--soft);font-size:13px}.card b{font-size:21px;"
    "font-weight:600;font-variant-numeric:tabular-nums}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px}.chart{margin:0;min-width:0}"
    ".chart figcaption{font-weight:600;margin-bottom:4px}svg{width:100%;height:auto;display:block}\n"
    ".grid{stroke:var(--line)}.axis{stroke:var(--soft)}.tick{fill:var(--soft);font-size:15px}.faint{opacity:.4}.curve{fill:none;"
    "stroke-width:2;stroke-linejoin:round}.curve.c0{stroke:var(--a)}.curve.c1{stroke:var(--b)}circle.c0{fill:var(--a)}"
    "circle.c1{fill:var(--b)}.key{font-weight:400;font-size:13px;margin-left:14px;color:var(--soft)}"
    ".key:before{content:'';display:inline-block;width:14px;height:3px;margin-right:5px;vertical-align:middle}"
    ".key.c0:before{background:var(--a)}.key.c1:before{background:var(--b)}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:14px}th,td{padding:3px 10px;text-align:left;"
    "border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:500;white-space:nowrap}.n{text-align:right;"
    "font-variant-numeric:tabular-nums}.mean td{font-weight:600}.bar{background:linear-gradient(rgb(var(--heat)/.16) 0 0)"
    " no-repeat 0 50%/calc(100%*var(--v)) 70%}\n"
    ".matrix td,.matrix th{border:1px solid var(--card);padding:3px 6px;text-align:center}.matrix td{min-width:38px;"
    "font-variant-numeric:tabular-nums}.matrix tr>th:first-child{text-align:right}.matrix tr:first-child th{"
    "vertical-align:bottom}.matrix tr:first-child th span{writing-mode:vertical-rl;transform:rotate(180deg)}"
    ".right{background:rgb(var(--heat)/calc(.06 + .94*var(--v)))}.wrong{background:rgb(var(--wrong)/calc(.03 + "
    ".97*var(--v)))}.deep{color:#fff}\n"
    ".samples{display:flex;flex-wrap:wrap;gap:14px}.samples figure{margin:0;width:124px}.samples img{max-width:100%;"
    "height:auto;border-radius:6px;display:block}.samples figcaption{font-size:13px;line-height:1.35;margin-top:5px;"
    "overflow-wrap:anywhere}.samples small{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}\n"
    ".pixels{image-rendering:pixelated}.filters img{max-width:100%;height:auto}pre{background:var(--bg);border:1px "
    "solid var(--line);border-radius:6px;padding:10px 12px;white-space:pre-wrap;overflow-wrap:anywhere;margin:0}\n"
    ".options{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:2px 24px;font-size:13px}"
    ".options div{display:flex;justify-content:space-between;gap:12px;border-bottom:1px solid var(--line)}.options span{"
    "overflow-wrap:anywhere;text-align:right}code,pre{font-family:ui-monospace,monospace;font-size:13px}\n"
    "@media(max-width:520px){.charts{grid-template-columns:1fr}}\n";

/* ---- Figures ---- */

static void write_card(const char *name, const char *value, FILE *file)
{
    fputs("<div class=\"card\"><span>", file);
    html_text(file, name);
    fputs("</span><b>", file);
    html_text(file, value);
    fputs("</b></div>\n", file);
}

static void write_number(const char *name, const char *format, double value, FILE *file)
{
    char text[32];
    if (!isnan(value))
        write_card(name, say_number(text, format, value), file);
}

static void write_duration(double seconds, FILE *file)
{
    char text[48];
    const unsigned s = (unsigned)(seconds + 0.5);
    if (seconds < 60)
        snprintf(text, sizeof(text), "%.1f s", seconds);
    else if (s < 3600)
        snprintf(text, sizeof(text), "%u min %u s", s / 60, s % 60);
    else
        snprintf(text, sizeof(text), "%u h %u min", s / 3600, s / 60 % 60);
    write_card("Time", text, file);
}

static void write_test(const struct evaluation *e, FILE *file)
{
    write_number("Test accuracy", "%.2f %%", 100 * e->accuracy, file);
    write_number("Test loss", "%.4f", e->loss, file);
    write_number("F1, mean of classes", "%.4f", e->f1, file);
    write_number("Mean IoU", "%.4f", e->mean_iou, file);
    write_number("All labels right", "%.2f %%", 100 * e->exact, file);
    write_number("MAE", "%.4g", e->numbers.mae, file);
    write_number("RMSE", "%.4g", e->numbers.rmse, file);
    write_number("R2", "%.4f", e->numbers.r2, file);
    write_number("PSNR", "%.2f dB", e->numbers.psnr, file);
}

/* The last one; NULL: none was. */
static const struct evaluation *last_test(const struct history *h)
{
    for (size_t i = h != NULL ? h->n_epochs : 0; i > 0; i--)
        if (h->epochs[i - 1].test.images > 0)
            return &h->epochs[i - 1].test;
    return NULL;
}

/* That is over; NULL: none is. */
static const struct epoch_result *last_epoch(const struct history *h)
{
    for (size_t i = h != NULL ? h->n_epochs : 0; i > 0; i--)
        if (h->epochs[i - 1].step == 0)
            return &h->epochs[i - 1];
    return NULL;
}

static void write_cards(const struct report *r, FILE *file)
{
    const struct history *const h = r->history;
    const struct epoch_result *const last = last_epoch(h);
    const struct evaluation *const test = r->test != NULL ? r->test : last_test(h);
    char text[64], of[32];
    fputs("<div class=\"cards\">\n", file);
    if (test != NULL)
        write_test(test, file);
    if (r->best[0] != '\0')
        write_card("Best test", r->best, file);
    if (last != NULL) {
        write_number("Training loss", "%.4f", last->train_loss, file);
        snprintf(text, sizeof(text), "%u of %u", last->epoch + 1, r->s->options->epochs);
        write_card("Epochs", text, file);
        snprintf(of, sizeof(of), "Training %ss/s", session_noun(r->s));
        write_card(of, say_count(text, (uint64_t)(last->images_per_second + 0.5)), file);
    }
    write_card("Parameters", say_count(text, tenka_module_parameter_count(r->s->net)), file);
    write_duration(r->seconds + (h != NULL ? h->seconds : 0), file);
    fputs("</div>\n", file);
}

/* ---- The page ---- */

static void write_data(const struct report *r, FILE *file)
{
    const struct session *const s = r->s;
    char count[32], shape[SAMPLE_TEXT], when[32] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &local);
    fputs("<p>", file);
    if (s->train_data != NULL)
        html_format(file, "%s training %ss, ", say_count(count, tenka_dataset_count(s->train_data)), session_noun(s));
    if (s->test_data != NULL)
        html_format(file, "%s test %ss, ", say_count(count, tenka_dataset_count(s->test_data)), session_noun(s));
    html_format(file, "%s, of %s", sample_text(tenka_dataset_image_shape(session_data(s)), shape), s->data_dir);
    fputs("</p><p>", file);
    html_format(file, "%s, %s, %s", r->state, when, tenka_ctx_device_name(s->ctx));
    fputs("</p>", file);
}

static void write_page(const struct report *r, FILE *file)
{
    const char *const what = r->history != NULL ? "Training" : "Test";
    fprintf(file,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            "content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" content=\"tenka %s\">\n"
            "<title>%s: ",
            TENKA_VERSION, what);
    html_text(file, r->s->data_dir);
    fprintf(file, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<header><h1>%s</h1>", style, what);
    write_data(r, file);
    fputs("</header>\n", file);
    write_cards(r, file);
    report_charts(r, file);
    report_answers(r, file);
    report_network(r, file);
    report_run(r, file);
    fputs("</main>\n", file);
    if (r->history != NULL && !r->range)
        history_write(r->history, r->seconds, file);
    fputs("</body>\n</html>\n", file);
}

int report_write(const struct report *r, const char *path)
{
    char *text = NULL;
    size_t length = 0;
    FILE *const file = open_memstream(&text, &length);
    if (file == NULL)
        return say_failed("out of memory");
    write_page(r, file);
    const bool failed = ferror(file) != 0;
    int code = EXIT_CODE_OK;
    if (fclose(file) != 0 || failed)
        code = say_failed("out of memory");
    else if (tenka_save_bytes(NULL, path, text, length) != TENKA_OK)
        code = say_library_failed(NULL);
    free(text);
    return code;
}
