/* Lists of values on the command line: of compare's options, of methods to convert by. */
#ifndef CLI_VALUE_LIST_H
#define CLI_VALUE_LIST_H

#include "cli.h"

enum { VALUES_MAX = 64 };

/* One key with its values; the values are owned. */
typedef struct cli_list {
    char key[64];
    int n;
    char *value[VALUES_MAX];
} cli_list;

/* Adds the values of a text. It is separated by ';' if there is one, else by ','; a piece that has '='
 * before any ':' belongs to the method before it (sgd:lr=0.1,momentum=0.9,adam is two values), and
 * nothing is split inside parentheses. */
int cli_list_add(cli *app, cli_list *list, const char *text);
void cli_list_free(cli_list *list);
/* A value as a file name: letters, digits, '.' and '_', everything else one '-'. */
void cli_list_file(const char *value, char *out, size_t size);

#endif
