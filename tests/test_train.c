/* The trainer: it learns, does the same with 1 and 2 threads, and says what went wrong. */
#include <errno.h>
#include <math.h>
#include <sys/mount.h>

#include "train_support.h"

#define DATA bars_dir("train_data")

static mye_config config_in(const char *name)
{
    char dir[1024];
    run_dir(name, dir);
    return small_config(DATA, dir);
}

/* A configuration that learns the bars quickly. */
static mye_config learner_in(const char *name)
{
    mye_config c = config_in(name);
    set(&c, "net", "8C3s2-BN-LIF-MP2-FC10");
    set(&c, "encoder", "direct");
    set(&c, "augment", "");
    set(&c, "epochs", "8");
    return c;
}

static void training_learns(void **state)
{
    (void)state;
    const mye_config c = learner_in("train_learns");
    mye_train_result r;
    ASSERT_OK(train(&c, false, 2, NULL, &r, &err));
    assert_true(r.best_test_accuracy >= 0.9);
    assert_true(r.last.train_loss < 1.0);
    assert_true(r.best_epoch >= 1 && r.best_epoch <= 8);
}

static void every_rule_of_the_step_axis_learns(void **state)
{
    (void)state;
    static const char *const rules[] = {"adam:lr=0.01", "adamw:lr=0.01", "sgd:nesterov=true",
                                        "sgd:momentum=0"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        mye_config c = learner_in("train_rules");
        mye_train_result r;
        set(&c, "step", rules[i]);
        set(&c, "clip", "5");
        ASSERT_OK(train(&c, false, 2, NULL, &r, &err));
        assert_true(r.best_test_accuracy >= 0.6);
    }
}

static void losses_and_time_rules_go_together(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"bptt", "ce_step:smoothing=0.1"},   {"bptt:checkpoint=node", "ce_mse"},
        {"bptt:mode=s", "ce_mean"},          {"rate", "ce_mean"},
        {"rate:mode=s", "ce_mean"},          {"sltt", "ce_mean"},
        {"sltt:K=2,rescale=yes", "ce_step"}, {"ottt", "ce_mse"},
        {"ottt:variant=O", "ce_step"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        mye_config c = learner_in("train_pairs");
        mye_train_result r;
        set(&c, "time", pairs[i][0]);
        set(&c, "loss", pairs[i][1]);
        set(&c, "encoder", "rate"); /* another input at every step */
        ASSERT_OK(train(&c, false, 2, NULL, &r, &err));
        assert_true(r.best_test_accuracy >= 0.6);
    }
}

static void one_and_two_threads_end_with_the_same_bytes(void **state)
{
    (void)state;
    const mye_config one = config_in("train_one"), two = config_in("train_two");
    ASSERT_OK(train(&one, false, 1, NULL, NULL, &err));
    ASSERT_OK(train(&two, false, 2, NULL, NULL, &err));
    assert_true(same_file(one.out, two.out, "last.safetensors"));
    assert_true(same_file(one.out, two.out, "best.safetensors"));
}

static void a_run_can_be_repeated_from_its_folder(void **state)
{
    (void)state;
    const mye_config a = config_in("train_first");
    mye_context *ctx = make_context(NULL);
    mye_config b;
    char dir[1024];
    ASSERT_OK(train(&a, false, 1, NULL, NULL, &err));
    ASSERT_OK(mye_config_default(&b, &err));
    ASSERT_OK(mye_config_read(ctx, &b, path_of(3, a.out, "config.yaml"), &err));
    run_dir("train_repeated", dir);
    set(&b, "out", dir);
    ASSERT_OK(train(&b, false, 1, NULL, NULL, &err));
    assert_true(same_file(a.out, dir, "last.safetensors"));
    mye_context_free(ctx);
}

