/* What a conversion's page says of one thing at a time: thresholds, the proof, the ANN. */
#include "report/page_convert.h"

#include <math.h>

char *mye_page_convert_number(int64_t value, char *out, size_t size)
{
    char digits[32];
    size_t at = 0;
    const int n = snprintf(digits, sizeof(digits), "%lld", (long long)value);
    out[0] = '\0';
    for (int i = 0; i < n && at + 5 < size; i++) {
        const bool gap = i > 0 && (n - i) % 3 == 0 && n > 4 && digits[i - 1] != '-';
        at += (size_t)snprintf(out + at, size - at, "%s%c", gap ? "\u202f" : "", digits[i]);
    }
    return out;
}

void mye_page_convert_percent(mye_text *out, double share)
{
    if (isfinite(share))
        mye_text_add(out, "<td class=\"n\">%.2f %%</td>", 100 * share);
    else
        mye_text_add(out, "<td class=\"n\">–</td>");
}

void mye_page_convert_energy(mye_text *out, double microjoule)
{
    if (isfinite(microjoule))
        mye_text_add(out, "<td class=\"n\">%.*f</td>", microjoule < 1 ? 4 : 2, microjoule);
    else
        mye_text_add(out, "<td class=\"n\">–</td>");
}

void mye_page_convert_count(mye_text *out, double value)
{
    char text[32];
    if (isfinite(value))
        mye_text_add(out, "<td class=\"n\">%s</td>",
                     mye_html_count(round(value), text, sizeof(text)));
    else
        mye_text_add(out, "<td class=\"n\">–</td>");
}

static void layer_row(mye_text *out, const char *method, const mye_convert_result *r,
                      const mye_convert_layer *l)
{
    const int last = r->n_points - 1;
    mye_text_add(out, "<tr><td class=\"w\">");
    mye_html_text(out, method);
    mye_text_add(out, "</td><td>");
    mye_html_text(out, l->name);
    mye_text_add(out, "</td>");
    mye_page_convert_count(out, (double)l->neurons);
    if (l->theta_max > l->theta_min)
        mye_text_add(out, "<td class=\"n\">%.4g … %.4g</td>", l->theta_min, l->theta_max);
    else
        mye_text_add(out, "<td class=\"n\">%.4g</td>", l->theta_max);
    mye_text_add(out, "<td class=\"n\">%.4g</td><td class=\"n\">%.4g</td>", l->activation,
                 last >= 0 ? l->error[last] : 0);
    mye_page_convert_count(out, last >= 0 ? l->events[last] : (double)NAN);
    mye_page_convert_count(out, last >= 0 ? l->magnitude[last] : (double)NAN);
    mye_text_add(out, "</tr>\n");
}

void mye_page_convert_layers(mye_text *out, const mye_page_conversion *c)
{
    mye_text_add(out, "<details><summary>Thresholds and events of each layer, at the last T"
                      "</summary><div class=\"panel\"><table><tr><th>method</th><th>neurons</th>"
                      "<th class=\"n\">number</th><th class=\"n\">threshold</th>"
                      "<th class=\"n\">mean a</th><th class=\"n\">error</th>"
                      "<th class=\"n\">events</th><th class=\"n\">magnitude</th></tr>\n");
    for (int m = 0; m < c->n; m++) {
        const mye_convert_result *r = c->result[m];
        for (int i = 0; i < r->n_layers; i++)
            layer_row(out, i == 0 ? r->method : "", r, &r->layer[i]);
    }
    mye_text_add(out, "</table></div></details>\n");
}

static void proof_sentence(mye_text *out, const mye_convert_proof *p, int64_t differ,
                           int64_t counts)
{
    char a[48], b[48], images[48];
    mye_text_add(
        out,
        "<p class=\"say\"><b>%s of %s spike counts differ</b> between neuron exact and "
        "the quantised ANN, over %s test images, with weights and inputs rounded to a grid "
        "of binary fractions (weights of %d bits or more).</p>\n",
        mye_page_convert_number(differ, a, sizeof(a)),
        mye_page_convert_number(counts, b, sizeof(b)),
        mye_page_convert_number(p->images, images, sizeof(images)), p->weight_bits);
    if (differ > 0)
        mye_text_add(out, "<p class=\"warn\">The two have to be the same: this is a fault of the "
                          "conversion.</p>\n");
    else if (p->is_exact)
        mye_text_add(out, "<p class=\"say\">On this grid every sum is without rounding, so this is "
                          "a statement about the network, not luck.</p>\n");
    else
        mye_text_add(out, "<p class=\"warn\">The grid does not leave room for every sum: that "
                          "nothing differs was seen, but is not certain for other images.</p>\n");
}

