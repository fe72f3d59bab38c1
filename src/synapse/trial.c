/* Learning the classes of a set, and testing. */
#include "synapse/trial.h"

mye_status mye_trial_check(const mye_patterns *train, const mye_patterns *test, mye_error *err)
{
    if (train->info.n == 0 || test->info.n == 0)
        return mye_fail(err, MYE_ERR_ARG, "'%.120s' has no patterns to %s", train->source,
                        train->info.n == 0 ? "learn from" : "test on");
    if (train->info.units != test->info.units || train->info.classes < test->info.classes)
        return mye_fail(err, MYE_ERR_ARG,
                        "'%.120s' learns %d afferents and %d classes, and tests %d and %d",
                        train->source, train->info.units, train->info.classes, test->info.units,
                        test->info.classes);
    return MYE_OK;
}

static mye_status count_neurons(mye_trial *t, const mye_patterns *set, mye_error *err)
{
    mye_method method = {0};
    MYE_TRY(mye_method_parse(t->ctx, &mye_kind_readout, t->readout, &method, err));
    const mye_readout_type *type = (const mye_readout_type *)method.entry;
    t->classes = set->info.classes;
    t->neurons = type->is_common ? t->each : t->each * t->classes;
    mye_method_free(t->ctx, &method);
    return MYE_OK;
}

mye_status mye_trial_learn(mye_trial *t, const mye_patterns *set, mye_error *err)
{
    MYE_TRY(count_neurons(t, set, err));
    const mye_synapse_options options = mye_learn_synapse(t->learn, t->seed);
    const size_t n = (size_t)set->info.n * (size_t)t->neurons;
    MYE_TRY(mye_synapse_create(t->ctx, set->info.units, t->neurons, &options, &t->group, err));
    int32_t *count = mye_alloc_array(t->ctx, n, sizeof(*count));
    if (!count)
        return mye_no_memory(err, n * sizeof(*count), "what neurons should do");
    const mye_aims aims = {count, NULL, NULL};
    mye_status st = mye_synapse_aims(t->ctx, t->readout, t->classes, t->neurons, set->info.n,
                                     set->label, count, err);
    if (st == MYE_OK)
        st = mye_synapse_train(t->group, set, &aims, t->callbacks, &t->result, err);
    mye_free(t->ctx, count);
    return st;
}

mye_status mye_trial_test(const mye_trial *t, const mye_patterns *set, double *accuracy,
                          double *confusion, mye_error *err)
{
    const size_t n = (size_t)set->info.n, cells = n * (size_t)t->neurons;
    mye_responses responses = {mye_alloc_array(t->ctx, cells, sizeof(double)),
                               mye_alloc_array(t->ctx, cells, sizeof(int32_t))};
    int32_t *answer = mye_alloc_array(t->ctx, n, sizeof(*answer));
    mye_status st = MYE_OK;
    if (!responses.v_max || !responses.count || !answer)
        st = mye_no_memory(err, cells * sizeof(double), "answers of neurons");
    if (st == MYE_OK)
        st = mye_synapse_respond(t->group, set, &responses, err);
    if (st == MYE_OK)
        st =
            mye_synapse_classify(t->ctx, t->readout, t->classes, t->neurons,
                                 mye_synapse_theta(t->group), set->info.n, &responses, answer, err);
    int64_t right = 0;
    for (size_t k = 0; st == MYE_OK && k < n; k++) {
        right += answer[k] == set->label[k];
        if (confusion)
            confusion[set->label[k] * t->classes + answer[k]]++;
    }
    *accuracy = n > 0 ? (double)right / (double)n : 0;
    mye_free(t->ctx, responses.v_max);
    mye_free(t->ctx, responses.count);
    mye_free(t->ctx, answer);
    return st;
}

void mye_trial_close(mye_trial *t)
{
    mye_synapse_result_free(t->ctx, &t->result);
    mye_synapse_free(t->group);
    t->group = NULL;
}