static void a_network_in_a_file_is_kept_with_the_run(void **state)
{
    (void)state;
    mye_config c = config_in("train_file");
    char net[1200];
    static const char yaml[] = "nodes:\n- {op: conv2d, channels: 4, stride: 4}\n"
                               "- {op: neuron}\n- {op: flatten}\n- {op: dense, features: 10}\n";
    snprintf(net, sizeof net, "%s", in_dir(fresh_dir("train_net"), "mine.yaml"));
    write_file(net, yaml, strlen(yaml));
    set(&c, "net", net);
    set(&c, "epochs", "1");
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    assert_int_equal(remove(net), 0);
    mye_context *ctx = make_context(NULL);
    mye_config again;
    ASSERT_OK(mye_config_default(&again, &err));
    ASSERT_OK(mye_config_read(ctx, &again, path_of(3, c.out, "config.yaml"), &err));
    set(&again, "out", c.out);
    set(&again, "epochs", "2");
    ASSERT_OK(train(&again, true, 1, NULL, NULL, &err));
    mye_context_free(ctx);
}

static void training_may_start_from_given_weights(void **state)
{
    (void)state;
    mye_config a = learner_in("train_teacher"), b = learner_in("train_pupil");
    mye_train_result r, s;
    ASSERT_OK(train(&a, false, 2, NULL, &r, &err));
    set(&b, "init", path_of(3, a.out, "best.safetensors"));
    set(&b, "epochs", "1");
    set(&b, "step.lr", "0");
    ASSERT_OK(train(&b, false, 2, NULL, &s, &err));
    assert_true(s.last.test_accuracy > 0.7);
    set(&b, "init", "/nowhere/w.safetensors");
    ASSERT_FAILS(train(&b, false, 2, NULL, &s, &err), MYE_ERR_IO, "/nowhere/w");
}

/* ---- what is told ---- */

typedef struct heard {
    int epochs, train, test;
    double last_rate, processed;
} heard;

static void hear_epoch(void *user, const mye_epoch_result *r)
{
    heard *h = user;
    h->epochs++;
    assert_int_equal(r->epoch, h->epochs);
    assert_int_equal(r->n_rates, 1);
    assert_string_equal(r->rate_name[0], "lif1");
    assert_true(r->rate[0] > 0 && r->rate[0] < 1);
    assert_true(r->train_s > 0 && r->images_per_s > 0);
    assert_true(r->learning_rate <= 0.1 && r->learning_rate > 0);
    h->processed = r->processed;
}

static void hear_progress(void *user, const mye_progress *p)
{
    heard *h = user;
    h->train += strcmp(p->phase, "train") == 0;
    h->test += strcmp(p->phase, "test") == 0;
    assert_true(p->done >= 1 && p->done <= p->total);
    assert_true(p->accuracy >= 0 && p->accuracy <= 1);
    assert_int_equal(p->epochs, 3);
}

static void callbacks_hear_every_epoch(void **state)
{
    (void)state;
    const mye_config c = config_in("train_heard");
    heard h = {0};
    const mye_callbacks callbacks = {.progress = hear_progress, .epoch = hear_epoch, .user = &h};
    mye_train_result r;
    ASSERT_OK(train(&c, false, 1, &callbacks, &r, &err));
    assert_int_equal(h.epochs, 3);
    assert_true(h.train >= 6 && h.test >= 3);
    assert_true(h.processed == 1.0);
    assert_int_equal(r.last.epoch, 3);
}

static void a_run_folder_explains_itself(void **state)
{
    (void)state;
    static const char *const names[] = {"config.yaml",      "net.yaml",         "metrics.jsonl",
                                        "last.safetensors", "best.safetensors", "report.html",
                                        "README.txt"};
    const mye_config c = config_in("train_folder");
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(mye_file_exists(path_of(3, c.out, names[i])));
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_STATE, "holds a run already");
}

static void a_folder_without_a_name_gets_one(void **state)
{
    (void)state;
    char here[1024];
    mye_config c = config_in("train_named");
    set(&c, "out", "");
    set(&c, "epochs", "0");
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(fresh_dir("train_named")), 0);
    mye_context *ctx = make_context(NULL);
    for (int i = 0; i < 2; i++) {
        mye_trainer *t = NULL;
        ASSERT_OK(mye_trainer_create(ctx, &c, false, NULL, &t, &err));
        const char *out = mye_trainer_config(t)->out;
        assert_int_equal(strncmp(out, "runs/20", 7), 0);
        assert_non_null(strstr(out, "4C3s2-BN-LIF"));
        assert_true(mye_file_exists(path_of(3, out, "last.safetensors")));
        mye_trainer_free(t);
    }
    mye_context_free(ctx);
    assert_int_equal(chdir(here), 0);
}

