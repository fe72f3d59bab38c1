/* A trainer whose predictors are solved in closed form at the end of each epoch. */
#include "train/trainer.h"

mye_status mye_trainer_make_fit(mye_trainer *t, mye_error *err)
{
    MYE_TRY(mye_fit_create(t->ctx, t->model, (int)t->config.batch, &t->fit, err));
    if (t->fit == NULL)
        return MYE_OK;
    if (t->config.cosine[0])
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "cosine compares gradients, and depth '%s' has none: it solves its weights",
                        t->config.depth);
    mye_fit_watch(t->fit, t->run);
    mye_trainer_note(t, "weights are solved at the end of each epoch: until then loss and accuracy "
                        "are those of the weights before");
    return MYE_OK;
}

mye_status mye_trainer_solve(mye_trainer *t, mye_error *err)
{
    for (int i = 0; i < mye_fit_layers(t->fit); i++) {
        mye_fit_result r;
        const double begin = mye_now_s();
        if (mye_context_cancelled(t->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "stopped in epoch %lld before it was solved",
                            (long long)t->state.epoch + 1);
        MYE_TRY(mye_fit_solve(t->fit, i, &r, err));
        mye_trainer_note(
            t, "%s: %lld weights a class from %lld samples, ridge %g, solved in %.1f s", r.node,
            (long long)r.features, (long long)r.samples, r.ridge, mye_now_s() - begin);
    }
    return MYE_OK;
}
