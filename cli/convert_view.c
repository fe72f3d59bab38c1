/* What convert says of accuracy: the ANN, steps, errors of layers. */
#include "convert.h"

enum { BLOCK = 12 }; /* columns that stand side by side */

const mye_convert_point *cli_convert_reach(const cli_conversion *c, const cli_converted *row)
{
    for (int i = 0; i < row->result.n_points; i++) {
        if (row->result.point[i].accuracy >= c->ann->accuracy - 0.005)
            return &row->result.point[i];
    }
    return NULL;
}

int64_t cli_convert_differ(const mye_convert_proof *proof)
{
    int64_t n = 0;
    for (int i = 0; i < proof->n_rows; i++)
        n += proof->row[i].differ;
    return n;
}

void cli_convert_print_ann(const cli_conversion *c)
{
    const mye_convert_ann *a = c->ann;
    const cli *app = c->app;
    printf("%s on %s, input %s: %s%.2f %%%s of %lld test images as an ANN\n", a->source, a->data,
           a->input, cli_paint(app->color_out, "bold"), 100 * a->accuracy,
           cli_plain(app->color_out), (long long)a->n);
    if (a->n_folded > 0)
        printf("%d batch norm%s went into the layers before; outputs differ by %.2g of the largest"
               " (%.2f %% before)\n",
               a->n_folded, a->n_folded == 1 ? "" : "s", a->fold_error, 100 * a->unfolded_accuracy);
    printf("%s multiply-adds an image, %.4g µJ\n\n", cli_count(a->macs).text,
           a->macs * MYE_PJ_MAC * 1e-6);
    cli_table *t = cli_table_new(app, "activation|>neurons|>max|>99.9 %|>99 %|>mean|>zeros");
    for (int i = 0; i < a->n_layers; i++) {
        const mye_convert_activation *l = &a->layer[i];
        cli_cell(t, "%s", l->name);
        cli_cell(t, "%lld", (long long)l->neurons);
        cli_cell(t, "%.4f", l->max);
        cli_cell(t, "%.4f", l->p999);
        cli_cell(t, "%.4f", l->p99);
        cli_cell(t, "%.4f", l->mean);
        cli_cell(t, "%s", cli_percent(l->zeros).text);
    }
    cli_table_print(t, stdout);
    printf("of %lld training images, zeros included\n", (long long)a->calibrated);
    fflush(stdout);
}

/* ---- grids: a row a method, so many columns as fit, then the next ---- */

typedef struct grid {
    const cli_conversion *c;
    const mye_convert_result *first; /* has the names of the layers */
    const char *corner;
    int n; /* columns */
    void (*head)(const struct grid *g, int column, char *out, size_t size);
    void (*cell)(const struct grid *g, cli_table *t, const cli_converted *row, int column);
} grid;

static void print_block(const grid *g, int first, int last)
{
    char columns[2000];
    size_t at = (size_t)snprintf(columns, sizeof(columns), "%s", g->corner);
    for (int i = first; i < last && at + 100 < sizeof(columns); i++) {
        char name[80];
        g->head(g, i, name, sizeof(name));
        at += (size_t)snprintf(columns + at, sizeof(columns) - at, "|>%s", name);
    }
    cli_table *t = cli_table_new(g->c->app, columns);
    for (int m = 0; m < g->c->n; m++) {
        const cli_converted *row = &g->c->row[m];
        if (!row->is_measured)
            continue;
        cli_cell(t, "%s", row->label);
        for (int i = first; i < last; i++)
            g->cell(g, t, row, i);
    }
    cli_table_print(t, stdout);
}

static void print_grid(const grid *g)
{
    for (int first = 0; first < g->n; first += BLOCK) {
        if (first > 0)
            putchar('\n');
        print_block(g, first, first + BLOCK < g->n ? first + BLOCK : g->n);
    }
}

/* ---- accuracy over steps ---- */

static void step_head(const grid *g, int column, char *out, size_t size)
{
    snprintf(out, size, "%d", g->c->steps.T[column]);
}

static void accuracy_cell(const grid *g, cli_table *t, const cli_converted *row, int column)
{
    const bool color = g->c->app->color_out;
    if (column >= row->result.n_points) {
        cli_cell(t, "-");
        return;
    }
    const mye_convert_point *p = &row->result.point[column];
    const bool is_first = p == cli_convert_reach(g->c, row);
    cli_cell(t, "%s%.2f%s", is_first ? cli_paint(color, "green") : "", 100 * p->accuracy,
             is_first ? cli_plain(color) : "");
}

void cli_convert_print_accuracy(const cli_conversion *c)
{
    const grid g = {c, NULL, "T", c->steps.n, step_head, accuracy_cell};
    bool has_aug = false;
    printf("\n%saccuracy in %% after T steps%s, of the ANN %.2f\n",
           cli_paint(c->app->color_out, "bold"), cli_plain(c->app->color_out),
           100 * c->ann->accuracy);
    print_grid(&g);
    for (int m = 0; m < c->n; m++)
        has_aug = has_aug || (c->row[m].is_measured && cli_convert_is(c->row[m].label, "aug"));
    if (has_aug && c->steps.T[0] == 1)
        printf("At T = 1 aug is a sparse, quantised ANN: what it saves are the zeros, which are "
               "not sent.\n");
}

/* ---- errors of layers ---- */

static const mye_convert_result *first_result(const cli_conversion *c)
{
    for (int m = 0; m < c->n; m++) {
        if (c->row[m].is_measured)
            return &c->row[m].result;
    }
    return NULL;
}

static void layer_head(const grid *g, int column, char *out, size_t size)
{
    snprintf(out, size, "%.40s", g->first->layer[column].name);
}

static void error_cell(const grid *g, cli_table *t, const cli_converted *row, int column)
{
    (void)g;
    const mye_convert_result *r = &row->result;
    const mye_convert_layer *l = column < r->n_layers ? &r->layer[column] : NULL;
    if (l && r->n_points > 0 && l->activation > 0)
        cli_cell(t, "%s", cli_percent(l->error[r->n_points - 1] / l->activation).text);
    else
        cli_cell(t, "-");
}

void cli_convert_print_errors(const cli_conversion *c)
{
    const mye_convert_result *r = first_result(c);
    if (!r || r->n_layers < 1)
        return;
    const grid g = {c, r, "neurons", r->n_layers, layer_head, error_cell};
    printf("\n%sconversion error%s at T = %d: mean |theta S/T - a| as a share of the mean a, %lld "
           "images\n",
           cli_paint(c->app->color_out, "bold"), cli_plain(c->app->color_out),
           c->steps.T[c->steps.n - 1], (long long)r->error_images);
    print_grid(&g);
}
