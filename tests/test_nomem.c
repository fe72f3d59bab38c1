/*
 * Memory runs out at every possible place: each public operation is repeated with its 1st, 2nd,
 * 3rd ... allocation refused, until it succeeds. It must say MYE_ERR_NOMEM and give back all it took.
 * Allocations of jansson count too, but for those of its parser. Where the report at a run's end fails, the run does not.
 */
#include <jansson.h>
#include <stdatomic.h>

#include "data_support.h"
#include "myelin/myelin.h"
#include "net/rules.h"

/* Sanitizers make every repetition several times slower: they visit fewer places. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MOST_PLACES 60
#else
#define MOST_PLACES 400
#endif

typedef struct counter {
    atomic_long calls, fail_at; /* fail_at 0: never */
} counter;

static counter shared; /* jansson's hooks take no argument */

static bool refused(void)
{
    return atomic_fetch_add(&shared.calls, 1) + 1 == atomic_load(&shared.fail_at);
}

static void *allocate(void *user, size_t bytes)
{
    (void)user;
    return refused() ? NULL : aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void release(void *user, void *block)
{
    (void)user;
    free(block);
}

/* jansson's parser does not survive a refusal (2.14 writes past its buffer): it is spared. */
static atomic_int parsing;

json_t *__real_json_loadb(const char *text, size_t bytes, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t bytes, size_t flags, json_error_t *error)
{
    atomic_fetch_add(&parsing, 1);
    json_t *root = __real_json_loadb(text, bytes, flags, error);
    atomic_fetch_sub(&parsing, 1);
    return root;
}

static void *json_allocate(size_t bytes)
{
    return atomic_load(&parsing) == 0 && refused() ? NULL : malloc(bytes);
}

static char scratch[600], run_dir[700];
static const char *data_dir;

typedef mye_status (*work)(mye_context *ctx, const void *arg, mye_error *err);

static mye_status attempt(mye_context *ctx, work what, const void *arg, long fail_at)
{
    const size_t live = mye_context_live_bytes(ctx);
    mye_error err = {0};
    atomic_store(&shared.calls, 0);
    atomic_store(&shared.fail_at, fail_at);
    const mye_status status = what(ctx, arg, &err);
    atomic_store(&shared.fail_at, 0);
    if (mye_context_live_bytes(ctx) != live)
        fail_msg("allocation %ld: %zu bytes were left behind", fail_at,
                 mye_context_live_bytes(ctx) - live);
    if (status != MYE_OK && (status != MYE_ERR_NOMEM || err.code != status))
        fail_msg("allocation %ld: %s: %s", fail_at, mye_status_name(status), err.message);
    return status;
}

/* Every place where there are few, else places that lie ever further apart. */
static void fail_everywhere(const char *name, work what, const void *arg)
{
    const mye_allocator hooks = {allocate, release, NULL};
    const mye_context_options options = {.threads = 1, .kernels = "ref", .allocator = &hooks};
    mye_context *ctx = NULL;
    ASSERT_OK(mye_context_create(&options, &ctx, &err));
    assert_int_equal(attempt(ctx, what, arg, 0), MYE_OK);
    const long places = atomic_load(&shared.calls);
    const long stride = (places + MOST_PLACES - 1) / MOST_PLACES;
    int refusals = 0;
    for (long n = 1; n <= places; n += stride)
        refusals += attempt(ctx, what, arg, n) != MYE_OK;
    print_message("%s: %ld allocations, %d refusals reported\n", name, places, refusals);
    assert_true(refusals > 0);
    mye_context_free(ctx);
}

/* ---- operations ---- */

static mye_status open_context(mye_context *unused, const void *arg, mye_error *err)
{
    const mye_allocator hooks = {allocate, release, NULL};
    const mye_context_options options = {.threads = 3, .allocator = &hooks};
    mye_context *ctx = NULL;
    (void)unused;
    (void)arg;
    const mye_status status = mye_context_create(&options, &ctx, err);
    mye_context_free(ctx);
    return status;
}

static mye_status open_dataset(mye_context *ctx, const void *text, mye_error *err)
{
    mye_dataset *data = NULL;
    const mye_status status = mye_dataset_open(ctx, text, data_dir, "train", &data, err);
    mye_dataset_free(data);
    return status;
}

static mye_status make_model(mye_context *ctx, const void *net, mye_error *err)
{
    const mye_model_options options = {.net = net, .C = 3, .H = 32, .W = 32, .classes = 10};
    mye_model *model = NULL;
    char *yaml = NULL;
    mye_status status = mye_model_create(ctx, &options, &model, err);
    if (status == MYE_OK)
        status = mye_model_yaml(model, &yaml, err);
    if (status == MYE_OK)
        mye_model_text_free(model, yaml);
    mye_model_free(model);
    return status;
}

static mye_status plan(mye_context *ctx, const void *time, mye_error *err)
{
    const mye_model_options options = {
        .net = "4C3-BN-LIF-MP2-FC10", .C = 1, .H = 8, .W = 8, .classes = 10};
    mye_plan_options how = MYE_PLAN_OPTIONS;
    mye_model *model = NULL;
    mye_plan made = {0};
    how.time = time;
    mye_status status = mye_model_create(ctx, &options, &model, err);
    if (status == MYE_OK)
        status = mye_plan_make(ctx, model, &how, &made, err);
    mye_plan_free(ctx, &made);
    mye_model_free(model);
    return status;
}

/* A network that a depth rule has cut, its plan and, where it has modules that move at once, a pipeline. */
static mye_status cut(mye_context *ctx, const void *depth, mye_error *err)
{
    const mye_model_options options = {.net = "4C3-BN-LIF-4C3-BN-LIF-MP2-4C3-BN-LIF-FC10",
                                       .C = 1,
                                       .H = 8,
                                       .W = 8,
                                       .classes = 10,
                                       .depth = depth};
    mye_plan_options how = MYE_PLAN_OPTIONS;
    mye_model *model = NULL;
    mye_plan made = {0};
    mye_status status = mye_model_create(ctx, &options, &model, err);
    how.time = "bptt:checkpoint=block";
    how.pipeline = status == MYE_OK && mye_run_can_be_immediate(model, how.time) ? 2 : 1;
    if (status == MYE_OK)
        status = mye_plan_make(ctx, model, &how, &made, err);
    mye_plan_free(ctx, &made);
    if (status == MYE_OK)
        status = mye_model_share_gradients(model, err);
    mye_model_free(model);
    return status;
}

static mye_status configure(mye_config *config, const char *time, mye_error *err)
{
    const char *const setting[] = {"net",      "4C3-BN-LIF-MP4-FC10",
                                   "data",     "mnist",
                                   "data_dir", data_dir,
                                   "out",      run_dir,
                                   "time",     time,
                                   "batch",    "4",
                                   "epochs",   "1",
                                   "T",        "2",
                                   "augment",  "crop:pad=2 mixup",
                                   NULL};
    MYE_TRY(mye_config_default(config, err));
    for (int i = 0; setting[i] != NULL; i += 2)
        MYE_TRY(mye_config_set(config, setting[i], setting[i + 1], err));
    return MYE_OK;
}

static void remove_run(void)
{
    char command[800];
    snprintf(command, sizeof command, "rm -rf '%s'", run_dir);
    assert_int_equal(system(command), 0);
}

static mye_status train_with(mye_context *ctx, const char *time, const char *cosine, mye_error *err)
{
    mye_config config;
    mye_trainer *trainer = NULL;
    mye_train_result result;
    remove_run();
    MYE_TRY(configure(&config, time, err));
    MYE_TRY(mye_config_set(&config, "cosine", cosine, err));
    mye_status status = mye_trainer_create(ctx, &config, false, NULL, &trainer, err);
    if (status == MYE_OK)
        status = mye_trainer_run(trainer, &result, err);
    mye_trainer_free(trainer);
    return status;
}

static mye_status train(mye_context *ctx, const void *time, mye_error *err)
{
    return train_with(ctx, time, "", err);
}

static mye_status compare_gradients(mye_context *ctx, const void *time, mye_error *err)
{
    return train_with(ctx, time, "bptt", err);
}

static mye_status resume(mye_context *ctx, const void *time, mye_error *err)
{
    mye_config config;
    mye_trainer *trainer = NULL;
    MYE_TRY(configure(&config, time, err));
    const mye_status status = mye_trainer_create(ctx, &config, true, NULL, &trainer, err);
    mye_trainer_free(trainer);
    return status;
}

static mye_status classify(mye_context *ctx, const void *folder, mye_error *err)
{
    mye_classifier *net = NULL;
    mye_dataset *data = NULL;
    mye_eval_result result = {0};
    const mye_infer_options four = {.batch = 4};
    mye_status status = mye_classifier_open(ctx, folder, &four, &net, err);
    if (status == MYE_OK)
        status = mye_dataset_open(ctx, "mnist", data_dir, "test", &data, err);
    if (status == MYE_OK)
        status = mye_evaluate(ctx, net, data, NULL, &result, err);
    mye_eval_free(ctx, &result);
    mye_dataset_free(data);
    mye_classifier_free(net);
    return status;
}

static mye_status score(mye_context *ctx, const void *folder, mye_error *err)
{
    mye_classifier *net = NULL;
    mye_dataset *data = NULL;
    mye_scores scores = {0};
    char page[800];
    const mye_infer_options four = {.batch = 4};
    snprintf(page, sizeof page, "%s/samples.html", (const char *)folder);
    mye_status status = mye_classifier_open(ctx, folder, &four, &net, err);
    if (status == MYE_OK)
        status = mye_dataset_open(ctx, "mnist", data_dir, "train", &data, err);
    if (status == MYE_OK)
        status = mye_score_samples(ctx, net, data, NULL, NULL, &scores, err);
    if (status == MYE_OK)
        status = mye_report_scores(ctx, &scores, data, 2, "samples", page, err);
    mye_scores_free(ctx, &scores);
    mye_dataset_free(data);
    mye_classifier_free(net);
    return status;
}

static mye_status report(mye_context *ctx, const void *folder, mye_error *err)
{
    char page[800];
    const char *const folders[] = {folder, folder};
    snprintf(page, sizeof page, "%s/compare.html", (const char *)folder);
    MYE_TRY(mye_report_run(ctx, folder, err));
    return mye_report_compare(ctx, folders, 2, "twice", page, err);
}

static mye_status verify(mye_context *ctx, const void *path, mye_error *err)
{
    mye_verify_result result = {0};
    const mye_status status = mye_verify_file(ctx, path, NULL, &result, err);
    if (status == MYE_OK)
        mye_verify_free(ctx, &result);
    return status;
}

static mye_status gradcheck(mye_context *ctx, const void *net, mye_error *err)
{
    const mye_model_options options = {.net = net, .C = 1, .H = 4, .W = 4, .classes = 3};
    const mye_gradcheck_options how = MYE_GRADCHECK_OPTIONS;
    mye_model *model = NULL;
    mye_gradcheck_item *item = NULL;
    int n = 0;
    mye_status status = mye_model_create(ctx, &options, &model, err);
    if (status == MYE_OK)
        status = mye_gradcheck(ctx, model, &how, &item, &n, err);
    mye_gradcheck_free(ctx, item);
    mye_model_free(model);
    return status;
}

/* ---- tests ---- */

static void a_context_fails_cleanly(void **state)
{
    (void)state;
    fail_everywhere("context", open_context, NULL);
}

static void a_dataset_fails_cleanly(void **state)
{
    (void)state;
    fail_everywhere("mnist", open_dataset, "mnist");
    fail_everywhere("idx", open_dataset,
                    "idx:hold_out=0.5,images=train-images-idx3-ubyte,"
                    "labels=train-labels-idx1-ubyte");
}

static void every_builder_fails_cleanly(void **state)
{
    (void)state;
    const mye_kind *kind = mye_kind_find("net");
    assert_non_null(kind);
    for (const mye_entry *const *e = kind->entries; *e != NULL; e++) {
        char net[160];
        const char *option = "";
        for (const mye_param *p = (*e)->params; p != NULL && p->name != NULL; p++)
            if (strcmp(p->name, "width") == 0)
                option = ":width=0.02";
        snprintf(net, sizeof net, "%s%s", (*e)->name, option);
        fail_everywhere(net, make_model, net);
    }
    fail_everywhere("notation", make_model, "(8C3-BN-LIF)x2-MP2-FC10");
    fail_everywhere("readout of a mean", make_model, "8C3-DSR_LIF-FC10");
}

static void every_depth_rule_fails_cleanly(void **state)
{
    (void)state;
    for (const mye_entry *const *e = mye_kind_find("depth")->entries; *e != NULL; e++)
        fail_everywhere((*e)->name, cut, (*e)->name);
}

static void a_plan_fails_cleanly(void **state)
{
    (void)state;
    fail_everywhere("plan bptt", plan, "bptt");
    fail_everywhere("plan rate", plan, "rate");
    fail_everywhere("plan sltt", plan, "sltt");
}

static void training_and_what_follows_fail_cleanly(void **state)
{
    (void)state;
    fail_everywhere("train rate", train, "rate");
    fail_everywhere("train and compare", compare_gradients, "rate");
    fail_everywhere("train ottt", train, "ottt");
    fail_everywhere("train bptt", train, "bptt");
    fail_everywhere("resume", resume, "bptt");
    fail_everywhere("classify", classify, run_dir);
    fail_everywhere("scores", score, run_dir);
    fail_everywhere("report", report, run_dir);
    remove_run();
}

static void checks_fail_cleanly(void **state)
{
    (void)state;
    fail_everywhere("verify bptt", verify, MYELIN_SOURCE_DIR "/tests/fuzz/corpus/case/conv.json");
    fail_everywhere("verify rate", verify, MYELIN_SOURCE_DIR "/tests/fuzz/corpus/case/mlp.json");
    fail_everywhere("gradcheck", gradcheck, "2C3-LIF(detach_reset=no)-FC3");
}

static int set_up(void **state)
{
    (void)state;
    /* Checkpoints are flushed to the disk: thousands of them want a disk in memory. */
    snprintf(scratch, sizeof scratch, "%s/myelin-nomem-%d",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : MYELIN_BINARY_DIR, (int)getpid());
    snprintf(run_dir, sizeof run_dir, "%s", scratch);
    data_dir = small_mnist("nomem", 10);
    json_set_alloc_funcs(json_allocate, free);
    return 0;
}

/* An argument is a pattern: only the tests that fit it. */
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_fails_cleanly),
        cmocka_unit_test(a_dataset_fails_cleanly),
        cmocka_unit_test(every_builder_fails_cleanly),
        cmocka_unit_test(every_depth_rule_fails_cleanly),
        cmocka_unit_test(a_plan_fails_cleanly),
        cmocka_unit_test(training_and_what_follows_fail_cleanly),
        cmocka_unit_test(checks_fail_cleanly),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
