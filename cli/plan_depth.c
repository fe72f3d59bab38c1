/* Depth rules side by side: see plan_depth.h. */
#include "plan_depth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 64 };

static const char global[] = "global";

/* ---- what is planned ---- */

typedef struct row {
    char depth[MYE_METHOD_MAX], time[MYE_METHOD_MAX];
    bool is_rival; /* by its time rule */
} row;

/* Numbers of a row; NULL refusal: they are there. */
typedef struct numbers {
    int modules;
    int64_t weights, auxiliary; /* of the network, of auxiliary nodes  */
    double peak, macs, auxiliary_macs;
    char *refusal;
} numbers;

typedef struct table {
    cli *app;
    const mye_config *config;
    const cli_plan_sample *sample;
    const mye_plan_options *base;
    int n;
    row row[ROWS_MAX];
    numbers result[ROWS_MAX + 1]; /* one more that is never refused, behind the last */
} table;

static void add_row(table *t, const char *depth, const char *time, bool is_rival)
{
    if (t->n == ROWS_MAX)
        return;
    row *r = &t->row[t->n++];
    snprintf(r->depth, sizeof(r->depth), "%s", depth);
    snprintf(r->time, sizeof(r->time), "%s", time);
    r->is_rival = is_rival;
}

/* Adds the variants of a time rule that keep less and compute it again. Returns whether it has any. */
static bool add_checkpoints(table *t, const char *rule)
{
    char line[MYE_METHOD_MAX];
    const size_t n = strcspn(rule, ":");
    bool any = false;
    for (int i = 0; mye_time_variant(i, line); i++) {
        if (strncmp(line, rule, n) != 0 || strncmp(line + n, ":checkpoint=", 12) != 0)
            continue;
        any = true;
        if (strcmp(line, t->base->time) != 0)
            add_row(t, global, line, true);
    }
    return any;
}

/* Do two texts mean the same depth rule? Both were read before, so they can be read. */
static bool is_same_rule(const table *t, const char *a, const char *b)
{
    const mye_kind *kind = mye_kind_find("depth");
    const char *const text[] = {a, b};
    char whole[2][MYE_METHOD_MAX] = {"", ""};
    for (int i = 0; i < 2; i++) {
        mye_method method = {0};
        if (mye_method_parse(t->app->ctx, kind, text[i], &method, NULL) == MYE_OK)
            mye_method_text(&method, true, whole[i], sizeof(whole[i]), NULL);
        mye_method_free(t->app->ctx, &method);
    }
    return strcmp(whole[0], whole[1]) == 0;
}

/* A time rule without checkpoints has those of the default rule as its rivals. */
static void list_rows(table *t)
{
    char line[MYE_METHOD_MAX];
    mye_config standard;
    bool is_there = is_same_rule(t, t->config->depth, global);
    add_row(t, global, t->base->time, false);
    if (!add_checkpoints(t, t->base->time) && mye_config_default(&standard, NULL) == MYE_OK)
        add_checkpoints(t, standard.time);
    for (int i = 0; mye_depth_variant(i, line); i++) {
        is_there = is_there || is_same_rule(t, line, t->config->depth);
        if (strcmp(line, global) != 0)
            add_row(t, line, t->base->time, false);
    }
    if (!is_there)
        add_row(t, t->config->depth, t->base->time, false);
}

/* ---- planning ---- */

static void plan_row(table *t, int i, const mye_model *model)
{
    mye_error err = {0};
    mye_plan plan = {0};
    mye_plan_options o = *t->base;
    numbers *out = &t->result[i];
    o.time = t->row[i].time;
    if (mye_plan_make(t->app->ctx, model, &o, &plan, &err) != MYE_OK) {
        out->refusal = cli_format("%s", err.message);
        return;
    }
    out->modules = plan.modules;
    out->auxiliary = mye_model_auxiliary_weights(model);
    out->weights = mye_model_weights(model) - out->auxiliary;
    out->peak = (double)plan.total_bytes;
    out->macs = plan.macs;
    out->auxiliary_macs = plan.auxiliary_macs;
    mye_plan_free(t->app->ctx, &plan);
}

