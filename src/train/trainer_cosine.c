/* A trainer that compares its gradient with that of another time rule. */
#include "train/trainer.h"

#include <string.h>

/* Of what is random in encoding, dropout and the choice of held samples. */
static uint64_t held_seed(const mye_config *config)
{
    return mye_random_derive((uint64_t)config->seed, UINT64_MAX - 2);
}

mye_status mye_trainer_make_reference(mye_trainer *t, mye_error *err)
{
    mye_run_options options = mye_trainer_run_options(t);
    options.time = t->beside.reference;
    options.whole = true; /* global backpropagation, whatever the depth rule */
    options.lender = t->run;
    return mye_run_create(t->ctx, t->model, &options, &t->reference, err);
}

static void show_image(const void *self, const float *image, mye_target *target)
{
    mye_trainer_show_image(self, image, target);
}

mye_status mye_trainer_make_cosine(mye_trainer *t, mye_error *err)
{
    const mye_config *c = &t->config;
    const mye_cosine_setting setting = {.run = t->run,
                                        .reference = t->reference,
                                        .input = &t->input,
                                        .loader = t->test_loader,
                                        .n = t->n_test,
                                        .batch = (int)c->batch,
                                        .loaded = t->eval_batch,
                                        .batches = c->cosine_batches,
                                        .seed = held_seed(c),
                                        .target = show_image,
                                        .self = t};
    MYE_TRY(mye_cosine_create(t->ctx, t->model, &setting, &t->cosine, err));
    if (strcmp(c->cosine, t->beside.reference) != 0)
        mye_trainer_note(t, "time %s goes step by step: its gradient is compared with %s", c->time,
                         t->beside.reference);
    return MYE_OK;
}

mye_status mye_trainer_compare(mye_trainer *t, int64_t epoch, mye_error *err)
{
    MYE_TRY(mye_cosine_measure(t->cosine, epoch, &t->compared, err));
    MYE_TRY(mye_metrics_cosine(t->metrics, t->compared, err));
    if (t->callbacks.cosine)
        t->callbacks.cosine(t->callbacks.user, t->compared);
    return MYE_OK;
}
