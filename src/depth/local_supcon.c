/* Supervised contrastive loss: see local_loss.h. */
#include <math.h>

#include "depth/local_gram.h"
#include "depth/local_loss.h"

/* The label with the larger share. */
static int32_t label_of(const mye_target *target, int b)
{
    const bool second =
        target->mix != NULL && target->label_b != NULL && (double)target->mix[b] < 0.5;
    return second ? target->label_b[b] : target->label[b];
}

static int positives_of(const mye_loss_input *in, int i)
{
    int n = 0;
    for (int j = 0; j < in->B; j++)
        n += j != i && label_of(in->target, j) == label_of(in->target, i);
    return n;
}

/* log of the sum over a != i of exp(s_a), s = pair / tau. */
static double log_sum(const float *pair, int B, int i, double tau)
{
    double top = -INFINITY, sum = 0;
    for (int j = 0; j < B; j++)
        if (j != i)
            top = fmax(top, (double)pair[j] / tau);
    for (int j = 0; j < B; j++)
        sum += j == i ? 0 : exp((double)pair[j] / tau - top);
    return top + log(sum);
}

/* l_i of an anchor; its row of pair becomes scale * dl_i/ds. Without positives: 0 and zeros. */
static double anchor_loss(const mye_gram *g, int i, int positives, double tau, double scale)
{
    const int B = g->in->B;
    float *pair = g->pair + (int64_t)i * B;
    const double total = positives > 0 ? log_sum(pair, B, i, tau) : 0;
    double loss = 0;
    for (int j = 0; j < B; j++) {
        const double s = (double)pair[j] / tau;
        const bool positive = label_of(g->in->target, j) == label_of(g->in->target, i);
        pair[j] = 0;
        if (j == i || positives == 0)
            continue;
        loss += positive ? (total - s) / positives : 0;
        pair[j] = (float)(scale * (exp(s - total) - (positive ? 1.0 / positives : 0)));
    }
    return loss;
}

/* s_ij is of both rows: c_ij = (D_ij + D_ji) / tau. */
static void symmetrise(const mye_gram *g, double tau)
{
    const int B = g->in->B;
    for (int i = 0; i < B; i++)
        for (int j = 0; j <= i; j++) {
            float *a = &g->pair[(int64_t)i * B + j], *b = &g->pair[(int64_t)j * B + i];
            *a = *b = (float)(((double)*a + (double)*b) / tau);
        }
}

static double supcon_eval(const void *options, const mye_loss_input *in, float *grad,
                          float *per_sample)
{
    const double tau = ((const mye_local_supcon_options *)options)->temperature;
    const mye_gram g = mye_gram_of(in, false, in->scratch);
    int anchors = 0;
    double loss = 0;
    for (int b = 0; b < in->B; b++)
        anchors += positives_of(in, b) > 0;
    for (int b = 0; b < in->B; b++) {
        const double weight = anchors > 0 ? mye_local_weight(in, b) / anchors : 0;
        const double own = anchor_loss(&g, b, positives_of(in, b), tau, weight);
        loss += weight * own;
        if (per_sample != NULL)
            per_sample[b] += (float)own;
    }
    if (grad == NULL)
        return loss;
    symmetrise(&g, tau);
    mye_gram_backward(&g, grad);
    return loss;
}

static size_t supcon_scratch(const void *options, int steps, int B, int K)
{
    MYE_UNUSED(options);
    MYE_UNUSED(steps);
    return mye_gram_bytes(B, K);
}

const mye_loss mye_local_supcon = {
    .entry = {.name = "local_supcon",
              .brief = "samples of one label are to be alike, others not",
              .source = "Khosla et al. 2020",
              .options_size = sizeof(mye_local_supcon_options)},
    .eval = supcon_eval,
    .scratch_bytes = supcon_scratch};
