/*
 * Trains a small spiking network and prints how good it became.
 *
 *   train FOLDER [DATA [DIR]]      train runs/first fashion-mnist:limit=6000
 */
#include <myelin/myelin.h>
#include <stdio.h>

static mye_status train(mye_context *ctx, const char *const *setting, mye_error *err)
{
    mye_config config;
    mye_trainer *trainer = NULL;
    mye_train_result result;

    MYE_TRY(mye_config_default(&config, err));
    for (; setting[0] != NULL; setting += 2)
        MYE_TRY(mye_config_set(&config, setting[0], setting[1], err));
    mye_status status = mye_trainer_create(ctx, &config, false, NULL, &trainer, err);
    if (status == MYE_OK)
        status = mye_trainer_run(trainer, &result, err);
    if (status == MYE_OK)
        printf("accuracy %.2f %% after %lld epochs and %.1f s; see %s\n",
               100 * result.last.test_accuracy, (long long)result.last.epoch, result.total_s,
               result.folder);
    mye_trainer_free(trainer);
    return status;
}

int main(int argc, char **argv)
{
    const char *const setting[] = {
        "net",      "16C3-BN-LIF-MP2-32C3-BN-LIF-MP2-FC10",
        "data",     argc > 2 ? argv[2] : "fashion-mnist",
        "data_dir", argc > 3 ? argv[3] : "",
        "time",     "rate",
        "epochs",   "2",
        "out",      argc > 1 ? argv[1] : "runs/example",
        NULL,
    };
    mye_context *ctx = NULL;
    mye_error err = {0};
    mye_status status = mye_context_create(NULL, &ctx, &err);
    if (status == MYE_OK)
        status = train(ctx, setting, &err);
    if (status != MYE_OK)
        fprintf(stderr, "error: %s\n", err.message);
    mye_context_free(ctx);
    return status != MYE_OK;
}