void mye_page_convert_proof(mye_text *out, const mye_convert_proof *p)
{
    char text[48];
    int64_t counts = 0, differ = 0;
    for (int i = 0; i < p->n_rows; i++) {
        counts += p->row[i].counts;
        differ += p->row[i].differ;
    }
    mye_text_add(out, "<h2>Exactness</h2>\n");
    proof_sentence(out, p, differ, counts);
    mye_text_add(out, "<div class=\"panel\"><table><tr><th class=\"n\">T</th>"
                      "<th class=\"n\">spike counts</th><th class=\"n\">differ on the grid</th>"
                      "<th class=\"n\">differ as it is</th><th class=\"n\">classes that differ as "
                      "it is</th></tr>\n");
    for (int i = 0; i < p->n_rows; i++) {
        const mye_verify_row *r = &p->row[i];
        const int64_t value[] = {r->counts, r->differ, r->differ_own, r->classes_own};
        mye_text_add(out, "<tr><td class=\"n\">%d</td>", r->T);
        for (size_t k = 0; k < sizeof(value) / sizeof(value[0]); k++)
            mye_text_add(out, "<td class=\"n%s\">%s</td>", k == 1 && value[k] == 0 ? " best" : "",
                         mye_page_convert_number(value[k], text, sizeof(text)));
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div>\n<p class=\"say\" style=\"margin-top:8px\">As it is: with "
                      "the network's own weights, where rounding of a sum moves it over a "
                      "threshold now and then.</p>\n");
}

void mye_page_convert_level_table(mye_text *out, const mye_convert_budget *b)
{
    mye_text_add(out,
                 "<details><summary>Levels of all %d layers</summary><div class=\"panel\">"
                 "<table><tr><th>neurons</th><th class=\"n\">levels chosen</th>"
                 "<th class=\"n\">of the method</th></tr>\n",
                 b->n_layers);
    for (int i = 0; i < b->n_layers; i++) {
        mye_text_add(out, "<tr><td>");
        mye_html_text(out, b->layer[i].name);
        mye_text_add(out, "</td><td class=\"n\">%.4g</td><td class=\"n\">%.4g</td></tr>\n",
                     b->layer[i].levels, b->layer[i].before);
    }
    mye_text_add(out, "</table></div></details>\n");
}

void mye_page_convert_ann(mye_text *out, const mye_convert_ann *ann)
{
    mye_text_add(out,
                 "<h2>The ANN</h2>\n<p class=\"say\">%d batch norms went into the layers before "
                 "them; the largest change of an output is %.2g of the largest output, the "
                 "accuracy %.2f %% before and %.2f %% after. Activations of %lld training images, "
                 "zeros included:</p>\n<div class=\"panel\"><table><tr><th>activation</th>"
                 "<th class=\"n\">neurons</th><th class=\"n\">max</th><th class=\"n\">99.9 %%</th>"
                 "<th class=\"n\">99 %%</th><th class=\"n\">mean</th><th class=\"n\">zeros</th>"
                 "</tr>\n",
                 ann->n_folded, ann->fold_error, 100 * ann->unfolded_accuracy, 100 * ann->accuracy,
                 (long long)ann->calibrated);
    for (int i = 0; i < ann->n_layers; i++) {
        const mye_convert_activation *a = &ann->layer[i];
        const double value[] = {a->max, a->p999, a->p99, a->mean};
        mye_text_add(out, "<tr><td>");
        mye_html_text(out, a->name);
        mye_text_add(out, "</td>");
        mye_page_convert_count(out, (double)a->neurons);
        for (size_t k = 0; k < sizeof(value) / sizeof(value[0]); k++)
            mye_text_add(out, "<td class=\"n\">%.4g</td>", value[k]);
        mye_page_convert_percent(out, a->zeros);
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div>\n");
}