/* ---- memory ---- */

static void the_planned_bytes_are_the_allocated_bytes(void **state)
{
    (void)state;
    mye_config c = learner_in("train_plan");
    set(&c, "net", "32C3-BN-LIF-MP2-32C3-BN-LIF-MP2-FC10");
    set(&c, "epochs", "1");
    /* The test run borrows from the training run, or is too large for that. */
    static const char *const batches[][2] = {{"16", "0"}, {"16", "1"}, {"1", "400"}};
    for (int i = 0; i < 3; i++) {
        set(&c, "batch", batches[i][0]);
        set(&c, "eval_batch", batches[i][1]);
        set(&c, "out", fresh_dir("train_plan"));
        mye_train_result r;
        ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
        const double planned = (double)(r.planned_bytes + r.data_bytes);
        const double slack = 200000; /* the graph, the kernel choice, tables: no arrays */
        assert_true(fabs((double)r.allocated_bytes - planned) < slack);
        assert_true(planned > 10 * slack);
    }
}

static void a_memory_limit_is_kept_or_explained(void **state)
{
    (void)state;
    mye_config c = learner_in("train_limit");
    mye_error err = {0};
    set(&c, "net", "32C3-BN-LIF-MP2-32C3-BN-LIF-MP2-FC10");
    set(&c, "memory", "4M");
    assert_int_equal(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_NOMEM);
    assert_non_null(strstr(err.message, "more than memory 4.00 MiB"));
    assert_non_null(strstr(err.hint, "batch"));
    assert_non_null(strstr(err.hint, "checkpoint=node"));
    set(&c, "memory", "10k");
    assert_int_equal(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_NOMEM);
    assert_non_null(strstr(err.hint, "not enough"));
    set(&c, "memory", "1G");
    set(&c, "epochs", "0");
    assert_int_equal(train(&c, false, 1, NULL, NULL, &err), MYE_OK);
}

static void fitting_keeps_what_fits_and_halves_what_does_not(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    const mye_model_options options = {.net = "32C3-BN-LIF-32C3-BN-LIF-FC10",
                                       .C = 1,
                                       .H = 28,
                                       .W = 28,
                                       .seed = 1,
                                       .static_input = true};
    mye_model *model = NULL;
    mye_plan plan;
    char time[MYE_METHOD_MAX];
    ASSERT_OK(mye_model_create(ctx, &options, &model, &err));
    mye_plan_options o = MYE_PLAN_OPTIONS;
    ASSERT_OK(mye_plan_make(ctx, model, &o, &plan, &err));
    const size_t whole = plan.total_bytes;
    mye_plan_free(ctx, &plan);
    ASSERT_OK(mye_plan_fit(ctx, model, &o, time, whole, &plan, &err));
    assert_int_equal(o.batch, 64);
    assert_string_equal(o.time, "bptt");
    mye_plan_free(ctx, &plan);
    ASSERT_OK(mye_plan_fit(ctx, model, &o, time, whole / 4, &plan, &err));
    assert_true(o.batch < 64 && o.batch >= 8);
    assert_string_equal(o.time, "bptt:checkpoint=node");
    assert_true(plan.total_bytes <= whole / 4);
    mye_plan_free(ctx, &plan);
    o.time = "rate";
    o.batch = 64;
    ASSERT_OK(mye_plan_fit(ctx, model, &o, time, whole / 4, &plan, &err));
    assert_string_equal(o.time, "rate");
    mye_plan_free(ctx, &plan);
    ASSERT_FAILS(mye_plan_fit(ctx, model, &o, time, 1000, &plan, &err), MYE_ERR_NOMEM,
                 "batch of 1");
    mye_model_free(model);
    mye_context_free(ctx);
}

