/* Lists of values on the command line: see value_list.h. */
#include "value_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Length up to the next separator outside parentheses. */
static size_t piece_length(const char *text, char separator)
{
    int depth = 0;
    size_t n = 0;
    for (; text[n] && (depth > 0 || text[n] != separator); n++)
        depth += text[n] == '(' ? 1 : text[n] == ')' ? -1 : 0;
    return n;
}

/* Does what follows a comma go on with the parameters of a method? */
static bool goes_on(const char *text)
{
    const size_t n = strcspn(text, "=:,;(");
    return text[n] == '=';
}

static size_t value_length(const char *text, char separator)
{
    size_t n = piece_length(text, separator);
    while (separator == ',' && text[n] == ',' && goes_on(text + n + 1))
        n += 1 + piece_length(text + n + 1, separator);
    return n;
}

int cli_list_add(cli *app, cli_list *list, const char *text)
{
    const char separator = text[piece_length(text, ';')] == ';' ? ';' : ',';
    for (;;) {
        while (isspace((unsigned char)*text))
            text++;
        const size_t n = value_length(text, separator);
        if (list->n == VALUES_MAX)
            return cli_usage(app, "", "more than %d values for '%s'", VALUES_MAX, list->key);
        list->value[list->n++] = cli_format("%.*s", (int)n, text);
        if (!text[n])
            return CLI_EXIT_OK;
        text += n + 1;
    }
}

void cli_list_free(cli_list *list)
{
    for (int i = 0; i < list->n; i++)
        free(list->value[i]);
    list->n = 0;
}

void cli_list_file(const char *value, char *out, size_t size)
{
    size_t n = 0;
    for (const char *c = value; *c && n + 1 < size; c++) {
        const bool plain = isalnum((unsigned char)*c) || *c == '.' || *c == '_';
        if (plain || (n > 0 && out[n - 1] != '-'))
            out[n++] = plain ? *c : '-';
    }
    out[n] = '\0';
}
