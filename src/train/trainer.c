/* Making a trainer: data, model, plan, memory, folder. */
#include "train/trainer.h"

#include <string.h>

/* ---- data and model ---- */

static int64_t limited(int64_t n, int64_t limit)
{
    return limit > 0 && limit < n ? limit : n;
}

static mye_status check_pair(const mye_dataset_info *a, const mye_dataset_info *b, mye_error *err)
{
    if (a->n < 1 || b->n < 1)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "data set '%s' has %lld training and %lld test samples", a->name,
                        (long long)a->n, (long long)b->n);
    if (a->C != b->C || a->H != b->H || a->W != b->W)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "data set '%s': training samples are %dx%dx%d, test samples %dx%dx%d",
                        a->name, a->C, a->H, a->W, b->C, b->H, b->W);
    if (a->frames != b->frames)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "data set '%s': training samples have %d frames, test samples %d", a->name,
                        a->frames, b->frames);
    return MYE_OK;
}

static mye_plan_options plan_options(const mye_trainer *t)
{
    const mye_dataset_info *train = mye_dataset_about(t->train), *test = mye_dataset_about(t->test);
    mye_plan_options options = mye_config_plan(&t->config, train->n, test->n);
    options.frames = train->frames;
    options.read_bytes =
        train->read_bytes > test->read_bytes ? train->read_bytes : test->read_bytes;
    return options;
}

static mye_status open_data(mye_trainer *t, mye_error *err)
{
    const mye_config *c = &t->config;
    const char *dir = c->data_dir[0] ? c->data_dir : NULL;
    const int T = (int)c->T;
    MYE_TRY(mye_dataset_open_steps(t->ctx, c->data, dir, "train", T, &t->train, err));
    MYE_TRY(mye_dataset_open_steps(t->ctx, c->data, dir, "test", T, &t->test, err));
    const mye_dataset_info *a = mye_dataset_about(t->train), *b = mye_dataset_about(t->test);
    MYE_TRY(check_pair(a, b, err));
    t->n_train = limited(a->n, c->limit_train);
    t->n_test = limited(b->n, c->limit_test);
    t->per_epoch = c->drop_last ? t->n_train / c->batch : (t->n_train + c->batch - 1) / c->batch;
    if (t->per_epoch == 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "with drop_last a batch of %lld wants at least as many training samples, "
                        "got %lld",
                        (long long)c->batch, (long long)t->n_train);
    t->eval_batch = plan_options(t).eval_batch;
    /* What is allocated from here on was planned; unpacking the data was not. */
    mye_context_restart_peak(t->ctx);
    return MYE_OK;
}

static mye_status make_model(mye_trainer *t, mye_error *err)
{
    const mye_dataset_info *d = mye_dataset_about(t->train);
    const int classes = d->classes > mye_dataset_about(t->test)->classes
                            ? d->classes
                            : mye_dataset_about(t->test)->classes;
    const int64_t n = (int64_t)d->C * d->H * d->W;
    MYE_TRY(mye_input_create(t->ctx, t->config.encoder, d->frames, n, (int)t->config.T, &t->input,
                             err));
    const mye_model_options options = {.net = t->config.net,
                                       .neuron = t->config.neuron,
                                       .C = d->C,
                                       .H = d->H,
                                       .W = d->W,
                                       .classes = classes,
                                       .seed = (uint64_t)t->config.seed,
                                       .static_input = t->input.is_static,
                                       .depth = t->config.depth};
    MYE_TRY(mye_model_create(t->ctx, &options, &t->model, err));
    if (mye_model_classes(t->model) < classes)
        return mye_fail(err, MYE_ERR_SHAPE, "the network has %d outputs, data set '%s' %d classes",
                        mye_model_classes(t->model), d->name, classes);
    t->n_rates = mye_rate_count(t->model);
    t->rate_name = mye_alloc_array(t->ctx, (size_t)t->n_rates + 1, sizeof *t->rate_name);
    t->rate = mye_alloc_array(t->ctx, (size_t)t->n_rates + 1, sizeof *t->rate);
    if (!t->rate_name || !t->rate)
        return mye_no_memory(err, 0, "the firing rates");
    mye_rate_names(t->model, t->rate_name);
    if (t->config.init[0] && !t->is_resumed)
        return mye_weights_load(t->ctx, t->model, t->config.init, err);
    return MYE_OK;
}

/* ---- plan ---- */