static mye_config one_epoch(const void *of)
{
    mye_config c = config_in("train_memory");
    MYE_UNUSED(of);
    set(&c, "epochs", "1");
    return c;
}

static void want_of_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    refuse_each_allocation(one_epoch, NULL);
}

/* ---- what goes wrong ---- */

static void a_nan_in_a_weight_is_named(void **state)
{
    (void)state;
    const mye_config c = config_in("train_nan");
    mye_context *ctx = make_context(NULL);
    mye_trainer *t = NULL;
    mye_tensor_info info;
    ASSERT_OK(mye_trainer_create(ctx, &c, false, NULL, &t, &err));
    mye_model *m = mye_trainer_model(t);
    const int i = mye_model_tensor_find(m, "fc1.weight");
    assert_true(i >= 0);
    mye_model_tensor(m, i, &info);
    float *values = calloc((size_t)info.count, sizeof *values);
    assert_non_null(values);
    values[3] = NAN;
    mye_model_set(m, i, values);
    free(values);
    ASSERT_FAILS(mye_trainer_run(t, NULL, &err), MYE_ERR_NUMERIC, "fc1.weight");
    mye_trainer_free(t);
    char *text = text_file(c.out, "metrics.jsonl");
    assert_non_null(strstr(text, "\"failed\""));
    assert_non_null(strstr(text, "fc1.weight"));
    mye_free(NULL, text);
    mye_context_free(ctx);
}

static void a_learning_rate_that_is_too_large_ends_with_its_step(void **state)
{
    (void)state;
    mye_config c = config_in("train_diverged");
    mye_error err = {0};
    set(&c, "step", "sgd:lr=1e6,weight_decay=1000");
    set(&c, "schedule", "constant");
    set(&c, "epochs", "50");
    assert_int_equal(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_NUMERIC);
    assert_non_null(strstr(err.message, "step "));
    assert_non_null(strstr(err.message, "epoch "));
    assert_non_null(strstr(err.hint, "learning rate"));
}

static void assert_no_training(const char *key, const char *value, mye_status status,
                               const char *words)
{
    mye_config c = config_in("train_refused");
    set(&c, key, value);
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), status, words);
}

static void what_cannot_be_trained_is_refused_in_one_sentence(void **state)
{
    (void)state;
    assert_no_training("net", "4C3s2-BN-LIF-FC5", MYE_ERR_SHAPE, "5 outputs");
    assert_no_training("data_dir", "/nowhere", MYE_ERR_IO, "/nowhere");
    assert_no_training("augment", "swirl", MYE_ERR_ARG, "swirl");
    assert_no_training("out", "/proc/nothing/here", MYE_ERR_IO, "/proc/nothing");
    assert_no_training("out", "/dev/null/run", MYE_ERR_IO, "/dev/null");
    assert_no_training("schedule", "step:milestones=(5,x)", MYE_ERR_ARG, "milestones");
    mye_config c = config_in("train_refused");
    set(&c, "drop_last", "true");
    set(&c, "batch", "100");
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_ARG, "drop_last");
}

static void a_folder_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        printf("SKIPPED %s: root writes everywhere\n", __func__);
        skip();
    }
    mye_config c = config_in("train_locked");
    char locked[1200];
    snprintf(locked, sizeof locked, "%s", fresh_dir("train_locked"));
    assert_int_equal(chmod(locked, 0500), 0);
    char out[sizeof c.out];
    snprintf(out, sizeof out, "%.400s/run", locked);
    set(&c, "out", out);
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_IO, locked);
    chmod(locked, 0700);
}

/* ---- a full disk ---- */

typedef struct disk {
    char dir[1024], filler[1200];
} disk;

