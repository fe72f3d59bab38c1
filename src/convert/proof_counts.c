/* Spike counts of the spiking network beside those of the quantised ANN. */
#include "convert/proof.h"

#include <math.h>
#include <string.h>

/* An image unlike all calibration images may send more than there is room for; see is_bounded. */
static int32_t count_of(const mye_weight *theta, int64_t i, float sent)
{
    const double count = rint((double)sent / (double)theta->data[i % (int64_t)theta->count]);
    return count < INT32_MAX ? count > INT32_MIN ? (int32_t)count : INT32_MIN : INT32_MAX;
}

/* Position of image b of the batch at work among those of the part. */
static int64_t image_of(const mye_proving *v, int b)
{
    return v->look->tester.seen + b;
}

/* ---- the spiking network ---- */

static void keep_counts(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    mye_proving *v = self;
    const int l = mye_snn_layer(v->c, v->snn, n);
    if (v->grid != NULL)
        mye_grid_see(v->grid, p, n, t0, t1);
    if (l < 0)
        return;
    const int64_t size = v->c->layer[l].n;
    const mye_weight *theta = mye_node_find(n, "theta");
    for (int b = 0; b < p->B; b++) {
        const int64_t at = image_of(v, b) * v->width + v->first[l];
        float *sent = v->sent + at;
        if (t0 == 0)
            memset(sent, 0, (size_t)size * sizeof *sent);
        for (int t = t0; t < t1; t++) {
            p->k->add(size, mye_value_row(p, n->index, t, b), sent);
            for (int s = 0; s < v->n_steps; s++)
                for (int64_t i = 0; v->steps[s] == t + 1 && i < size; i++)
                    v->count[s * v->images * v->width + at + i] = count_of(theta, i, sent[i]);
        }
    }
}

static bool keep_answers(void *self, const mye_pass *p, int t, const float *out)
{
    mye_proving *v = self;
    mye_convert_add_outputs(p, v->K, t, out, v->sum);
    for (int s = 0; s < v->n_steps; s++)
        for (int b = 0; v->steps[s] == t && b < p->B; b++)
            v->answer[s * v->images + image_of(v, b)] =
                mye_convert_class(v->sum + (int64_t)b * v->K, v->K);
    return true;
}

/* ---- the quantised ANN ---- */

static void compare_counts(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    mye_proving *v = self;
    const int l = mye_snn_layer(v->c, v->snn, n);
    MYE_UNUSED(t0);
    MYE_UNUSED(t1);
    if (v->grid != NULL)
        mye_grid_see(v->grid, p, n, 0, 1);
    if (l < 0)
        return;
    const mye_weight *theta = mye_node_find(n, "theta");
    for (int b = 0; b < p->B; b++) {
        const float *y = mye_value_row(p, n->index, 0, b);
        const int32_t *count = v->count + (v->at * v->images + image_of(v, b)) * v->width;
        for (int64_t i = 0; i < v->c->layer[l].n; i++) {
            const int32_t want = count_of(theta, i, y[i]);
            v->differ += count[v->first[l] + i] != want;
            v->is_bounded = v->is_bounded || want >= (int32_t)MYE_TRANSMIT_MOST;
        }
    }
}

static bool compare_answers(void *self, const mye_pass *p, int t, const float *out)
{
    mye_proving *v = self;
    MYE_UNUSED(t);
    for (int b = 0; b < p->B; b++)
        v->classes += v->answer[v->at * v->images + image_of(v, b)] !=
                      mye_convert_class(out + (int64_t)b * v->K, v->K);
    return true;
}

mye_watch mye_proof_keep(mye_proving *v)
{
    return (mye_watch){keep_counts, keep_answers, v};
}

static void see(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const mye_proving *v = self;
    mye_grid_see(v->grid, p, n, t0, t1);
}

mye_watch mye_proof_see(mye_proving *v)
{
    return (mye_watch){.node = see, .self = v};
}

mye_watch mye_proof_compare(mye_proving *v)
{
    return (mye_watch){compare_counts, compare_answers, v};
}