static mye_status too_large(mye_trainer *t, mye_error *err)
{
    char need[32], limit[32], less[32], time[MYE_METHOD_MAX];
    mye_plan_options options = plan_options(t);
    mye_plan fits;
    mye_error why = {0};
    const size_t bytes = (size_t)t->config.memory;
    mye_fail(err, MYE_ERR_NOMEM, "this training needs %s, more than memory %s",
             mye_format_bytes(t->plan.total_bytes, need, sizeof need),
             mye_format_bytes(bytes, limit, sizeof limit));
    if (mye_plan_fit(t->ctx, t->model, &options, time, bytes, &fits, &why) != MYE_OK) {
        mye_hint(err, "%.180s", why.message);
        return MYE_ERR_NOMEM;
    }
    mye_hint(err, "batch %d with time %.80s needs %s", options.batch, options.time,
             mye_format_bytes(fits.total_bytes, less, sizeof less));
    mye_plan_free(t->ctx, &fits);
    return MYE_ERR_NOMEM;
}

static mye_status plan(mye_trainer *t, mye_error *err)
{
    const mye_plan_options options = plan_options(t);
    MYE_TRY(mye_plan_make(t->ctx, t->model, &options, &t->plan, err));
    if (t->config.cosine[0])
        MYE_TRY(mye_cosine_plan_make(t->ctx, t->model, &options, &t->plan, &t->beside, err));
    t->is_immediate = mye_plan_is_immediate(t->model, &options);
    t->plan.loader_bytes += mye_input_bytes(&t->input);
    t->plan.total_bytes += mye_input_bytes(&t->input);
    if (t->config.memory > 0 && t->plan.total_bytes > (size_t)t->config.memory)
        return too_large(t, err);
    return MYE_OK;
}

void mye_trainer_show_image(const mye_trainer *t, const float *image, mye_target *target)
{
    const mye_dataset_info *d = mye_dataset_about(t->train);
    if (d->frames > 0)
        return;
    target->image = image;
    target->image_n = (int64_t)d->C * d->H * d->W;
    target->image_channels = d->C;
    if (t->input.type->normalised && d->C <= 4) {
        target->image_mean = d->mean;
        target->image_deviation = d->deviation;
    }
}

/* ---- memory ---- */

mye_run_options mye_trainer_run_options(const mye_trainer *t)
{
    const mye_config *c = &t->config;
    return (mye_run_options){.time = c->time,
                             .loss = c->loss,
                             .T = (int)c->T,
                             .B = (int)c->batch,
                             .training = true,
                             .exact = c->exact,
                             .immediate = t->is_immediate,
                             .tells = mye_sampler_tells(t->sampler, false),
                             .rate_strength = c->rate_strength,
                             .rate_target = c->rate_target};
}

static mye_status make_test_run(mye_trainer *t, mye_run_options options, mye_error *err)
{
    options.training = options.immediate = false;
    options.tells = mye_sampler_tells(t->sampler, true);
    options.B = t->eval_batch;
    options.lender = t->run;
    return mye_run_create(t->ctx, t->model, &options, &t->test_run, err);
}

static mye_status make_runs(mye_trainer *t, mye_error *err)
{
    const mye_config *c = &t->config;
    const bool compares = c->cosine[0] != '\0';
    mye_run_options options = mye_trainer_run_options(t);
    options.profile = c->profile;
    if (compares && t->beside.lends)
        MYE_TRY(mye_trainer_make_reference(t, err));
    if (c->pipeline > 1)
        return make_test_run(t, options, err);
    options.lender = t->reference;
    if (options.immediate)
        MYE_TRY(mye_model_share_gradients(t->model, err));
    MYE_TRY(mye_run_create(t->ctx, t->model, &options, &t->run, err));
    if (compares && !t->beside.lends)
        MYE_TRY(mye_trainer_make_reference(t, err));
    mye_run_set_move(t->run, mye_trainer_move, t);
    return make_test_run(t, options, err);
}

static mye_status make_policies(mye_trainer *t, mye_error *err)
{
    const mye_config *c = &t->config;
    const uint64_t seed = (uint64_t)c->seed;
    const int pool = mye_sampler_pool(t->sampler);
    MYE_TRY(mye_trainer_make_survey(t, err));
    MYE_TRY(mye_stepper_create(t->ctx, t->model, c->step, c->schedule, t->epochs * t->per_epoch,
                               t->per_epoch, &t->stepper, err));
    mye_loader_options options = {.augment = c->augment,
                                  .normalise = t->input.type->normalised,
                                  .batch = pool > 0 ? pool : (int)c->batch,
                                  .seed = seed};
    MYE_TRY(mye_loader_create(t->ctx, t->train, &options, &t->loader, err));
    options.augment = "";
    options.batch = t->eval_batch;
    return mye_loader_create(t->ctx, t->test, &options, &t->test_loader, err);
}

/* ---- folder ---- */

mye_checkpoint mye_trainer_checkpoint(mye_trainer *t)
{
    return (mye_checkpoint){.ctx = t->ctx,
                            .model = t->model,
                            .stepper = t->stepper,
                            .sampler = t->sampler,
                            .run = t->run,
                            .pipeline = t->pipeline,
                            .state = &t->state,
                            .config = &t->config,
                            .data = mye_dataset_about(t->train)};
}

