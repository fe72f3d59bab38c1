/* Similarity matching: see local_loss.h. */
#include <math.h>

#include "depth/local_gram.h"
#include "depth/local_loss.h"
#include "node/elementwise.h"

/* Product of the (mixed) one-hot rows of samples i and j, less the product of their means. */
static double label_product(const mye_target *target, int i, int j, double classes)
{
    const int sample[2] = {i, j};
    int32_t label[2][2];
    double share[2][2], sum = -1 / classes;
    for (int s = 0; s < 2; s++) {
        const int b = sample[s];
        const double mix = target->mix != NULL ? (double)target->mix[b] : 1;
        label[s][0] = target->label[b];
        label[s][1] = target->label_b != NULL ? target->label_b[b] : target->label[b];
        share[s][0] = mix;
        share[s][1] = 1 - mix;
    }
    for (int k = 0; k < 4; k++)
        if (label[0][k / 2] == label[1][k % 2])
            sum += share[0][k / 2] * share[1][k % 2];
    return sum;
}

static double within(double x)
{
    return x < -1 ? -1 : x > 1 ? 1 : x;
}

/* l_i; pair_ij becomes the share of row i in the coefficient of z_j: what row j adds is alike but for the
 * weight, so both are written at once. */
static double row_loss(const mye_gram *g, const double *length, double classes, int i)
{
    const int B = g->in->B;
    double loss = 0;
    for (int j = 0; j < B; j++) {
        float *pair = &g->pair[(int64_t)i * B + j];
        const double r = (double)*pair;
        const double y = label_product(g->in->target, i, j, classes) / length[i] / length[j];
        const double d = within(r) - within(y);
        const double weight = mye_local_weight(g->in, i) + mye_local_weight(g->in, j);
        loss += d * d / B;
        *pair = r < -1 || r > 1 ? 0.0f : (float)(2 * weight * d / B / B);
    }
    return loss;
}

static double similarity_eval(const void *options, const mye_loss_input *in, float *grad,
                              float *per_sample)
{
    const double classes = (double)((const mye_local_similarity_options *)options)->classes;
    double *length = in->scratch, loss = 0;
    unsigned char *behind = in->scratch;
    const mye_gram g = mye_gram_of(in, true, behind + mye_double_bytes(in->B));
    for (int b = 0; b < in->B; b++) /* rounding may leave a little less than nothing */
        length[b] = sqrt(fmax(0, label_product(in->target, b, b, classes))) + MYE_GRAM_EPS;
    for (int b = 0; b < in->B; b++) {
        const double own = row_loss(&g, length, classes, b);
        loss += mye_local_weight(in, b) * own / in->B;
        if (per_sample != NULL)
            per_sample[b] += (float)own;
    }
    if (grad != NULL)
        mye_gram_backward(&g, grad);
    return loss;
}

static size_t similarity_scratch(const void *options, int steps, int B, int K)
{
    MYE_UNUSED(options);
    MYE_UNUSED(steps);
    return mye_double_bytes(B) + mye_gram_bytes(B, K);
}

const mye_loss mye_local_similarity = {
    .entry = {.name = "local_similarity",
              .brief = "samples are to be alike as their labels are",
              .source = "Noekland and Eidnes 2019",
              .options_size = sizeof(mye_local_similarity_options)},
    .eval = similarity_eval,
    .scratch_bytes = similarity_scratch};
