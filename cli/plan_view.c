/* A plan as a table and as JSON. */
#include "cli.h"

/* Rows are the nodes of the model, in its order. */
static json_t *row_json(const mye_plan_row *r, const mye_node_info *n)
{
    return json_pack("{s:s,s:s,s:[i,i,i],s:I,s:I,s:I,s:o,s:i,s:b}", "node", r->node, "op", r->op,
                     "shape", r->C, r->H, r->W, "weight_bytes", (json_int_t)r->weight_bytes,
                     "kept_bytes", (json_int_t)r->kept_bytes, "work_bytes",
                     (json_int_t)r->work_bytes, "macs", cli_real(r->macs), "module", n->module,
                     "auxiliary", r->is_auxiliary);
}

json_t *cli_plan_json(const mye_model *model, const mye_plan *p)
{
    json_t *rows = json_array();
    for (int i = 0; i < p->n_rows; i++) {
        mye_node_info n;
        mye_model_node(model, i, &n);
        json_array_append_new(rows, row_json(&p->row[i], &n));
    }
    return json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:i,s:o,s:I,s:o}", "peak_bytes",
        (json_int_t)p->total_bytes, "kept_bytes", (json_int_t)p->kept_bytes, "weight_bytes",
        (json_int_t)p->weight_bytes, "gradient_bytes", (json_int_t)p->gradient_bytes,
        "optimiser_bytes", (json_int_t)p->optimiser_bytes, "run_bytes", (json_int_t)p->run_bytes,
        "scratch_bytes", (json_int_t)p->scratch_bytes, "eval_bytes", (json_int_t)p->eval_bytes,
        "loader_bytes", (json_int_t)p->loader_bytes, "cosine_bytes", (json_int_t)p->cosine_bytes,
        "fit_bytes", (json_int_t)p->fit_bytes, "save_bytes", (json_int_t)p->save_bytes,
        "kept_per_neuron_step", cli_real(p->kept_per_neuron_step), "macs", cli_real(p->macs),
        "modules", p->modules, "auxiliary_macs", cli_real(p->auxiliary_macs), "auxiliary_weights",
        (json_int_t)mye_model_auxiliary_weights(model), "nodes", rows);
}

static void cell_bytes(cli_table *t, size_t bytes)
{
    cli_cell(t, "%s", bytes ? cli_bytes(bytes).text : "");
}

/* Where there are several modules, a node says which it learns in, and whether only their losses
 * want it. */
static void cell_module(cli_table *t, const mye_model *model, int i)
{
    mye_node_info n;
    mye_model_node(model, i, &n);
    cli_cell(t, "%d%s", n.module, n.is_auxiliary ? " auxiliary" : "");
}

static void print_rows(const cli *app, const mye_model *model, const mye_plan *p)
{
    char columns[80];
    snprintf(columns, sizeof(columns), "node|op|>shape|>weights|>kept|>work|>MACs%s",
             p->modules > 1 ? "|module" : "");
    cli_table *t = cli_table_new(app, columns);
    for (int i = 0; i < p->n_rows; i++) {
        const mye_plan_row *r = &p->row[i];
        cli_cell(t, "%s", r->node);
        cli_cell(t, "%s", r->op);
        if (r->H == 1 && r->W == 1)
            cli_cell(t, "%d", r->C);
        else
            cli_cell(t, "%dx%dx%d", r->C, r->H, r->W);
        cell_bytes(t, r->weight_bytes);
        cell_bytes(t, r->kept_bytes);
        cell_bytes(t, r->work_bytes);
        cli_cell(t, "%s", r->macs > 0 ? cli_count(r->macs).text : "");
        if (p->modules > 1)
            cell_module(t, model, i);
    }
    cli_table_print(t, stdout);
}

/* What was planned, and what the modules' losses add to it. */
static void print_summary(const mye_model *model, const mye_plan *p, const mye_plan_options *o,
                          const char *depth)
{
    printf("\n%s; %s; T %d, batch %d; one training step %s multiply-adds\n", o->time, depth, o->T,
           o->batch, cli_count(p->macs).text);
    if (p->modules > 1)
        printf("%d modules; auxiliary: %s weights of %s, %s of the multiply-adds\n", p->modules,
               cli_count((double)mye_model_auxiliary_weights(model)).text,
               cli_count((double)mye_model_weights(model)).text, cli_count(p->auxiliary_macs).text);
    putchar('\n');
}

void cli_plan_print(const cli *app, const mye_model *model, const mye_plan *p,
                    const mye_plan_options *o, const char *depth)
{
    const bool shared = p->modules > 1 && p->gradient_bytes < (size_t)mye_model_weights(model) * 4;
    const struct {
        const char *what, *note;
        size_t bytes;
    } part[] = {
        {"weights", "and running statistics", p->weight_bytes},
        {"gradients", shared ? "one block for all modules: that of the largest" : "",
         p->gradient_bytes},
        {"optimiser", o->step ? o->step : "", p->optimiser_bytes},
        {"activations", NULL, p->run_bytes},
        {"scratch", "of all threads", p->scratch_bytes},
        {"test run", "after each epoch", p->eval_bytes},
        {"batches", "in preparation", p->loader_bytes},
        {"comparison", "of gradients: the reference run", p->cosine_bytes},
        {"sums", "that weights are solved from", p->fit_bytes},
        {"checkpoint", "room to write one", p->save_bytes},
    };
    char kept[160];
    snprintf(kept, sizeof(kept), "%s kept for the backward pass (%.3g bytes a neuron and step)",
             cli_bytes(p->kept_bytes).text, p->kept_per_neuron_step);
    print_rows(app, model, p);
    print_summary(model, p, o, depth);
    cli_table *t = cli_table_new(app, "|>|");
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        if (part[i].bytes == 0)
            continue;
        cli_cell(t, "%s", part[i].what);
        cli_cell(t, "%s", cli_bytes(part[i].bytes).text);
        cli_cell(t, "%s", part[i].note ? part[i].note : kept);
    }
    cli_table_rule(t);
    cli_cell(t, "peak");
    cli_cell(t, "%s%s%s", cli_paint(app->color_out, "bold"), cli_bytes(p->total_bytes).text,
             cli_plain(app->color_out));
    cli_cell(t, "beside the data set itself");
    cli_table_print(t, stdout);
}
