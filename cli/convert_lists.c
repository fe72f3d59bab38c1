/* What the options of convert say: steps, methods, a share of events. */
#include "convert.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- steps ---- */

static int bad_steps(cli *app, const char *text)
{
    return cli_usage(app,
                     "write --steps 1,2,3,4,8 or 1..64 (1, 2, 4, 8 ...) or 1..64+1 (every step)",
                     "'%.80s' is no list of time steps", text);
}

/* A number of steps; *at moves behind it. */
static int read_number(cli *app, const char *text, const char **at, int *out)
{
    char *end;
    if (!isdigit((unsigned char)**at))
        return bad_steps(app, text);
    const long value = strtol(*at, &end, 10);
    if (value < 1 || value > CLI_STEPS_MAX)
        return cli_usage(app, "", "%.*s time steps are not between 1 and %d", (int)(end - *at), *at,
                         CLI_STEPS_MAX);
    *at = end;
    *out = (int)value;
    return CLI_EXIT_OK;
}

static int add_step(cli *app, cli_convert_steps *steps, int T)
{
    const int last = steps->n > 0 ? steps->T[steps->n - 1] : 0;
    if (T <= last)
        return cli_usage(app, "", "time steps have to rise: %d comes after %d in --steps", T, last);
    steps->T[steps->n++] = T; /* they rise up to the room of the list */
    return CLI_EXIT_OK;
}

/* From `first` on, by doubling (`by` 0) or by adding, to `last`, which always belongs to it. */
static int add_range(cli *app, cli_convert_steps *steps, int first, int last, int by)
{
    int code = CLI_EXIT_OK;
    if (last <= first)
        return cli_usage(app, "", "time steps have to rise: --steps goes from %d to %d", first,
                         last);
    for (int T = first; T < last && code == CLI_EXIT_OK; T = by > 0 ? T + by : 2 * T)
        code = add_step(app, steps, T);
    return code == CLI_EXIT_OK ? add_step(app, steps, last) : code;
}

int cli_convert_steps_read(cli *app, const char *text, cli_convert_steps *out)
{
    out->n = 0;
    for (const char *at = text;; at++) {
        int first, last, by = 0, code = read_number(app, text, &at, &first);
        if (code == CLI_EXIT_OK && strncmp(at, "..", 2) == 0) {
            at += 2;
            code = read_number(app, text, &at, &last);
            if (code == CLI_EXIT_OK && *at == '+') {
                at++;
                code = read_number(app, text, &at, &by);
            }
            if (code == CLI_EXIT_OK)
                code = add_range(app, out, first, last, by);
        } else if (code == CLI_EXIT_OK) {
            code = add_step(app, out, first);
        }
        if (code != CLI_EXIT_OK || *at == '\0')
            return code;
        if (*at != ',')
            return bad_steps(app, text);
    }
}

/* ---- methods ---- */

static mye_status canonical(cli *app, const mye_kind *kind, char **value, mye_error *err)
{
    char text[MYE_METHOD_MAX];
    mye_method method = {0};
    MYE_TRY(mye_method_parse(app->ctx, kind, *value, &method, err));
    const mye_status st = mye_method_text(&method, false, text, sizeof(text), err);
    mye_method_free(app->ctx, &method);
    if (st != MYE_OK)
        return st;
    free(*value);
    *value = cli_format("%s", text);
    return MYE_OK;
}

int cli_convert_methods_read(cli *app, const mye_kind *kind, const char *text, cli_list *out)
{
    mye_error err = {0};
    *out = (cli_list){.key = "method"};
    const int code = cli_list_add(app, out, text);
    if (code != CLI_EXIT_OK)
        return code;
    for (int i = 0; i < out->n; i++) {
        if (!out->value[i][0])
            return cli_usage(app, "write --method max,aug:levels=16,exact",
                             "there is an empty place in the list of methods '%.80s'", text);
        if (canonical(app, kind, &out->value[i], &err) != MYE_OK)
            return cli_fail(app, &err);
        for (int k = 0; k < i; k++) {
            if (strcmp(out->value[i], out->value[k]) == 0)
                return cli_usage(app, "", "method '%.80s' is twice in the list", out->value[i]);
        }
    }
    return CLI_EXIT_OK;
}

bool cli_convert_is(const char *method, const char *neuron)
{
    const size_t n = strlen(neuron);
    if (strncmp(method, neuron, n) == 0 && (method[n] == ':' || method[n] == '\0'))
        return true;
    const char *at = strstr(method, "neuron=");
    if (!at)
        return false;
    at += strlen("neuron=");
    return strncmp(at, neuron, n) == 0 && strcspn(at, ",:") == n;
}

/* ---- a share ---- */

int cli_convert_share_read(cli *app, const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (end == text || strcmp(end, "x") != 0 || !isdigit((unsigned char)text[0]) ||
        !(*out >= 0.01 && *out <= 10))
        return cli_usage(app, "write --events 0.5x for half of the events that the method sends",
                         "'%.80s' is no share of events from 0.01x to 10x", text);
    return CLI_EXIT_OK;
}