/* The checkpoint is written before the first step: a disk that is full or a folder that cannot be
 * written shows now, and resume works from the beginning. */
static mye_status begin_folder(mye_trainer *t, mye_error *err)
{
    char last[MYE_PATH_MAX];
    const mye_checkpoint checkpoint = mye_trainer_checkpoint(t);
    const mye_metrics_start start = {&t->config, &t->plan, t->model, mye_dataset_about(t->train),
                                     t->n_train, t->n_test};
    mye_metrics_totals none;
    MYE_TRY(mye_folder_make(&t->config, err));
    MYE_TRY(mye_folder_describe(t->ctx, &t->config, t->model, err));
    /* Lines of a run that died before its first checkpoint are of no use. */
    MYE_TRY(mye_metrics_prune(t->ctx, t->config.out, -1, &none, err));
    MYE_TRY(mye_metrics_open(t->ctx, t->config.out, &t->metrics, err));
    MYE_TRY(mye_metrics_begin(t->metrics, &start, err));
    MYE_TRY(mye_path_join(t->config.out, "last.safetensors", last, err));
    return mye_checkpoint_save(&checkpoint, last, err);
}

static mye_status continue_folder(mye_trainer *t, mye_error *err)
{
    char last[MYE_PATH_MAX];
    const mye_checkpoint checkpoint = mye_trainer_checkpoint(t);
    MYE_TRY(mye_path_join(t->config.out, "last.safetensors", last, err));
    MYE_TRY(mye_checkpoint_load(&checkpoint, last, err));
    MYE_TRY(mye_metrics_prune(t->ctx, t->config.out, t->state.epoch, &t->totals, err));
    return mye_metrics_open(t->ctx, t->config.out, &t->metrics, err);
}

/* ---- all together ---- */

static mye_status make(mye_trainer *t, mye_error *err)
{
    if (t->is_resumed && (!t->config.out[0] || !mye_dir_exists(t->config.out)))
        return mye_fail(err, MYE_ERR_IO, "cannot resume: there is no run folder '%s'",
                        t->config.out);
    MYE_TRY(open_data(t, err));
    MYE_TRY(make_model(t, err));
    MYE_TRY(mye_trainer_make_sampler(t, err));
    MYE_TRY(plan(t, err));
    MYE_TRY(make_runs(t, err));
    MYE_TRY(mye_trainer_make_fit(t, err));
    MYE_TRY(make_policies(t, err));
    MYE_TRY(mye_trainer_make_pipeline(t, err));
    MYE_TRY(mye_trainer_make_ways(t, err));
    if (t->config.cosine[0])
        MYE_TRY(mye_trainer_make_cosine(t, err));
    return t->is_resumed ? continue_folder(t, err) : begin_folder(t, err);
}

mye_status mye_trainer_create(mye_context *ctx, const mye_config *config, bool resume,
                              const mye_callbacks *callbacks, mye_trainer **out, mye_error *err)
{
    *out = NULL;
    mye_trainer *t = mye_alloc(ctx, sizeof *t);
    if (!t)
        return mye_no_memory(err, sizeof *t, "a trainer");
    t->ctx = ctx;
    t->config = *config;
    t->is_resumed = resume;
    if (callbacks)
        t->callbacks = *callbacks;
    const mye_status status = make(t, err);
    if (status != MYE_OK) {
        mye_trainer_free(t);
        return status;
    }
    *out = t;
    return MYE_OK;
}

const mye_config *mye_trainer_config(const mye_trainer *t)
{
    return &t->config;
}

const mye_plan *mye_trainer_plan(const mye_trainer *t)
{
    return &t->plan;
}

mye_model *mye_trainer_model(mye_trainer *t)
{
    return t->model;
}

void mye_trainer_free(mye_trainer *t)
{
    if (!t)
        return;
    mye_pipeline_free(t->pipeline); /* its threads go first */
    mye_loader_free(t->loader);
    mye_loader_free(t->test_loader);
    mye_metrics_close(t->metrics);
    mye_stepper_free(t->stepper);
    mye_trainer_free_sampler(t);
    mye_fit_free(t->fit);
    mye_cosine_free(t->cosine);
    mye_run_free(t->test_run); /* who borrows goes before who lends */
    mye_run_free(t->beside.lends ? t->run : t->reference);
    mye_run_free(t->beside.lends ? t->reference : t->run);
    mye_plan_free(t->ctx, &t->plan);
    mye_model_free(t->model);
    mye_input_free(&t->input);
    mye_dataset_free(t->train);
    mye_dataset_free(t->test);
    mye_free(t->ctx, t->way);
    mye_free(t->ctx, t->rate_name);
    mye_free(t->ctx, t->rate);
    mye_free(t->ctx, t);
}
