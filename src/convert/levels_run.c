/* Running a network whose levels are being chosen: events, and how far its outputs are from the ANN's. */
#include <math.h>
#include <string.h>

#include "convert/levels.h"

static bool keep_logits(void *self, const mye_pass *p, int t, const float *out)
{
    mye_levels *h = self;
    MYE_UNUSED(t);
    memcpy(h->logit + h->look->tester.seen * h->K, out, (size_t)p->B * (size_t)h->K * sizeof *out);
    return true;
}

/* log of the sum of exp(x / T) over K outputs. */
static double log_sum(const float *x, int K, double T)
{
    double most = (double)x[0], sum = 0;
    for (int k = 1; k < K; k++)
        most = fmax(most, (double)x[k]);
    for (int k = 0; k < K; k++)
        sum += exp(((double)x[k] - most) / T);
    return most / T + log(sum);
}

static void compare_image(mye_levels *h, const float *ann, const float *sum)
{
    const double la = log_sum(ann, h->K, 1), ls = log_sum(sum, h->K, h->T);
    for (int k = 0; k < h->K; k++) {
        const double a = (double)ann[k] - la, s = (double)sum[k] / h->T - ls;
        h->now.divergence += exp(a) * (a - s);
        h->now.error += fabs((double)sum[k] / h->T - (double)ann[k]);
    }
}

static bool compare_outputs(void *self, const mye_pass *p, int t, const float *out)
{
    mye_levels *h = self;
    const float *ann = h->logit + h->look->tester.seen * h->K;
    mye_convert_add_outputs(p, h->K, t, out, h->sum);
    for (int b = 0; b < p->B && t == h->T; b++)
        compare_image(h, ann + (int64_t)b * h->K, h->sum + (int64_t)b * h->K);
    return true;
}

static void count_events(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const mye_levels *h = self;
    if (mye_snn_layer(h->c, h->snn, n) >= 0)
        mye_count_node(h->count, p, n, t0, t1);
}

mye_status mye_levels_run_ann(mye_levels *h, mye_error *err)
{
    mye_look look = {.model = h->c->folded,
                     .training_set = true,
                     .encoder = "direct",
                     .T = 1,
                     .n = h->n,
                     .watch = {.steps = keep_logits, .self = h}};
    h->look = &look;
    return mye_convert_look(h->c, &look, err);
}

mye_status mye_levels_run(mye_levels *h, mye_levels_outcome *out, mye_error *err)
{
    mye_count count;
    mye_status status = mye_count_create(h->c, h->snn, h->T, &count, err);
    mye_look look = {.model = h->snn->model,
                     .training_set = true,
                     .encoder = h->c->input,
                     .T = h->T,
                     .n = h->n,
                     .phase = "levels",
                     .watch = {count_events, compare_outputs, h}};
    h->look = &look;
    h->count = &count;
    h->now = (mye_levels_outcome){0};
    if (status == MYE_OK)
        status = mye_convert_look(h->c, &look, err);
    for (int l = 0; l < h->c->n_layers && status == MYE_OK; l++)
        for (int t = 0; t < h->T; t++)
            h->now.events += count.layer[l].events[t] / (double)h->n;
    h->now.divergence /= (double)h->n;
    h->now.error /= (double)(h->n * h->K);
    mye_count_free(&count);
    *out = h->now;
    return status;
}
