/* The table of a profile: where the time of training went, node by node. */
#include "cli.h"

static const char *rate_text(double gflop, double s, char *out, size_t size)
{
    if (gflop > 0 && s > 0)
        snprintf(out, size, "%.0f", gflop / s);
    else
        snprintf(out, size, "%s", "");
    return out;
}

static void print_json(const mye_profile_row *r)
{
    cli_json(json_pack(
        "{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:s}", "event", "profile", "node", r->node,
        "op", r->op, "forward_s", cli_real(r->forward_s), "backward_s", cli_real(r->backward_s),
        "weight_s", cli_real(r->weight_s), "forward_gflop", cli_real(r->forward_gflop),
        "data_gflop", cli_real(r->data_gflop), "weight_gflop", cli_real(r->weight_gflop),
        "forward_way", r->way.forward, "data_way", r->way.data, "weight_way", r->way.weight));
}

static void add_row(cli_table *t, const mye_profile_row *r, double total)
{
    char a[16], b[16], c[16];
    const double data_s = r->backward_s - r->weight_s;
    cli_cell(t, "%s", r->node);
    cli_cell(t, "%s", r->op);
    cli_cell(t, "%.1f", 1e3 * r->forward_s);
    cli_cell(t, "%.1f", 1e3 * data_s);
    cli_cell(t, "%.1f", 1e3 * r->weight_s);
    cli_cell(t, "%s", cli_percent((r->forward_s + r->backward_s) / total).text);
    cli_cell(t, "%s", rate_text(r->forward_gflop, r->forward_s, a, sizeof a));
    cli_cell(t, "%s", rate_text(r->data_gflop, data_s, b, sizeof b));
    cli_cell(t, "%s", rate_text(r->weight_gflop, r->weight_s, c, sizeof c));
    cli_cell(t, "%s %s %s", r->way.forward, r->way.data, r->way.weight);
}

void cli_profile(const cli *app, const mye_profile_row *row, int n)
{
    double total = 1e-12;
    for (int i = 0; i < n; i++)
        total += row[i].forward_s + row[i].backward_s;
    cli_table *t =
        cli_table_new(app, "node|op|>forward ms|>backward|>weights|>share|>GFLOP/s|>data|"
                           ">weights|way: forward data weights");
    for (int i = 0; i < n; i++) {
        if (app->global.json)
            print_json(&row[i]);
        if (row[i].forward_s + row[i].backward_s > 0)
            add_row(t, &row[i], total);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    if (!app->global.json)
        printf("\nnodes %.3f s in all; GFLOP/s of the dense computation; batch norm and the like "
               "count where their value is read\n",
               total);
}
