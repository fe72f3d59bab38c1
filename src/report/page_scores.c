/* The page of single samples: which are hard, which may be labelled wrong, with their pictures. */
#include "report/report.h"

#include <math.h>
#include <string.h>

#include "report/picture.h"

typedef struct page {
    const mye_scores *scores;
    const mye_dataset *data;
    const mye_dataset_info *about;
    float *sample;
} page;

static const char style[] =
    "<style>.shots{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}"
    ".shot{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:10px;"
    "font-size:13px;line-height:1.4;overflow-wrap:anywhere}.shot img{width:100%;"
    "image-rendering:pixelated;border-radius:4px;display:block;margin-bottom:8px;background:#000}"
    ".shot span{color:var(--soft)}.shot b{font-weight:600}.shot .no{color:var(--s4)}"
    ".shot .yes{color:var(--good)}</style>\n";

static void add_class(mye_text *out, const page *p, int k)
{
    if (k < p->about->classes && p->about->class_names)
        mye_html_text(out, p->about->class_names[k]);
    else
        mye_text_add(out, "%d", k);
}

static mye_status add_shot(mye_text *out, const page *p, const mye_sample_score *r, mye_error *err)
{
    int label;
    MYE_TRY(mye_dataset_read(p->data, r->sample, p->sample, &label, err));
    mye_text_add(out, "<div class=\"shot\"><img alt=\"sample %lld\" src=\"", (long long)r->sample);
    mye_picture_add(out, p->about, p->sample);
    mye_text_add(out, "\"><span>#%lld is labelled</span><br><b>", (long long)r->sample);
    add_class(out, p, r->label);
    mye_text_add(out, "</b> <span>%.1f&nbsp;%%<br>the network says</span><br><b class=\"%s\">",
                 100 * (double)r->label_probability, r->predicted == r->label ? "yes" : "no");
    add_class(out, p, r->predicted);
    mye_text_add(out, "</b> <span>%.1f&nbsp;%%<br>loss %.3g<br>error %.3g",
                 100 * (double)r->confidence, (double)r->loss, (double)r->error);
    if (!isnan(r->score))
        mye_text_add(out, "<br>score %.3g", (double)r->score);
    mye_text_add(out, "</span></div>\n");
    return MYE_OK;
}

static mye_status add_shots(mye_text *out, const page *p, const int64_t *order, int64_t n,
                            mye_error *err)
{
    mye_text_add(out, "<div class=\"shots\">\n");
    for (int64_t i = 0; i < n; i++)
        MYE_TRY(add_shot(out, p, &p->scores->row[order[i]], err));
    mye_text_add(out, "</div>\n");
    return MYE_OK;
}

static void add_histograms(mye_text *out, const page *p)
{
    const mye_scores *s = p->scores;
    double *value = mye_alloc_array(out->ctx, (size_t)s->n, sizeof(*value));
    out->failed = out->failed || !value;
    if (!value)
        return;
    mye_text_add(out, "<h2>How they are spread</h2>\n<div class=\"pair\">\n");
    if (s->is_scored) {
        for (int64_t i = 0; i < s->n; i++)
            value[i] = (double)s->row[i].score;
        mye_text_add(out, "<div class=\"panel\">\n");
        mye_svg_histogram(out, "Samples by score of training", "score", value, s->n);
        mye_text_add(out, "</div>\n");
    }
    for (int64_t i = 0; i < s->n; i++)
        value[i] = (double)s->row[i].loss;
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_histogram(out, "Samples by loss", "loss", value, s->n);
    mye_text_add(out, "</div>\n</div>\n<p class=\"say\" style=\"margin-top:8px\">Heights grow with "
                      "the logarithm of the number of samples.</p>\n");
    mye_free(out->ctx, value);
}

static void add_cards(mye_text *out, const mye_scores *s)
{
    char text[48];
    mye_text_add(out, "<div class=\"cards\">\n");
    snprintf(text, sizeof(text), "%lld", (long long)s->n);
    mye_html_card(out, text, "samples looked at", "as they are, without augmentation");
    snprintf(text, sizeof(text), "%.2f %%", 100 * s->accuracy);
    mye_html_card(out, text, "agree with their label", "");
    snprintf(text, sizeof(text), "%.4f", s->loss);
    mye_html_card(out, text, "mean loss", "");
    snprintf(text, sizeof(text), "%lld", (long long)s->n_suspicious);
    mye_html_card(out, text, "label below 10 %", "and another class above 90 %");
    mye_text_add(out, "</div>\n");
}

/* Samples whose label the network does not share; those behind them are no suspects. */
static int64_t suspects(const mye_scores *s, int64_t most)
{
    int64_t n = 0;
    while (n < most && n < s->n &&
           s->row[s->suspicious[n]].predicted != s->row[s->suspicious[n]].label)
        n++;
    return n;
}

static mye_status add_body(mye_text *out, const page *p, int count, const char *title,
                           mye_error *err)
{
    const mye_scores *s = p->scores;
    const int64_t n = count < s->n ? count : s->n, doubted = suspects(s, n);
    mye_text_add(out, "%s<h1>", style);
    mye_html_text(out, title);
    mye_text_add(out, "</h1>\n<p class=\"say\">Single samples of <b>");
    mye_html_text(out, p->about->name);
    mye_text_add(out, "</b>, as the trained network sees them.</p>\n");
    add_cards(out, s);
    mye_text_add(out,
                 "<h2>Suspicious</h2>\n<p class=\"say\">Examples whose label may be wrong: the "
                 "network answers with another class. First where the probability of its answer "
                 "exceeds that of the label most.</p>\n");
    if (doubted == 0)
        mye_text_add(out, "<p class=\"say\">None: the network agrees with every label.</p>\n");
    MYE_TRY(add_shots(out, p, s->suspicious, doubted, err));
    mye_text_add(out, "<h2>Hardest</h2>\n<p class=\"say\">By %s.</p>\n",
                 s->is_scored ? "the score that the sample policy had of them while training"
                              : "their loss; the run has no scores of training");
    MYE_TRY(add_shots(out, p, s->hardest, n, err));
    add_histograms(out, p);
    return MYE_OK;
}

mye_status mye_report_scores(mye_context *ctx, const mye_scores *scores, const mye_dataset *data,
                             int count, const char *title, const char *path, mye_error *err)
{
    page p = {.scores = scores, .data = data, .about = mye_dataset_about(data)};
    mye_text out = {.ctx = ctx};
    const size_t size = mye_dataset_sample_size(p.about);
    if (count < 1 || scores->n < 1)
        return mye_fail(err, MYE_ERR_ARG,
                        "a page of samples wants at least 1 sample of at least 1, got %d of %lld",
                        count, (long long)scores->n);
    p.sample = mye_alloc_array(ctx, size, sizeof(*p.sample));
    if (!p.sample)
        return mye_no_memory(err, size * sizeof(*p.sample), "a sample");
    mye_html_begin(&out, title);
    mye_status st = add_body(&out, &p, count, title, err);
    mye_html_end(&out);
    if (st == MYE_OK)
        st = mye_page_write(ctx, &out, path, err);
    mye_text_free(&out);
    mye_free(ctx, p.sample);
    return st;
}
