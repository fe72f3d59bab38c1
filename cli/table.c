/* Aligned tables. Widths are those of a terminal: wide characters count two, escapes none. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 24, GAP = 2 };

struct cli_table {
    const cli *app;
    char *names;
    const char *name[MAX_COLUMNS];
    bool right[MAX_COLUMNS];
    int n_columns;
    char **cell;
    size_t n, cap;
    size_t rule; /* the row that a line stands before; 0: none */
};

/* First byte past one UTF-8 character; *code its number (a broken byte stands for itself). */
static const char *decode(const char *s, uint32_t *code)
{
    const unsigned char c = (unsigned char)*s++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    *code = more == 0 ? c : c & (0x3fu >> more);
    for (; more > 0 && ((unsigned char)*s & 0xc0) == 0x80; more--)
        *code = *code << 6 | ((unsigned char)*s++ & 0x3f);
    return s;
}

static int char_width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        int width;
    } range[] = {
        {0x0300, 0x036f, 0}, {0x200b, 0x200f, 0}, {0xfe00, 0xfe0f, 0},   {0x1100, 0x115f, 2},
        {0x2e80, 0xa4cf, 2}, {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2},   {0xfe30, 0xfe6f, 2},
        {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++) {
        if (c >= range[i].first && c <= range[i].last)
            return range[i].width;
    }
    return c < 32 ? 0 : 1;
}

int cli_text_width(const char *text)
{
    int width = 0;
    while (*text) {
        if (*text == '\033') {
            text += strcspn(text, "m");
            text += *text == 'm';
            continue;
        }
        uint32_t code;
        text = decode(text, &code);
        width += char_width(code);
    }
    return width;
}

cli_table *cli_table_new(const cli *app, const char *columns)
{
    cli_table *t = cli_memory(1, sizeof(*t));
    t->app = app;
    t->names = cli_format("%s", columns);
    for (char *at = t->names; at && t->n_columns < MAX_COLUMNS;) {
        char *bar = strchr(at, '|');
        if (bar)
            *bar = '\0';
        t->right[t->n_columns] = *at == '>';
        t->name[t->n_columns++] = at + (*at == '>');
        at = bar ? bar + 1 : NULL;
    }
    return t;
}

void cli_cell(cli_table *t, const char *format, ...)
{
    if (t->n == t->cap) {
        const size_t cap = t->cap ? 2 * t->cap : 64;
        char **grown = cli_memory(cap, sizeof(*grown));
        for (size_t i = 0; i < t->n; i++)
            grown[i] = t->cell[i];
        free(t->cell);
        t->cell = grown;
        t->cap = cap;
    }
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = cli_memory((size_t)(n < 0 ? 0 : n) + 1, 1);
    if (n > 0)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    t->cell[t->n++] = text;
}

void cli_table_rule(cli_table *t)
{
    t->rule = t->n / (size_t)t->n_columns;
}

static void spaces(FILE *out, int n)
{
    for (int i = 0; i < n; i++)
        putc(' ', out);
}

static void row(const cli_table *t, FILE *out, const char *const *cell, const int *width)
{
    const int limit = out == stdout ? t->app->columns : 0;
    int at = 0, n = t->n_columns;
    while (n > 1 && !cell[n - 1][0]) /* no spaces at the end of a line */
        n--;
    for (int c = 0; c < n; c++) {
        const int fill = width[c] - cli_text_width(cell[c]);
        const bool last = c == n - 1;
        if (t->right[c])
            spaces(out, fill);
        if (last && !t->right[c] && limit > at + 24)
            cli_wrap(out, cell[c], at, at, limit);
        else
            fputs(cell[c], out);
        if (!last)
            spaces(out, (t->right[c] ? 0 : fill) + GAP);
        at += width[c] + GAP;
    }
    putc('\n', out);
}

static void header(const cli_table *t, FILE *out, const int *width)
{
    const bool color = out == stdout ? t->app->color_out : t->app->color_err;
    bool any = false;
    for (int c = 0; c < t->n_columns; c++)
        any = any || t->name[c][0];
    if (!any)
        return;
    fputs(cli_paint(color, "dim"), out);
    for (int c = 0; c < t->n_columns; c++) {
        const int fill = width[c] - cli_text_width(t->name[c]);
        spaces(out, t->right[c] ? fill : 0);
        fputs(t->name[c], out);
        if (c < t->n_columns - 1)
            spaces(out, (t->right[c] ? 0 : fill) + GAP);
    }
    fprintf(out, "%s\n", cli_plain(color));
}

static void print(const cli_table *t, FILE *out)
{
    int width[MAX_COLUMNS] = {0}, total = 0;
    for (int c = 0; c < t->n_columns; c++) {
        width[c] = cli_text_width(t->name[c]);
        for (size_t i = (size_t)c; i < t->n; i += (size_t)t->n_columns) {
            const int w = cli_text_width(t->cell[i]);
            width[c] = w > width[c] ? w : width[c];
        }
        total += width[c] + (c > 0 ? GAP : 0);
    }
    if (t->n > 0)
        header(t, out, width);
    for (size_t i = 0; i < t->n; i += (size_t)t->n_columns) {
        if (t->rule && i == t->rule * (size_t)t->n_columns) {
            for (int k = 0; k < total; k++)
                putc('-', out);
            putc('\n', out);
        }
        row(t, out, (const char *const *)&t->cell[i], width);
    }
}

void cli_table_print(cli_table *t, FILE *out)
{
    while (t->n % (size_t)t->n_columns)
        cli_cell(t, "%s", "");
    if (out)
        print(t, out);
    for (size_t i = 0; i < t->n; i++)
        free(t->cell[i]);
    free(t->cell);
    free(t->names);
    free(t);
}
