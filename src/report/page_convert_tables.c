/* The tables of a conversion's page that set methods side by side. */
#include "report/page_convert.h"

#include <math.h>

enum { COLUMNS_MAX = 16 };

static void name_cell(mye_text *out, const char *name)
{
    mye_text_add(out, "<tr><td class=\"w\" style=\"min-width:11em\">");
    mye_html_text(out, name);
    mye_text_add(out, "</td>");
}

static void head(mye_text *out, const char *const *name, int n)
{
    mye_text_add(out, "<div class=\"panel\"><table><tr>");
    for (int i = 0; i < n; i++)
        mye_text_add(out, "<th%s>%s</th>", i > 0 ? " class=\"n\"" : "", name[i]);
    mye_text_add(out, "</tr>\n");
}

/* Is point i a column? All are while they fit; else powers of two and the last. */
static bool is_column(const mye_convert_result *r, int i)
{
    const int T = r->point[i].T;
    return r->n_points <= COLUMNS_MAX || (T & (T - 1)) == 0 || i == r->n_points - 1;
}

void mye_page_convert_accuracy_table(mye_text *out, const mye_page_conversion *c)
{
    const mye_convert_result *first = c->result[0];
    mye_text_add(out, "<div class=\"panel\" style=\"margin-top:14px\"><table><tr><th>T</th>");
    for (int i = 0; i < first->n_points; i++) {
        if (is_column(first, i))
            mye_text_add(out, "<th class=\"n\">%d</th>", first->point[i].T);
    }
    mye_text_add(out, "</tr>\n");
    for (int m = 0; m < c->n; m++) {
        const mye_convert_result *r = c->result[m];
        const mye_convert_point *reach = mye_page_convert_reach(c->ann, r);
        name_cell(out, r->method);
        for (int i = 0; i < first->n_points; i++) {
            const mye_convert_point *p = mye_page_convert_point(r, first->point[i].T);
            if (!is_column(first, i))
                continue;
            mye_text_add(out, "<td class=\"n%s\">", p && reach && p == reach ? " best" : "");
            if (p && isfinite(p->accuracy))
                mye_text_add(out, "%.2f</td>", 100 * p->accuracy);
            else
                mye_text_add(out, "–</td>");
        }
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out,
                 "</table></div>\n<p class=\"say\" style=\"margin-top:8px\">Per cent of the test "
                 "images, after T steps; the ANN has %.2f. Green: the first T within 0.5 points of "
                 "that.</p>\n",
                 100 * c->ann->accuracy);
}

/* Adds where every coefficient is 1 or -1, so that the magnitude is the number of events; else
 * multiply-adds. */
static double energy_of(const mye_convert_point *p)
{
    return p->magnitude > p->events * (1 + 1e-9) ? p->energy_mac : p->energy_ac;
}

static void cost_row(mye_text *out, const mye_convert_ann *ann, const mye_convert_point *p)
{
    mye_text_add(out, "<td class=\"n\">%d</td>", p->T);
    mye_page_convert_percent(out, p->accuracy);
    mye_page_convert_count(out, p->events);
    mye_page_convert_percent(out, p->events > 0 ? p->negative / p->events : (double)NAN);
    mye_page_convert_count(out, p->magnitude);
    mye_page_convert_count(out, p->sop);
    mye_page_convert_count(out, p->macs);
    mye_page_convert_energy(out, p->energy_ac);
    mye_page_convert_energy(out, p->energy_mac);
    const double whole = ann->macs * MYE_PJ_MAC * 1e-6;
    mye_page_convert_percent(out, whole > 0 ? energy_of(p) / whole : (double)NAN);
    mye_text_add(out, "</tr>\n");
}

/* One method at the first T that is good enough, and at the last where that is another. */
static void cost_rows(mye_text *out, const mye_convert_ann *ann, const mye_convert_result *r)
{
    const mye_convert_point *reach = mye_page_convert_reach(ann, r),
                            *last = r->n_points > 0 ? &r->point[r->n_points - 1] : NULL;
    if (reach) {
        name_cell(out, r->method);
        cost_row(out, ann, reach);
    }
    if (last && last != reach) {
        name_cell(out, reach ? "" : r->method);
        cost_row(out, ann, last);
    }
}