/* Rows of one depth rule stand together and share a model. */
static int plan_rows(table *t)
{
    for (int i = 0; i < t->n;) {
        const cli_plan_sample *s = t->sample;
        const char *depth = t->row[i].depth;
        mye_config own = *t->config;
        mye_error err = {0};
        mye_model *model = NULL;
        snprintf(own.depth, sizeof(own.depth), "%s", depth);
        const mye_status st =
            cli_model_build(t->app, &own, s->shape, s->frames, s->classes, &model, &err);
        if (st != MYE_OK && i == 0)
            return cli_fail(t->app, &err);
        for (; i < t->n && strcmp(t->row[i].depth, depth) == 0; i++) {
            if (model)
                plan_row(t, i, model);
            else
                t->result[i].refusal = cli_format("%s", err.message);
        }
        mye_model_free(model);
    }
    return CLI_EXIT_OK;
}

/* ---- what is said ---- */

static char *name_of(const row *r)
{
    return r->is_rival ? cli_format("%s, %s", r->depth, r->time) : cli_format("%s", r->depth);
}

/* Not a number where backpropagation through all layers has none. */
static double ratio(double value, double global_value)
{
    return global_value > 0 ? value / global_value : (double)NAN;
}

static void print_json(const table *t)
{
    for (int i = 0; i < t->n; i++) {
        const numbers *r = &t->result[i], *first = &t->result[0];
        char *name = name_of(&t->row[i]);
        json_t *line = json_pack("{s:s,s:s,s:s}", "method", name, "depth", t->row[i].depth, "time",
                                 t->row[i].time);
        json_t *rest =
            r->refusal
                ? json_pack("{s:s}", "refused", r->refusal)
                : json_pack("{s:i,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "modules", r->modules, "weights",
                            (json_int_t)r->weights, "auxiliary_weights", (json_int_t)r->auxiliary,
                            "peak_bytes", (json_int_t)r->peak, "peak_ratio",
                            cli_real(ratio(r->peak, first->peak)), "macs", cli_real(r->macs),
                            "macs_ratio", cli_real(ratio(r->macs, first->macs)), "auxiliary_macs",
                            cli_real(r->auxiliary_macs));
        json_object_update(line, rest);
        json_decref(rest);
        cli_json(line);
        free(name);
    }
}

static void cell_ratio(cli_table *out, double value)
{
    if (isfinite(value))
        cli_cell(out, "%.3f", value);
    else
        cli_cell(out, "-");
}

static void print_row(const table *t, cli_table *out, int i)
{
    const numbers *r = &t->result[i], *first = &t->result[0];
    char *name = name_of(&t->row[i]);
    cli_cell(out, "%s", name);
    free(name);
    if (r->refusal) {
        for (int k = 0; k < 7; k++)
            cli_cell(out, "-");
        return;
    }
    cli_cell(out, "%d", r->modules);
    cli_cell(out, "%s", cli_count((double)r->weights).text);
    cli_cell(out, "%s", r->auxiliary ? cli_count((double)r->auxiliary).text : "");
    cli_cell(out, "%s", cli_bytes((uint64_t)r->peak).text);
    cell_ratio(out, ratio(r->peak, first->peak));
    cli_cell(out, "%s", cli_count(r->macs).text);
    cell_ratio(out, ratio(r->macs, first->macs));
}

/* Rows that are refused with the same words share a line. */
static void print_refusals(const table *t)
{
    for (int i = 0; i < t->n; i++) {
        const char *refusal = t->result[i].refusal, *next = t->result[i + 1].refusal;
        if (!refusal)
            continue;
        char *name = name_of(&t->row[i]);
        const bool goes_on = next && strcmp(refusal, next) == 0;
        printf(goes_on ? "%s, " : "%s: %s\n", name, refusal);
        free(name);
    }
}

static void print_table(const table *t)
{
    cli_table *out = cli_table_new(t->app, "method|>modules|>weights|>auxiliary|>planned peak|"
                                           ">ratio|>step MACs|>ratio");
    for (int i = 0; i < t->n; i++)
        print_row(t, out, i);
    cli_table_print(out, stdout);
    printf(
        "\n%s; T %d, batch %d; step MACs: multiply-adds of one training step; ratios to global\n",
        t->base->time, t->base->T, t->base->batch);
    print_refusals(t);
}

int cli_plan_depth(cli *app, const mye_config *config, const cli_plan_sample *sample,
                   const mye_plan_options *base)
{
    table *t = cli_memory(1, sizeof(*t));
    t->app = app;
    t->config = config;
    t->sample = sample;
    t->base = base;
    list_rows(t);
    const int code = plan_rows(t);
    if (code == CLI_EXIT_OK && app->global.json)
        print_json(t);
    else if (code == CLI_EXIT_OK)
        print_table(t);
    for (int i = 0; i < t->n; i++)
        free(t->result[i].refusal);
    free(t);
    return code;
}
