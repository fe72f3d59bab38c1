/* Readouts: their list, what they share, the public side. */
#include "myelin/synapse.h"
#include "synapse/readout_kind.h"
#include "synapse/readout_list.inc"

#define DECLARE(name) extern const mye_readout_type mye_readout_##name;
MYE_READOUT_LIST(DECLARE)
#define ENTRY(name) &mye_readout_##name.entry,
static const mye_entry *const entries[] = {MYE_READOUT_LIST(ENTRY) NULL};
const mye_kind mye_kind_readout = {"readout", "Which class do neurons tell?", entries};

int32_t mye_readout_largest(const mye_panel *p, double (*vote)(const mye_panel *p, int m))
{
    const int each = p->neurons / p->classes;
    int32_t best = 0;
    double most = 0, most_v = 0;
    for (int32_t k = 0; k < p->classes; k++) {
        double votes = 0, v = 0;
        for (int m = k * each; m < (k + 1) * each; m++) {
            votes += vote(p, m);
            v += p->v_max[m];
        }
        if (k > 0 && (votes < most || (votes == most && v <= most_v)))
            continue;
        best = k;
        most = votes;
        most_v = v;
    }
    return best;
}

void mye_readout_own(int classes, int neurons, int32_t label, int32_t spikes, int32_t *count)
{
    const int each = neurons / classes;
    for (int m = 0; m < neurons; m++)
        count[m] = m / each == label ? spikes : 0;
}

static mye_status parse(mye_context *ctx, const char *readout, int classes, int neurons,
                        mye_method *out, mye_error *err)
{
    *out = (mye_method){0};
    MYE_TRY(mye_method_parse(ctx, &mye_kind_readout, readout, out, err));
    const mye_readout_type *type = (const mye_readout_type *)out->entry;
    if (classes >= 1 && neurons >= 1 && (type->is_common || neurons % classes == 0))
        return MYE_OK;
    const mye_status st = mye_fail(
        err, MYE_ERR_SHAPE, "readout '%s' wants as many neurons for each class, got %d for %d",
        type->entry.name, neurons, classes);
    mye_method_free(ctx, out);
    return st;
}

mye_status mye_synapse_classify(mye_context *ctx, const char *readout, int classes, int neurons,
                                double theta, int64_t n, const mye_responses *responses,
                                int32_t *out, mye_error *err)
{
    mye_method method;
    if (!responses->v_max || !responses->count)
        return mye_fail(err, MYE_ERR_ARG, "readouts want V_max and spikes of neurons, got no %s",
                        responses->v_max ? "spikes" : "V_max");
    MYE_TRY(parse(ctx, readout, classes, neurons, &method, err));
    const mye_readout_type *type = (const mye_readout_type *)method.entry;
    for (int64_t k = 0; k < n; k++) {
        const int64_t at = k * neurons;
        const mye_panel panel = {classes, neurons, theta, responses->v_max + at,
                                 responses->count + at};
        out[k] = type->decide(method.options, &panel);
    }
    mye_method_free(ctx, &method);
    return MYE_OK;
}

mye_status mye_synapse_aims(mye_context *ctx, const char *readout, int classes, int neurons,
                            int64_t n, const int32_t *label, int32_t *count, mye_error *err)
{
    mye_method method;
    MYE_TRY(parse(ctx, readout, classes, neurons, &method, err));
    const mye_readout_type *type = (const mye_readout_type *)method.entry;
    mye_status st = MYE_OK;
    for (int64_t k = 0; st == MYE_OK && k < n; k++) {
        if (label[k] < 0 || label[k] >= classes)
            st = mye_fail(err, MYE_ERR_ARG, "pattern %lld has label %d, expected 0 to %d",
                          (long long)k, label[k], classes - 1);
        else
            type->aim(method.options, classes, neurons, label[k], count + k * neurons);
    }
    mye_method_free(ctx, &method);
    return st;
}
