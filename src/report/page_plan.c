/* Where the memory goes, and the command that repeats a run. */
#include "report/page.h"

#include <math.h>
#include <string.h>

double mye_page_peak(const mye_record *r)
{
    const json_t *plan = json_object_get(r->start, "plan");
    const double peak = mye_record_number(plan, "peak_bytes");
    const double total = mye_record_number(plan, "total_bytes");
    return isfinite(peak)    ? peak
           : isfinite(total) ? total
                             : mye_record_number(r->end, "planned_bytes");
}

static void bytes_cell(mye_text *out, double bytes)
{
    char text[32] = "";
    if (isfinite(bytes) && bytes > 0)
        mye_format_bytes((uint64_t)bytes, text, sizeof(text));
    mye_text_add(out, "<td class=\"n\">%s</td>", text);
}

static void shape_cell(mye_text *out, const json_t *shape)
{
    double dim[3] = {0};
    for (size_t i = 0; i < 3; i++)
        dim[i] = json_number_value(json_array_get(shape, i));
    if (dim[1] <= 1 && dim[2] <= 1)
        mye_text_add(out, "<td class=\"n\">%.0f</td>", dim[0]);
    else
        mye_text_add(out, "<td class=\"n\">%.0f×%.0f×%.0f</td>", dim[0], dim[1], dim[2]);
}

static void text_cell(mye_text *out, const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    mye_text_add(out, "<td class=\"w\">");
    mye_html_text(out, text ? text : "");
    mye_text_add(out, "</td>");
}

/* Nodes with everything that the plan knows of them. */
static void node_table(mye_text *out, const json_t *nodes)
{
    static const char *const bytes[] = {"weight_bytes", "kept_bytes", "work_bytes"};
    char text[32];
    mye_text_add(out,
                 "<details%s><summary>%zu nodes</summary><div class=\"panel\"><table><tr>"
                 "<th>node</th><th>kind</th><th class=\"n\">shape</th>"
                 "<th class=\"n\">weights</th><th class=\"n\">kept</th>"
                 "<th class=\"n\">working</th><th class=\"n\">multiply-adds</th></tr>\n",
                 json_array_size(nodes) <= 24 ? " open" : "", json_array_size(nodes));
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *row = json_array_get(nodes, i);
        const double macs = mye_record_number(row, "macs");
        mye_text_add(out, "<tr>");
        text_cell(out, row, json_object_get(row, "node") ? "node" : "name");
        text_cell(out, row, "op");
        shape_cell(out, json_object_get(row, "shape"));
        for (size_t k = 0; k < 3; k++)
            bytes_cell(out, mye_record_number(row, bytes[k]));
        mye_text_add(out, "<td class=\"n\">%s</td></tr>\n",
                     macs > 0 ? mye_html_count(macs, text, sizeof(text)) : "");
    }
    mye_text_add(out, "</table></div></details>\n");
}

static void parts(mye_text *out, const mye_record *r, const json_t *plan)
{
    static const struct {
        const char *key, *name;
    } part[] = {
        {"weight_bytes", "weights"},      {"gradient_bytes", "gradients"},
        {"optimiser_bytes", "optimiser"}, {"run_bytes", "activations"},
        {"scratch_bytes", "scratch"},     {"loader_bytes", "batches in preparation"},
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
        mye_format_bytes((uint64_t)value, bar[n].label, sizeof(bar[n].label));
        n++;
    }
    const double peak = mye_page_peak(r), keep = mye_record_number(plan, "kept_bytes");
    if (!isfinite(peak) || peak < 0)
        return;
    mye_text_add(out, "<p class=\"say\">Planned before the start: <b>%s</b>",
                 mye_format_bytes((uint64_t)peak, total, sizeof(total)));
    if (isfinite(keep) && keep >= 0)
        mye_text_add(out, ", of which <b>%s</b> is kept from the forward to the backward pass",
                     mye_format_bytes((uint64_t)keep, kept, sizeof(kept)));
    const double each = mye_record_number(plan, "kept_per_neuron_step");
    if (isfinite(each))
        mye_text_add(out, " (%.3g bytes a neuron and step)", each);
    const double allocated = mye_record_number(r->end, "allocated_bytes");
    if (isfinite(allocated) && allocated >= 0)
        mye_text_add(out, ". Allocated at most, with the data set: <b>%s</b>",
                     mye_format_bytes((uint64_t)allocated, total, sizeof(total)));
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
    const json_t *nodes = json_object_get(plan, "nodes");
    if (!json_is_array(nodes))
        nodes = json_object_get(r->start, "net");
    if (!plan && !nodes)
        return;
    mye_text_add(out, "<h2>Memory</h2>\n");
    parts(out, r, plan);
    if (json_array_size(nodes) > 0)
        node_table(out, nodes);
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

static bool is_default(const mye_param *p, const char *value)
{
    int64_t a, b;
    double x, y;
    bool s, t;
    if (p->type == MYE_PARAM_BYTES)
        return mye_parse_bytes(value, &a) && mye_parse_bytes(p->def, &b) && a == b;
    if (p->type == MYE_PARAM_BOOL)
        return mye_parse_bool(value, &s) && mye_parse_bool(p->def, &t) && s == t;
    if (mye_parse_double(value, &x) && mye_parse_double(p->def, &y))
        return x == y;
    return strcmp(value, p->def) == 0;
}

void mye_page_command(mye_text *out, const mye_record *r)
{
    static const char *const always[] = {"net", "data", "T", "epochs"};
    char value[2048];
    mye_text_add(out, "myelin train");
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        bool show = strcmp(p->name, "out") != 0 && strcmp(p->name, "threads") != 0;
        mye_record_config(r, p->name, value, sizeof(value));
        bool always_shown = false;
        for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
            always_shown = always_shown || strcmp(p->name, always[i]) == 0;
        show = show && json_object_get(json_object_get(r->start, "config"), p->name) &&
               (always_shown || !is_default(p, value));
        if (!show)
            continue;
        mye_text_add(out, " --");
        for (const char *c = p->name; *c; c++)
            mye_text_add(out, "%c", *c == '_' ? '-' : *c);
        mye_text_add(out, " ");
        shell_word(out, value);
    }
}