void mye_page_convert_cost_table(mye_text *out, const mye_page_conversion *c)
{
    static const char *const columns[] = {"method",   "T",         "accuracy",  "events",
                                          "negative", "magnitude", "syn. ops",  "MACs",
                                          "µJ, adds", "µJ, MACs",  "of the ANN"};
    head(out, columns, sizeof(columns) / sizeof(columns[0]));
    for (int m = 0; m < c->n; m++)
        cost_rows(out, c->ann, c->result[m]);
    mye_text_add(out, "<tr class=\"sum\"><td>ANN</td><td class=\"n\"></td>");
    mye_page_convert_percent(out, c->ann->accuracy);
    for (int i = 0; i < 4; i++)
        mye_text_add(out, "<td class=\"n\"></td>");
    mye_page_convert_count(out, c->ann->macs);
    mye_text_add(out, "<td class=\"n\"></td>");
    mye_page_convert_energy(out, c->ann->macs * MYE_PJ_MAC * 1e-6);
    mye_text_add(out,
                 "<td class=\"n\"></td></tr>\n</table></div>\n"
                 "<p class=\"say\" style=\"margin-top:8px\">Of one image, summed over the steps; "
                 "each method at the first T within 0.5 points of the ANN and at the last. Events "
                 "are outputs that are not 0, negative ones take back; magnitude counts the "
                 "ordinary spikes that would say the same. Synaptic operations are the fan-out of "
                 "all that is not 0 where a layer reads it, so behind pooling, which merges "
                 "spikes. MACs: layers whose input is the same at every step are computed once.</p>"
                 "\n<p class=\"say\">Energy is arithmetic alone, of a 45 nm unit for 32-bit floats "
                 "(Horowitz 2014): an addition %.1f pJ, a multiply-add %.1f pJ. “Adds” takes an "
                 "operation as one addition, “MACs” as one multiply-add: an event with a "
                 "coefficient lies between the two, as a shift and an addition where it is a power "
                 "of two. “Of the ANN” takes adds where all coefficients are ±1, else MACs. What "
                 "memory takes, which is more on most machines, is in none of them.</p>\n",
                 MYE_PJ_AC, MYE_PJ_MAC);
}

void mye_page_convert_steps_table(mye_text *out, const mye_page_conversion *c)
{
    static const char *const columns[] = {
        "method",        "T to reach",    "class settles", "agrees at the last T",
        "stopped after", "accuracy then", "images/s"};
    char text[32];
    bool any = false;
    head(out, columns, sizeof(columns) / sizeof(columns[0]));
    for (int m = 0; m < c->n; m++) {
        const mye_convert_result *r = c->result[m];
        name_cell(out, r->method);
        if (r->reaches > 0)
            mye_text_add(out, "<td class=\"n\">%d</td>", r->reaches);
        else
            mye_text_add(out, "<td class=\"n\">–</td>");
        mye_text_add(out, "<td class=\"n\">%.2f</td>", isfinite(r->stable) ? r->stable : 0);
        mye_page_convert_percent(out, r->n_points > 0 ? r->point[r->n_points - 1].agreement
                                                      : (double)NAN);
        if (r->stopped > 0) {
            any = true;
            mye_text_add(out, "<td class=\"n\">%.2f</td>", r->stopped);
            mye_page_convert_percent(out, r->stopped_accuracy);
        } else {
            mye_text_add(out, "<td class=\"n\">–</td><td class=\"n\">–</td>");
        }
        mye_text_add(out, "<td class=\"n\">%s</td></tr>\n",
                     mye_html_count(round(r->images_per_s), text, sizeof(text)));
    }
    mye_text_add(out,
                 "</table></div>\n<p class=\"say\" style=\"margin-top:8px\">T to reach: the first "
                 "with the ANN's accuracy less 0.5 points. Class settles: steps until an image's "
                 "class changes no more, mean. Agrees: images with the class of the ANN.%s</p>\n",
                 any ? " Stopped: steps made where a batch ends once all its images have decided, "
                       "mean over images."
                     : "");
}

void mye_page_convert_error_table(mye_text *out, const mye_page_conversion *c)
{
    const mye_convert_result *first = c->result[0];
    mye_text_add(out, "<div class=\"panel\" style=\"margin-top:14px\"><table><tr><th>neurons</th>");
    for (int i = 0; i < first->n_layers; i++) {
        mye_text_add(out, "<th class=\"n\">");
        mye_html_text(out, first->layer[i].name);
        mye_text_add(out, "</th>");
    }
    mye_text_add(out, "</tr>\n");
    for (int m = 0; m < c->n; m++) {
        const mye_convert_result *r = c->result[m];
        name_cell(out, r->method);
        for (int i = 0; i < first->n_layers; i++)
            mye_page_convert_percent(out,
                                     i < r->n_layers && r->n_points > 0
                                         ? mye_page_convert_share(&r->layer[i], r->n_points - 1)
                                         : (double)NAN);
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out,
                 "</table></div>\n<p class=\"say\" style=\"margin-top:8px\">Mean |θ S(T)/T − a| "
                 "over neurons and %lld images at the last T, as a share of the mean activation a "
                 "of the ANN.</p>\n",
                 (long long)first->error_images);
}
