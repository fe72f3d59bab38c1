/* Where the memory goes, and the command that repeats a run. */
#include "report/page.h"

#include <math.h>
#include <string.h>

#include "data/data.h"
#include "myelin/network.h"
#include "myelin/plan.h"

double mye_page_peak(const mye_record *r)
{
    const json_t *plan = json_object_get(r->start, "plan");
    const double total = mye_record_number(plan, "total_bytes");
    return isfinite(total) ? total : mye_record_number(r->end, "planned_bytes");
}

static void bytes_cell(mye_text *out, size_t bytes)
{
    char text[32] = "";
    if (bytes > 0)
        mye_format_bytes(bytes, text, sizeof(text));
    mye_text_add(out, "<td class=\"n\">%s</td>", text);
}

/* Nodes with everything that the plan knows of them. */
static void node_table(mye_text *out, const mye_plan *plan)
{
    char text[32];
    mye_text_add(out,
                 "<details%s><summary>%d nodes</summary><div class=\"panel\"><table><tr>"
                 "<th>node</th><th>kind</th><th class=\"n\">shape</th>"
                 "<th class=\"n\">weights</th><th class=\"n\">kept</th>"
                 "<th class=\"n\">working</th><th class=\"n\">multiply-adds</th></tr>\n",
                 plan->n_rows <= 24 ? " open" : "", plan->n_rows);
    for (int i = 0; i < plan->n_rows; i++) {
        const mye_plan_row *row = &plan->row[i];
        mye_text_add(out, "<tr><td class=\"w\">");
        mye_html_text(out, row->node);
        mye_text_add(out, "</td><td>");
        mye_html_text(out, row->op);
        mye_text_add(out, "%s", row->is_auxiliary ? " (auxiliary)" : "");
        if (row->H == 1 && row->W == 1)
            mye_text_add(out, "</td><td class=\"n\">%d</td>", row->C);
        else
            mye_text_add(out, "</td><td class=\"n\">%d×%d×%d</td>", row->C, row->H, row->W);
        bytes_cell(out, row->weight_bytes);
        bytes_cell(out, row->kept_bytes);
        bytes_cell(out, row->work_bytes);
        mye_text_add(out, "<td class=\"n\">%s</td></tr>\n",
                     row->macs > 0 ? mye_html_count(row->macs, text, sizeof(text)) : "");
    }
    mye_text_add(out, "</table></div></details>\n");
}

/* The configuration as the run had it; keys that this version lacks are passed over. */
static mye_status config_of(const mye_record *r, mye_config *config)
{
    char value[sizeof(config->net)];
    MYE_TRY(mye_config_default(config, NULL));
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        if (mye_record_config(r, p->name, value, sizeof(value))[0])
            mye_config_set(config, p->name, value, NULL);
    }
    return MYE_OK;
}

/* The network, built again from net.yaml, with the nodes that its depth rule adds in training. */
static mye_status model_of(const mye_record *r, const mye_config *config, mye_model **model)
{
    const json_t *data = json_object_get(r->start, "data");
    const double C = mye_record_number(data, "C"), H = mye_record_number(data, "H"),
                 W = mye_record_number(data, "W"), limit = 1 << 20;
    char path[1024];
    mye_method encoder = {0};
    snprintf(path, sizeof(path), "%s/net.yaml", r->folder);
    if (!(C >= 1 && H >= 1 && W >= 1 && C < limit && H < limit && W < limit))
        return MYE_ERR_FORMAT;
    MYE_TRY(mye_method_parse(r->ctx, &mye_kind_encoder, config->encoder, &encoder, NULL));
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = path;
    o.neuron = config->neuron;
    o.depth = config->depth;
    o.C = (int)C;
    o.H = (int)H;
    o.W = (int)W;
    o.classes = 0;
    /* Runs of versions without event data say nothing of frames: those were images. */
    o.static_input = ((const mye_encoder_type *)encoder.entry)->is_static &&
                     json_integer_value(json_object_get(data, "frames")) == 0;
    mye_method_free(r->ctx, &encoder);
    return mye_file_exists(path) ? mye_model_create(r->ctx, &o, model, NULL) : MYE_ERR_IO;
}

/* Without net.yaml, or with one that this version cannot build, there is no table. */
static void nodes(mye_text *out, const mye_record *r)
{
    mye_config config;
    mye_model *model = NULL;
    mye_plan plan = {0};
    mye_status st = config_of(r, &config);
    if (st == MYE_OK)
        st = model_of(r, &config, &model);
    mye_plan_options o = MYE_PLAN_OPTIONS;
    o.time = config.time;
    o.step = config.step;
    o.loss = config.loss;
    o.T = (int)config.T;
    o.batch = (int)config.batch;
    if (st == MYE_OK)
        st = mye_plan_make(r->ctx, model, &o, &plan, NULL);
    if (st == MYE_OK) {
        node_table(out, &plan);
        mye_plan_free(r->ctx, &plan);
    }
    out->failed = out->failed || st == MYE_ERR_NOMEM;
    mye_model_free(model);
}

