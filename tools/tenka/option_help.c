/* --help and --usage, as wide as the terminal is. */
#define _POSIX_C_SOURCE 200809L
#include "option_table.h"

#include <string.h>

#define WIDEST 110 /* longer lines are no easier to read */
#define NARROWEST 40

static const char *const titles[GROUP_COUNT] = {
    [GROUP_DATA] = "Data and network:",
    [GROUP_NETWORK] = "Network:",
    [GROUP_FINE] = "Beginning and freezing:",
    [GROUP_MEASURED] = "What is measured:",
    [GROUP_CHECKED] = "What is checked:",
    [GROUP_RUNS] = "What runs:",
    [GROUP_PICTURES] = "Pictures:",
    [GROUP_TRAINING] = "Training:",
    [GROUP_TIME] = "How long:",
    [GROUP_DEVICE] = "Device:",
    [GROUP_OUTPUT] = "Output:",
    [GROUP_STOPPING] = "Stopping and going on:",
    [GROUP_HELP] = "Help:",
};

/* ---- Lines ---- */

/* Text that is being wrapped. */
struct page {
    FILE *file;
    size_t columns; /* of the terminal; the last one stays empty */
    size_t at;
};

static struct page page_on(FILE *file)
{
    const size_t columns = terminal_columns(fileno(file));
    return (struct page){file, columns < NARROWEST ? NARROWEST : columns > WIDEST ? WIDEST : columns, 0};
}

static void end_line(struct page *p)
{
    fputc('\n', p->file);
    p->at = 0;
}

static void put_text(struct page *p, const char *text, size_t length)
{
    fwrite(text, 1, length, p->file);
    p->at += length;
}

/* Fills the line with blanks up to a column; the next line where the text is already beyond it. */
static void move_to(struct page *p, size_t indent)
{
    if (p->at > indent)
        end_line(p);
    while (p->at < indent)
        put_text(p, " ", 1);
}

/* Puts words behind what stands on the line, and begins further lines with indent blanks. */
static void put_words(struct page *p, const char *text, size_t indent)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, " ");
        if (p->at > indent && p->at + 1 + length >= p->columns)
            move_to(p, indent);
        else if (p->at > indent)
            put_text(p, " ", 1);
        put_text(p, text, length);
        text += length + (text[length] == ' ');
    }
}

static void put_paragraph(struct page *p, const char *text)
{
    put_words(p, text, 0);
    end_line(p);
}

/* Puts an option's names on the left and its text beside them, or beneath them where the terminal is narrow. */
static void put_row(struct page *p, const char *left, const char *text, size_t indent)
{
    const size_t column = p->columns >= indent + NARROWEST ? indent : 10;
    put_text(p, left, strlen(left));
    if (p->at + 2 > column)
        end_line(p);
    move_to(p, column);
    put_words(p, text, column);
    end_line(p);
}

/* ---- Options ---- */

/* "  -h, --help" or "      --epochs=N" */
static void name_option(const struct option *o, char *out, size_t size)
{
    const bool letter = o->letters != NULL;
    snprintf(out, size, "  %s%.1s%s--%s%s%s", letter ? "-" : "  ", letter ? o->letters : "", letter ? ", " : "  ",
             o->name, o->argument != NULL ? "=" : "", o->argument != NULL ? o->argument : "");
}

static void put_option(struct page *p, const struct option *o, const struct option_use *use)
{
    char left[64], text[2048];
    name_option(o, left, sizeof(left));
    snprintf(text, sizeof(text), "%s%s%s", use->help, o->initial != NULL ? ". Default: " : "",
             o->initial != NULL ? o->initial : "");
    put_row(p, left, text, 29);
}

static void put_group(struct page *p, const struct command *command, enum option_group group)
{
    bool begun = false;
    for (const struct option *o = option_table; o->name != NULL; o++) {
        const struct option_use *const use = option_use(o, command);
        if (use == NULL || use->group != group)
            continue;
        if (!begun) {
            end_line(p);
            put_paragraph(p, titles[group]);
        }
        begun = true;
        put_option(p, o, use);
    }
}

static int finish(FILE *file)
{
    return fflush(file) == 0 ? EXIT_CODE_OK : say_output_failed();
}

int print_help(const struct command *command)
{
    struct page p = page_on(stdout);
    char text[160];
    snprintf(text, sizeof(text), "Usage: tenka %s [OPTION...]%s%s", command->name,
             command->arguments != NULL ? " " : "", command->arguments != NULL ? command->arguments : "");
    put_paragraph(&p, text);
    put_paragraph(&p, command->about);
    for (int group = 0; group < GROUP_COUNT; group++)
        put_group(&p, command, (enum option_group)group);
    if (command->example != NULL) {
        end_line(&p);
        snprintf(text, sizeof(text), "Example: %s", command->example);
        put_words(&p, text, 4);
        end_line(&p);
    }
    return finish(stdout);
}

int print_usage(const struct command *command)
{
    struct page p = page_on(stdout);
    char text[64];
    snprintf(text, sizeof(text), "Usage: tenka %s", command->name);
    put_text(&p, text, strlen(text));
    for (const struct option *o = option_table; o->name != NULL; o++) {
        snprintf(text, sizeof(text), "[--%s%s%s]", o->name, o->argument != NULL ? "=" : "",
                 o->argument != NULL ? o->argument : "");
        if (option_use(o, command) != NULL)
            put_words(&p, text, 12);
    }
    if (command->arguments != NULL)
        put_words(&p, command->arguments, 12);
    end_line(&p);
    return finish(stdout);
}

/* ---- Commands ---- */

int print_commands(FILE *file)
{
    struct page p = page_on(file);
    char left[64];
    put_paragraph(&p, "Usage: tenka COMMAND [OPTION...]");
    put_paragraph(&p, "Trains neural networks on any GPU that speaks Vulkan, and on the CPU.");
    end_line(&p);
    for (const struct command *c = commands; c->name != NULL; c++) {
        snprintf(left, sizeof(left), "  tenka %s", c->name);
        put_row(&p, left, c->brief, 18);
    }
    end_line(&p);
    put_row(&p, "  tenka COMMAND --help", "the options of a command", 25);
    put_row(&p, "  tenka --version", "the version", 25);
    end_line(&p);
    put_paragraph(&p, "Exit status: 0 done, 1 failed, 2 wrong usage, 128 + N after signal N: 130 after Ctrl-C.");
    return finish(file);
}
