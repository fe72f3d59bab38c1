/* The modules of a network that a depth rule cut, as a table and as JSON. */
#include "cli.h"

#include <stdlib.h>

/* Nodes of one module: those of the network come in one piece, then what only the module's loss
 * wants (of the last module: nothing). */
typedef struct part {
    const char *first, *last;
    int n;
    int64_t weights;
    double macs;
} part;

static void add_node(part *p, const mye_node_info *n)
{
    p->first = p->n == 0 ? n->name : p->first;
    p->last = n->name;
    p->n++;
    p->weights += n->n_weights;
    p->macs += n->macs;
}

static void read_module(const mye_model *model, int module, part *own, part *auxiliary)
{
    *own = *auxiliary = (part){0};
    for (int i = 0; i < mye_model_nodes(model); i++) {
        mye_node_info n;
        mye_model_node(model, i, &n);
        if (n.module == module)
            add_node(n.is_auxiliary ? auxiliary : own, &n);
    }
}

/* "conv1 .. relu1 (3)" */
static void cell_nodes(cli_table *t, const part *p)
{
    if (p->n == 0)
        cli_cell(t, "%s", "");
    else if (p->n == 1)
        cli_cell(t, "%s (1)", p->first);
    else
        cli_cell(t, "%s .. %s (%d)", p->first, p->last, p->n);
}

static void cell_count(cli_table *t, double value)
{
    cli_cell(t, "%s", value > 0 ? cli_count(value).text : "");
}

void cli_modules_print(const cli *app, const mye_model *model)
{
    part all = {0}, all_auxiliary = {0};
    cli_table *t =
        cli_table_new(app, ">module|nodes|>weights|>MACs|auxiliary nodes|>weights|>MACs");
    for (int k = 0; k < mye_model_modules(model); k++) {
        part own, auxiliary;
        read_module(model, k, &own, &auxiliary);
        cli_cell(t, "%d", k);
        cell_nodes(t, &own);
        cell_count(t, (double)own.weights);
        cell_count(t, own.macs);
        cell_nodes(t, &auxiliary);
        cell_count(t, (double)auxiliary.weights);
        cell_count(t, auxiliary.macs);
        all.weights += own.weights;
        all.macs += own.macs;
        all_auxiliary.n += auxiliary.n;
        all_auxiliary.weights += auxiliary.weights;
        all_auxiliary.macs += auxiliary.macs;
    }
    cli_table_print(t, stdout);
    printf("\n%d module%s, %s weights, %s multiply-adds a sample and step\n",
           mye_model_modules(model), mye_model_modules(model) == 1 ? "" : "s",
           cli_count((double)all.weights).text, cli_count(all.macs).text);
    if (all_auxiliary.n > 0)
        printf("auxiliary nodes, in training only: %s weights, %s multiply-adds\n",
               cli_count((double)all_auxiliary.weights).text, cli_count(all_auxiliary.macs).text);
}

static json_t *names_json(const mye_model *model, int module, bool auxiliary)
{
    json_t *names = json_array();
    for (int i = 0; i < mye_model_nodes(model); i++) {
        mye_node_info n;
        mye_model_node(model, i, &n);
        if (n.module == module && n.is_auxiliary == auxiliary)
            json_array_append_new(names, json_string(n.name));
    }
    return names;
}

void cli_modules_json(const mye_model *model)
{
    for (int k = 0; k < mye_model_modules(model); k++) {
        part own, auxiliary;
        read_module(model, k, &own, &auxiliary);
        cli_json(json_pack("{s:i,s:o,s:o,s:I,s:I,s:o,s:o}", "module", k, "nodes",
                           names_json(model, k, false), "auxiliary", names_json(model, k, true),
                           "weights", (json_int_t)own.weights, "auxiliary_weights",
                           (json_int_t)auxiliary.weights, "macs", cli_real(own.macs),
                           "auxiliary_macs", cli_real(auxiliary.macs)));
    }
}