static bool mount_disk(disk *d, const char *name, const char *size)
{
    char options[64];
    snprintf(d->dir, sizeof d->dir, "%s/tests/%s", MYELIN_BINARY_DIR, name);
    while (umount(d->dir) == 0) /* what a test that failed has left */
        continue;
    snprintf(d->dir, sizeof d->dir, "%s", fresh_dir(name));
    snprintf(d->filler, sizeof d->filler, "%s/filler", d->dir);
    snprintf(options, sizeof options, "size=%s", size);
    if (mount("tmpfs", d->dir, "tmpfs", 0, options) == 0)
        return true;
    printf("SKIPPED: cannot mount a small disk: %s\n", strerror(errno));
    return false;
}

/* Writes until the disk says no. */
static void fill_disk(void *user, const mye_epoch_result *r)
{
    const disk *d = user;
    static const char block[4096];
    (void)r;
    FILE *f = fopen(d->filler, "wb");
    assert_non_null(f);
    setbuf(f, NULL);
    while (fwrite(block, 1, sizeof block, f) == sizeof block)
        ;
    fclose(f);
}

static void a_disk_too_small_for_the_first_checkpoint_is_told(void **state)
{
    (void)state;
    disk d;
    if (!mount_disk(&d, "train_tiny", "32k"))
        skip();
    mye_config c = learner_in("train_unused");
    mye_error err = {0};
    set(&c, "net", "32C3-BN-LIF-MP2-32C3-BN-LIF-MP2-FC10");
    set(&c, "out", in_dir(d.dir, "run"));
    const mye_status status = train(&c, false, 1, NULL, NULL, &err);
    umount(d.dir);
    assert_int_equal(status, MYE_ERR_IO);
    assert_non_null(strstr(err.message, "No space left"));
    assert_non_null(strstr(err.hint, "free some space"));
}

static void a_disk_that_fills_up_loses_nothing(void **state)
{
    (void)state;
    disk d;
    const mye_config whole = config_in("train_roomy");
    if (!mount_disk(&d, "train_full", "4m"))
        skip();
    mye_config c = whole;
    mye_error err = {0};
    const mye_callbacks callbacks = {.epoch = fill_disk, .user = &d};
    set(&c, "out", in_dir(d.dir, "run"));
    const mye_status full = train(&c, false, 1, &callbacks, NULL, &err);
    remove(d.filler);
    mye_error again_err = {0};
    const mye_status again = train(&c, true, 1, NULL, NULL, &again_err);
    const mye_status fresh = train(&whole, false, 1, NULL, NULL, NULL);
    const bool same = again == MYE_OK && same_file(whole.out, c.out, "last.safetensors");
    umount(d.dir);
    assert_int_equal(full, MYE_ERR_IO);
    assert_non_null(strstr(err.message, "No space left"));
    if (again != MYE_OK)
        fail_msg("%s", again_err.message);
    assert_int_equal(fresh, MYE_OK);
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_learns),
        cmocka_unit_test(every_rule_of_the_step_axis_learns),
        cmocka_unit_test(losses_and_time_rules_go_together),
        cmocka_unit_test(one_and_two_threads_end_with_the_same_bytes),
        cmocka_unit_test(a_run_can_be_repeated_from_its_folder),
        cmocka_unit_test(a_network_in_a_file_is_kept_with_the_run),
        cmocka_unit_test(training_may_start_from_given_weights),
        cmocka_unit_test(callbacks_hear_every_epoch),
        cmocka_unit_test(a_run_folder_explains_itself),
        cmocka_unit_test(a_folder_without_a_name_gets_one),
        cmocka_unit_test(the_planned_bytes_are_the_allocated_bytes),
        cmocka_unit_test(a_memory_limit_is_kept_or_explained),
        cmocka_unit_test(fitting_keeps_what_fits_and_halves_what_does_not),
        cmocka_unit_test(want_of_memory_leaves_nothing_behind),
        cmocka_unit_test(a_nan_in_a_weight_is_named),
        cmocka_unit_test(a_learning_rate_that_is_too_large_ends_with_its_step),
        cmocka_unit_test(what_cannot_be_trained_is_refused_in_one_sentence),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_named),
        cmocka_unit_test(a_disk_too_small_for_the_first_checkpoint_is_told),
        cmocka_unit_test(a_disk_that_fills_up_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
