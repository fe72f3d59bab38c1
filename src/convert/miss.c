#include "convert/miss.h"

#include <math.h>
#include <string.h>

enum { MOST_IMAGES = 512, MOST_FLOATS = 1 << 24 };

typedef struct filling {
    mye_miss *miss;
    const mye_look *look;
} filling;

static void keep_activation(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const filling *f = self;
    mye_miss *m = f->miss;
    MYE_UNUSED(t0);
    MYE_UNUSED(t1);
    for (int l = 0; l < m->conversion->n_layers; l++) {
        const mye_activation *a = &m->conversion->layer[l];
        for (int b = 0; a->node == n->index && b < p->B; b++) {
            const float *y = mye_value_row(p, n->index, 0, b);
            memcpy(m->activation + (f->look->tester.seen + b) * m->width + m->first[l], y,
                   (size_t)a->n * sizeof *y);
            for (int64_t i = 0; i < a->n; i++)
                m->mean[l] += (double)y[i] / (double)(a->n * m->images);
        }
    }
}

static mye_status run_ann(mye_miss *m, mye_error *err)
{
    const mye_conversion *c = m->conversion;
    filling f = {.miss = m};
    mye_look look = {.model = c->folded,
                     .encoder = "direct",
                     .T = 1,
                     .n = m->images,
                     .watch = {.node = keep_activation, .self = &f}};
    f.look = &look;
    return mye_convert_look(c, &look, err);
}

mye_status mye_miss_create(const mye_conversion *c, const mye_snn *snn, mye_miss *out,
                           mye_error *err)
{
    const size_t layers = (size_t)c->n_layers;
    *out = (mye_miss){.ctx = c->ctx, .conversion = c, .snn = snn};
    out->first = mye_alloc_array(c->ctx, layers, sizeof *out->first);
    out->mean = mye_alloc_array(c->ctx, layers, sizeof *out->mean);
    for (int l = 0; l < c->n_layers && out->first != NULL; l++) {
        out->first[l] = out->width;
        out->width += c->layer[l].n;
    }
    out->images = out->width > 0 ? MOST_FLOATS / out->width : 1;
    out->images = out->images > MOST_IMAGES ? MOST_IMAGES : out->images < 1 ? 1 : out->images;
    out->images = out->images > c->n_test ? c->n_test : out->images;
    const size_t width = (size_t)out->width;
    out->activation = mye_alloc_array(c->ctx, (size_t)out->images * width, sizeof(float));
    out->sum = mye_alloc_array(c->ctx, (size_t)c->batch * width, sizeof(float));
    if (out->first == NULL || out->mean == NULL || out->activation == NULL || out->sum == NULL)
        return mye_no_memory(err, (size_t)(out->images + c->batch) * width * sizeof(float),
                             "activations and rates");
    return run_ann(out, err);
}

void mye_miss_free(mye_miss *m)
{
    if (m->ctx == NULL)
        return;
    mye_free(m->ctx, m->first);
    mye_free(m->ctx, m->mean);
    mye_free(m->ctx, m->activation);
    mye_free(m->ctx, m->sum);
}

void mye_miss_node(mye_miss *m, const mye_pass *p, const mye_node *n, int64_t first, int t0, int t1)
{
    const int l = mye_snn_layer(m->conversion, m->snn, n);
    for (int b = 0; l >= 0 && b < p->B && first + b < m->images; b++) {
        float *sum = m->sum + b * m->width + m->first[l];
        if (t0 == 0)
            memset(sum, 0, (size_t)m->conversion->layer[l].n * sizeof *sum);
        for (int t = t0; t < t1; t++)
            p->k->add(m->conversion->layer[l].n, mye_value_row(p, n->index, t, b), sum);
    }
}

void mye_miss_add(const mye_miss *m, int B, int64_t first, int T, double *error)
{
    for (int b = 0; b < B && first + b < m->images; b++)
        for (int l = 0; l < m->conversion->n_layers; l++) {
            const float *sum = m->sum + b * m->width + m->first[l];
            const float *a = m->activation + (first + b) * m->width + m->first[l];
            double miss = 0;
            for (int64_t i = 0; i < m->conversion->layer[l].n; i++)
                miss += fabs((double)sum[i] / T - (double)a[i]);
            error[l] += miss;
        }
}
