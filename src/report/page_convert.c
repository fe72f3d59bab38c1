/* The page of a conversion: an ANN and the spiking networks that were made of it, side by side. */
#include "report/page_convert.h"

#include <math.h>
#include <string.h>

/* Is this the method, with or without options or a budget? */
static bool is_of(const char *method, const char *neuron)
{
    const size_t n = strlen(neuron);
    return strncmp(method, neuron, n) == 0 && strchr(": ", method[n]); /* '\0' is found too */
}

/* The result that is near enough with the fewest events; NULL: none is. */
static const mye_convert_result *cheapest(const mye_page_conversion *c,
                                          const mye_convert_point **point)
{
    const mye_convert_result *best = NULL;
    *point = NULL;
    for (int i = 0; i < c->n; i++) {
        const mye_convert_point *p = mye_page_convert_reach(c->ann, c->result[i]);
        if (p && (!best || p->events < (*point)->events)) {
            best = c->result[i];
            *point = p;
        }
    }
    return best;
}

static const mye_convert_result *fastest(const mye_page_conversion *c)
{
    const mye_convert_result *best = NULL;
    for (int i = 0; i < c->n; i++) {
        const mye_convert_result *r = c->result[i];
        if (r->reaches > 0 && (!best || r->reaches < best->reaches))
            best = r;
    }
    return best;
}

static void add_cards(mye_text *out, const mye_page_conversion *c)
{
    char value[64], note[200];
    const mye_convert_point *point;
    const mye_convert_result *few = cheapest(c, &point), *fast = fastest(c);
    mye_text_add(out, "<div class=\"cards\">\n");
    snprintf(value, sizeof(value), "%.2f %%", 100 * c->ann->accuracy);
    snprintf(note, sizeof(note), "%lld test images of %.100s", (long long)c->ann->n, c->ann->data);
    mye_html_card(out, value, "accuracy of the ANN", note);
    snprintf(note, sizeof(note), "%.4g µJ an image", c->ann->macs * MYE_PJ_MAC * 1e-6);
    mye_html_card(out, mye_html_count(c->ann->macs, value, sizeof(value)),
                  "multiply-adds of the ANN", note);
    if (fast) {
        snprintf(value, sizeof(value), "%d", fast->reaches);
        mye_html_card(out, value, "time steps to 0.5 points of it, at best", fast->method);
    }
    if (few) {
        snprintf(note, sizeof(note), "%.150s at T = %d", few->method, point->T);
        mye_html_card(out, mye_html_count(round(point->events), value, sizeof(value)),
                      "fewest events an image, there", note);
    }
    mye_text_add(out, "</div>\n");
}

/* What the accuracy of the first step means. */
static void add_honesty(mye_text *out, const mye_page_conversion *c)
{
    for (int i = 0; i < c->n; i++) {
        if (!is_of(c->result[i]->method, "aug") || !mye_page_convert_point(c->result[i], 1))
            continue;
        mye_text_add(out, "<p class=\"say\">At T = 1 <b>aug</b> is a sparse, quantised ANN: one "
                          "pass, in which only what is not 0 is sent. What it saves over the ANN "
                          "is the zeros.</p>\n");
        return;
    }
}

static mye_status add_budget(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    char chosen[32], before[32];
    const mye_convert_budget *b = c->budget;
    mye_text_add(out,
                 "<h2>Levels under a budget</h2>\n<p class=\"say\">Levels of each layer, chosen "
                 "so that the outputs are as near to the ANN's as a budget of events allows: "
                 "<b>%s</b> an image "
                 "in place of <b>%s</b> on the calibration images, mean |output − ANN's output| "
                 "<b>%.4g</b> in place of <b>%.4g</b>. Its line in the figures above is the one "
                 "named after the budget.</p>\n",
                 mye_html_count(round(b->events), chosen, sizeof(chosen)),
                 mye_html_count(round(b->before), before, sizeof(before)), b->error,
                 b->error_before);
    MYE_TRY(mye_page_convert_levels(out, c, err));
    mye_page_convert_level_table(out, b);
    return MYE_OK;
}

static mye_status add_page(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    const mye_convert_ann *ann = c->ann;
    mye_text_add(out, "<h1>");
    mye_html_text(out, ann->source);
    mye_text_add(out,
                 " as a spiking network</h1>\n<p class=\"say\">Converted without more training, "
                 "on <b>");
    mye_html_text(out, ann->data);
    mye_text_add(out, "</b> with input <b>");
    mye_html_text(out, ann->input);
    mye_text_add(out, "</b>; thresholds from <b>%lld</b> training images.</p>\n",
                 (long long)ann->calibrated);
    add_cards(out, c);
    mye_text_add(out, "<h2>Accuracy</h2>\n");
    MYE_TRY(mye_page_convert_accuracy(out, c, err));
    if (c->n > MYE_SERIES_MAX - 1)
        mye_text_add(out, "<p class=\"say\">Figures show the first %d of %d networks.</p>\n",
                     MYE_SERIES_MAX - 1, c->n);
    mye_page_convert_accuracy_table(out, c);
    add_honesty(out, c);
    mye_text_add(out, "<h2>Cost</h2>\n");
    mye_page_convert_cost_table(out, c);
    mye_text_add(out, "<h2>Steps</h2>\n");
    mye_page_convert_steps_table(out, c);
    mye_text_add(out, "<h2>Conversion error</h2>\n");
    MYE_TRY(mye_page_convert_errors(out, c, err));
    mye_page_convert_error_table(out, c);
    mye_page_convert_layers(out, c);
    if (c->proof)
        mye_page_convert_proof(out, c->proof);
    if (c->budget)
        MYE_TRY(add_budget(out, c, err));
    mye_page_convert_ann(out, ann);
    return MYE_OK;
}

mye_status mye_report_convert(mye_context *ctx, const mye_convert_ann *ann,
                              const mye_convert_result *const *result, int n,
                              const mye_convert_proof *proof, const mye_convert_budget *budget,
                              const char *path, mye_error *err)
{
    if (n < 1)
        return mye_fail(err, MYE_ERR_ARG, "the page of a conversion wants results, got %d", n);
    const mye_page_conversion c = {ctx, ann, result, n, proof, budget};
    mye_text out = {.ctx = ctx};
    char *title = NULL;
    mye_text name = {.ctx = ctx};
    mye_text_add(&name, "%s as a spiking network", ann->source);
    title = name.failed ? NULL : name.data;
    mye_status st = title ? MYE_OK : mye_no_memory(err, name.length, "the report");
    if (st == MYE_OK) {
        mye_html_begin(&out, title);
        st = add_page(&out, &c, err);
    }
    if (st == MYE_OK) {
        mye_html_end(&out);
        st = mye_page_write(ctx, &out, path, err);
    }
    mye_text_free(&name);
    mye_text_free(&out);
    return st;
}
