/* What convert says of cost, of the proof and of levels under a budget. */
#include "convert.h"

#include <math.h>

static void title(const cli_conversion *c, const char *text)
{
    printf("\n%s%s%s", cli_paint(c->app->color_out, "bold"), text, cli_plain(c->app->color_out));
}

/* ---- cost ---- */

/* Adds where every coefficient is 1 or -1, so that the magnitude is the number of events; else
 * multiply-adds. */
static double energy_of(const mye_convert_point *p)
{
    return p->magnitude > p->events * (1 + 1e-9) ? p->energy_mac : p->energy_ac;
}

static void cost_row(const cli_conversion *c, cli_table *t, const char *label,
                     const mye_convert_point *p)
{
    const double whole = c->ann->macs * MYE_PJ_MAC * 1e-6;
    cli_cell(t, "%s", label);
    cli_cell(t, "%d", p->T);
    cli_cell(t, "%.2f", 100 * p->accuracy);
    cli_cell(t, "%s", cli_count(round(p->events)).text);
    cli_cell(t, "%s", cli_percent(p->events > 0 ? p->negative / p->events : (double)NAN).text);
    cli_cell(t, "%s", cli_count(round(p->magnitude)).text);
    cli_cell(t, "%s", cli_count(round(p->sop)).text);
    cli_cell(t, "%s", cli_count(round(p->macs)).text);
    cli_cell(t, "%.4g", p->energy_ac);
    cli_cell(t, "%.4g", p->energy_mac);
    cli_cell(t, "%s", cli_percent(whole > 0 ? energy_of(p) / whole : (double)NAN).text);
}

void cli_convert_print_cost(const cli_conversion *c)
{
    title(c, "cost of an image");
    printf(", at the first T within 0.5 points of the ANN and at the last\n");
    cli_table *t = cli_table_new(c->app, "method|>T|>%|>events|>negative|>magnitude|"
                                         ">syn. ops|>MACs|>µJ adds|>µJ MACs|>of the ANN");
    for (int m = 0; m < c->n; m++) {
        const cli_converted *row = &c->row[m];
        if (!row->is_measured || row->result.n_points < 1)
            continue;
        const mye_convert_point *reach = cli_convert_reach(c, row),
                                *last = &row->result.point[row->result.n_points - 1];
        if (reach)
            cost_row(c, t, row->label, reach);
        if (last != reach)
            cost_row(c, t, row->label, last);
    }
    cli_table_rule(t);
    cli_cell(t, "ANN");
    cli_cell(t, "%s", "");
    cli_cell(t, "%.2f", 100 * c->ann->accuracy);
    for (int i = 0; i < 4; i++)
        cli_cell(t, "%s", "");
    cli_cell(t, "%s", cli_count(c->ann->macs).text);
    cli_cell(t, "%s", "");
    cli_cell(t, "%.4g", c->ann->macs * MYE_PJ_MAC * 1e-6);
    cli_table_print(t, stdout);
    printf("events: outputs that are not 0; magnitude: ordinary spikes that would say the same; "
           "syn. ops: counted behind\npooling; MACs: layers whose input stands still, once. %.1f "
           "pJ an addition, %.1f pJ a multiply-add, no memory; of the\nANN: adds where all "
           "coefficients are 1 or -1, else MACs\n",
           MYE_PJ_AC, MYE_PJ_MAC);
}

/* ---- steps ---- */

static bool is_stopped(const cli_conversion *c)
{
    for (int m = 0; m < c->n; m++) {
        if (c->row[m].is_measured && c->row[m].result.stopped > 0)
            return true;
    }
    return false;
}

static double last_agreement(const mye_convert_result *r)
{
    return r->n_points > 0 ? r->point[r->n_points - 1].agreement : (double)NAN;
}

void cli_convert_print_steps(const cli_conversion *c)
{
    const bool stopped = is_stopped(c);
    title(c, "steps");
    printf(": to the ANN's accuracy less 0.5 points, until the class settles%s; agreement at the "
           "last T\n",
           stopped ? ", with early stop" : "");
    cli_table *t = cli_table_new(
        c->app, stopped ? "method|>T to reach|>settles|>agrees|>stopped|>accuracy then|speed"
                        : "method|>T to reach|>settles|>agrees|speed");
    for (int m = 0; m < c->n; m++) {
        const cli_converted *row = &c->row[m];
        if (!row->is_measured)
            continue;
        cli_cell(t, "%s", row->label);
        if (row->result.reaches > 0)
            cli_cell(t, "%d", row->result.reaches);
        else
            cli_cell(t, "never");
        cli_cell(t, "%.2f", row->result.stable);
        cli_cell(t, "%s", cli_percent(last_agreement(&row->result)).text);
        if (stopped) {
            cli_cell(t, "%.2f", row->result.stopped);
            cli_cell(t, "%.2f %%", 100 * row->result.stopped_accuracy);
        }
        cli_cell(t, "%s images/s", cli_count(round(row->result.images_per_s)).text);
    }
    cli_table_print(t, stdout);
}

/* ---- the proof, the budget ---- */

void cli_convert_print_proof(const cli_conversion *c)
{
    const mye_convert_proof *p = &c->proof;
    const int64_t differ = cli_convert_differ(p);
    int64_t counts = 0;
    for (int i = 0; i < p->n_rows; i++)
        counts += p->row[i].counts;
    title(c, c->proof_method);
    printf(" beside the quantised ANN, %lld test images: %s%lld of %lld spike counts differ%s\n",
           (long long)p->images, cli_paint(c->app->color_out, differ > 0 ? "red" : "green"),
           (long long)differ, (long long)counts, cli_plain(c->app->color_out));
    cli_table *t = cli_table_new(c->app, ">T|>spike counts|>differ on the grid|>differ as it is|"
                                         ">classes as it is");
    for (int i = 0; i < p->n_rows; i++) {
        const mye_verify_row *r = &p->row[i];
        cli_cell(t, "%d", r->T);
        cli_cell(t, "%lld", (long long)r->counts);
        cli_cell(t, "%lld", (long long)r->differ);
        cli_cell(t, "%lld", (long long)r->differ_own);
        cli_cell(t, "%lld", (long long)r->classes_own);
    }
    cli_table_print(t, stdout);
    if (p->is_exact)
        printf("grid: weights and inputs rounded to binary fractions (weights of %d bits or more) "
               "that leave room for every sum\n",
               p->weight_bits);
    else
        printf("grid: weights and inputs rounded to binary fractions (weights of %d bits or more), "
               "which do not leave room\nfor every sum: other images may differ\n",
               p->weight_bits);
}

void cli_convert_print_budget(const cli_conversion *c)
{
    const mye_convert_budget *b = &c->budget;
    title(c, "levels under the budget");
    printf(": %s events an image in place of %s,\nmean |output - ANN's| %.4g in place of %.4g, on "
           "calibration images\n",
           cli_count(round(b->events)).text, cli_count(round(b->before)).text, b->error,
           b->error_before);
    cli_table *t = cli_table_new(c->app, "neurons|>levels|>before");
    for (int i = 0; i < b->n_layers; i++) {
        cli_cell(t, "%s", b->layer[i].name);
        cli_cell(t, "%.4g", b->layer[i].levels);
        cli_cell(t, "%.4g", b->layer[i].before);
    }
    cli_table_print(t, stdout);
}
