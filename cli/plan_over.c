/* Peaks of time rules over the number of steps: see plan_over.h. */
#include "plan_over.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int usual_steps[] = {1, 2, 4, 8, 16, 32, 64};

/* ---- what is planned ---- */

static int read_list(cli *app, const char *text, cli_steps *steps)
{
    for (const char *at = text;; at++) {
        char *end;
        const long T = strtol(at, &end, 10);
        if (end == at || (*end != ',' && *end != '\0') || T < 1 || T > 4096)
            return cli_usage(app, "write --T 1,2,4,8",
                             "'%.80s' is no list of time steps from 1 to 4096", text);
        if (steps->n == CLI_PLAN_T_MAX)
            return cli_usage(app, "", "more than %d numbers of time steps", CLI_PLAN_T_MAX);
        steps->T[steps->n++] = (int)T;
        at = end;
        if (*at == '\0')
            return CLI_EXIT_OK;
    }
}

int cli_steps_read(cli *app, cli_steps *steps)
{
    cli_setting *last = NULL;
    *steps = (cli_steps){0};
    for (int i = 0; i < app->n_settings; i++) {
        if (app->setting[i].origin == CLI_CONFIG && strcmp(app->setting[i].key, "T") == 0)
            last = &app->setting[i];
    }
    steps->is_list = !last || strchr(last->value, ',') != NULL;
    if (!last) {
        steps->n = sizeof(usual_steps) / sizeof(usual_steps[0]);
        memcpy(steps->T, usual_steps, sizeof(usual_steps));
        return CLI_EXIT_OK;
    }
    if (!steps->is_list) /* whatever is wrong with it, the configuration says so */
        return CLI_EXIT_OK;
    const int code = read_list(app, last->value, steps);
    last->value = "1"; /* each plan has its own */
    return code;
}

int cli_time_rows(const char *given, char row[CLI_PLAN_ROWS_MAX][MYE_METHOD_MAX])
{
    int n = 0;
    bool is_there = false;
    while (n < CLI_PLAN_ROWS_MAX - 1 && mye_time_variant(n, row[n])) {
        is_there = is_there || strcmp(row[n], given) == 0;
        n++;
    }
    if (!is_there)
        snprintf(row[n++], MYE_METHOD_MAX, "%s", given);
    return n;
}

/* ---- the grid ---- */

typedef struct grid {
    const cli *app;
    const mye_model *model;
    const mye_plan_options *base;
    const cli_steps *steps;
    int n;
    char row[CLI_PLAN_ROWS_MAX][MYE_METHOD_MAX];
    double *bytes;                    /* [n][steps->n] */
    char *refusal[CLI_PLAN_ROWS_MAX]; /* NULL: none    */
} grid;

static json_t *cell_json(const char *method, int T, const mye_plan *plan, const char *refusal)
{
    if (!plan)
        return json_pack("{s:s,s:i,s:s}", "method", method, "T", T, "refused", refusal);
    return json_pack("{s:s,s:i,s:I,s:I,s:o}", "method", method, "T", T, "peak_bytes",
                     (json_int_t)plan->total_bytes, "kept_bytes", (json_int_t)plan->kept_bytes,
                     "kept_per_neuron_step", cli_real(plan->kept_per_neuron_step));
}

/* The first refusal of a row stands for all of it. */
static void refuse(grid *g, int row, int T, const char *message)
{
    if (!g->refusal[row])
        g->refusal[row] = cli_format("at T %d: %s", T, message);
}

static void fill_cell(grid *g, int row, int t)
{
    mye_error err = {0};
    mye_plan plan = {0};
    mye_plan_options o = *g->base;
    o.time = g->row[row];
    o.T = g->steps->T[t];
    if (o.frames > 0)
        o.frames = o.T;
    const bool ok = mye_plan_make(g->app->ctx, g->model, &o, &plan, &err) == MYE_OK;
    g->bytes[row * g->steps->n + t] = ok ? (double)plan.total_bytes : (double)NAN;
    if (!ok)
        refuse(g, row, o.T, err.message);
    if (g->app->global.json)
        cli_json(cell_json(o.time, o.T, ok ? &plan : NULL, err.message));
    mye_plan_free(g->app->ctx, &plan);
}

static void print_grid(const grid *g)
{
    char columns[600] = "planned peak at T";
    for (int t = 0; t < g->steps->n; t++) {
        const size_t n = strlen(columns);
        snprintf(columns + n, sizeof(columns) - n, "|>%d", g->steps->T[t]);
    }
    cli_table *table = cli_table_new(g->app, columns);
    for (int i = 0; i < g->n; i++) {
        cli_cell(table, "%s", g->row[i]);
        for (int t = 0; t < g->steps->n; t++) {
            const double bytes = g->bytes[i * g->steps->n + t];
            cli_cell(table, "%s", isfinite(bytes) ? cli_bytes((uint64_t)bytes).text : "-");
        }
    }
    cli_table_print(table, stdout);
    bool is_first = true;
    for (int i = 0; i < g->n; i++) {
        if (!g->refusal[i])
            continue;
        printf("%s%s %s\n", is_first ? "\n" : "", g->row[i], g->refusal[i]);
        is_first = false;
    }
}

static int write_page(const grid *g, const char *net, const char *html)
{
    const char *method[CLI_PLAN_ROWS_MAX], *refusal[CLI_PLAN_ROWS_MAX];
    mye_error err = {0};
    for (int i = 0; i < g->n; i++) {
        method[i] = g->row[i];
        refusal[i] = g->refusal[i];
    }
    char *title = cli_format("%.200s, batch %d", net, g->base->batch);
    const mye_plan_grid page = {.title = title,
                                .n_methods = g->n,
                                .n_T = g->steps->n,
                                .method = method,
                                .T = g->steps->T,
                                .bytes = g->bytes,
                                .refusal = refusal};
    const mye_status st = mye_report_plan(g->app->ctx, &page, html, &err);
    free(title);
    if (st != MYE_OK)
        return cli_fail(g->app, &err);
    if (!g->app->global.json)
        printf("\npage  %s\n", html);
    return CLI_EXIT_OK;
}

int cli_plan_over(const cli *app, const mye_model *model, const mye_plan_options *base,
                  const cli_steps *steps, const char *net, const char *html)
{
    grid *g = cli_memory(1, sizeof(*g));
    g->app = app;
    g->model = model;
    g->base = base;
    g->steps = steps;
    g->n = cli_time_rows(base->time, g->row);
    g->bytes = cli_memory((size_t)g->n * (size_t)steps->n, sizeof(*g->bytes));
    for (int i = 0; i < g->n; i++) {
        for (int t = 0; t < steps->n; t++)
            fill_cell(g, i, t);
    }
    if (!app->global.json)
        print_grid(g);
    const int code = html[0] ? write_page(g, net, html) : CLI_EXIT_OK;
    for (int i = 0; i < g->n; i++)
        free(g->refusal[i]);
    free(g->bytes);
    free(g);
    return code;
}