static void parts(mye_text *out, const mye_record *r, const json_t *plan)
{
    static const struct {
        const char *key, *name;
    } part[] = {
        {"weight_bytes", "weights"},
        {"gradient_bytes", "gradients"},
        {"optimiser_bytes", "optimiser"},
        {"run_bytes", "activations"},
        {"scratch_bytes", "scratch"},
        {"loader_bytes", "batches in preparation"},
        {"cosine_bytes", "comparison of gradients"},
        {"fit_bytes", "sums of closed forms"},
    };
    enum { PARTS = sizeof(part) / sizeof(part[0]) };
    mye_bar bar[PARTS];
    int n = 0;
    char total[32], kept[32];
    for (int i = 0; i < PARTS; i++) {
        const double value = mye_record_number(plan, part[i].key);
        if (!(value > 0))
            continue;
        bar[n] = (mye_bar){.name = part[i].name, .value = value, .color = i};
        mye_html_bytes(value, bar[n].label, sizeof(bar[n].label));
        n++;
    }
    const double peak = mye_page_peak(r), keep = mye_record_number(plan, "kept_bytes");
    if (!isfinite(peak) || peak < 0)
        return;
    mye_text_add(out, "<p class=\"say\">Planned before the start: <b>%s</b>",
                 mye_html_bytes(peak, total, sizeof(total)));
    if (isfinite(keep) && keep >= 0)
        mye_text_add(out, ", of which <b>%s</b> is kept from the forward to the backward pass",
                     mye_html_bytes(keep, kept, sizeof(kept)));
    const double each = mye_record_number(plan, "kept_per_neuron_step");
    if (isfinite(each))
        mye_text_add(out, " (%.3g bytes a neuron and step)", each);
    const double allocated = mye_record_number(r->end, "allocated_bytes");
    if (isfinite(allocated) && allocated >= 0)
        mye_text_add(out, ". Allocated at most, with the data set: <b>%s</b>",
                     mye_html_bytes(allocated, total, sizeof(total)));
    mye_text_add(out, ".</p>\n");
    if (n > 0) {
        mye_text_add(out, "<div class=\"panel\" style=\"max-width:640px\">\n");
        mye_svg_parts(out, "Planned memory", bar, n);
        mye_text_add(out, "</div>\n");
    }
}

void mye_page_plan(mye_text *out, const mye_record *r)
{
    const json_t *plan = json_object_get(r->start, "plan");
    if (!plan)
        return;
    mye_text_add(out, "<h2>Memory</h2>\n");
    parts(out, r, plan);
    nodes(out, r);
}

/* A word of a shell command. */
static void shell_word(mye_text *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=,+@%";
    if (word[0] && strspn(word, plain) == strlen(word)) {
        mye_html_text(out, word);
        return;
    }
    mye_text_add(out, "&#39;");
    for (; *word; word++) {
        const char one[2] = {*word, '\0'};
        if (*word == '\'')
            mye_text_add(out, "&#39;\\&#39;&#39;");
        else
            mye_html_text(out, one);
    }
    mye_text_add(out, "&#39;");
}

/* Keys that say where and how fast, not what. */
static bool is_place(const char *key)
{
    return strcmp(key, "out") == 0 || strcmp(key, "threads") == 0;
}

static bool is_essential(const char *key)
{
    static const char *const essential[] = {"net", "data", "T", "epochs"};
    for (size_t i = 0; i < sizeof(essential) / sizeof(essential[0]); i++) {
        if (strcmp(key, essential[i]) == 0)
            return true;
    }
    return false;
}

void mye_page_command(mye_text *out, const mye_record *r)
{
    mye_config config, standard;
    char value[sizeof(config.net)], usual[sizeof(config.net)];
    const mye_param *table = mye_config_params();
    mye_text_add(out, "myelin train");
    if (config_of(r, &config) != MYE_OK || mye_config_default(&standard, NULL) != MYE_OK)
        return;
    for (const mye_param *p = table; p->name; p++) {
        if (is_place(p->name) ||
            mye_params_get(table, &config, p->name, value, sizeof(value), NULL) != MYE_OK ||
            mye_params_get(table, &standard, p->name, usual, sizeof(usual), NULL) != MYE_OK ||
            (!is_essential(p->name) && strcmp(value, usual) == 0))
            continue;
        mye_text_add(out, " --");
        for (const char *c = p->name; *c; c++)
            mye_text_add(out, "%c", *c == '_' ? '-' : *c);
        mye_text_add(out, " ");
        shell_word(out, value);
    }
}
