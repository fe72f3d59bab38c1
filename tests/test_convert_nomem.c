/*
 * Memory runs out at every place of a conversion: each public function is repeated with its 1st, 2nd,
 * 3rd ... request refused, until it succeeds. It has to say so, give back all it took and leave
 * what was made before as it was.
 */
#include <dirent.h>

#include "convert_support.h"

/* What the functions work on; whatever there is none of is NULL. */
typedef struct bench {
    mye_context *ctx;
    failing requests;
    mye_conversion *c;
    mye_snn *snn;
    const char *method;
} bench;

static const int steps[] = {1, 3};

static const char *folder(void)
{
    static char dir[1024];
    if (!dir[0])
        snprintf(dir, sizeof dir, "%s", fresh_dir("convert_nomem_out"));
    return dir;
}

static int files_in(const char *dir)
{
    int n = -2; /* . and .. */
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

/* ---- the functions, each from nothing to nothing ---- */

static mye_status open_ann(bench *b, mye_conversion **c, mye_error *err)
{
    mye_conversion_options o = MYE_CONVERSION_OPTIONS;
    o.calibrate = 4;
    o.limit = 4;
    o.batch = 3;
    return mye_conversion_open(b->ctx, small_ann("convert_nomem_ann"), &o, NULL, c, err);
}

static mye_status do_open(bench *b, mye_error *err)
{
    mye_conversion *c = NULL;
    const mye_status status = open_ann(b, &c, err);
    assert_true((c != NULL) == (status == MYE_OK));
    mye_conversion_free(c);
    return status;
}

static mye_status do_convert(bench *b, mye_error *err)
{
    mye_snn *snn = NULL;
    const mye_status status = mye_convert(b->c, b->method, &snn, err);
    assert_true((snn != NULL) == (status == MYE_OK));
    mye_snn_free(snn);
    return status;
}

static mye_status do_measure(bench *b, mye_error *err)
{
    const mye_measure_options o = {.steps = steps, .n_steps = 2};
    mye_convert_result r;
    const mye_status status = mye_convert_measure(b->c, b->snn, &o, NULL, &r, err);
    if (status == MYE_OK)
        mye_convert_result_free(b->ctx, &r);
    assert_true(r.point == NULL && r.layer == NULL && r.curve == NULL);
    return status;
}

static mye_status do_verify(bench *b, mye_error *err)
{
    mye_convert_proof p;
    const mye_status status = mye_convert_verify(b->c, "exact", steps, 2, 4, NULL, &p, err);
    if (status == MYE_OK)
        mye_convert_proof_free(b->ctx, &p);
    assert_null(p.row);
    return status;
}

static mye_status do_levels(bench *b, mye_error *err)
{
    mye_convert_budget budget;
    mye_snn *snn = NULL;
    const mye_status status =
        mye_convert_levels(b->c, "aug:levels=4", .5, 2, NULL, &budget, &snn, err);
    assert_true((snn != NULL) == (status == MYE_OK));
    if (status == MYE_OK)
        mye_convert_budget_free(b->ctx, &budget);
    assert_null(budget.layer);
    mye_snn_free(snn);
    return status;
}

static mye_status do_save(bench *b, mye_error *err)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/net.safetensors", folder());
    const mye_status status = mye_convert_save(b->c, b->snn, 4, path, err);
    assert_int_equal(files_in(folder()), status == MYE_OK);
    remove(path);
    return status;
}

/* ---- refusing ---- */

static int channel_histograms(const bench *b)
{
    int n = 0;
    for (int l = 0; b->c != NULL && l < b->c->n_layers; l++)
        n += b->c->layer[l].histogram[TRANSMIT_CHANNEL].count != NULL;
    return n;
}

/* A conversion keeps the histograms it has made: whole ones, of all layers, and no others. */
static void check_what_is_kept(const bench *b, int kept, long blocks, long n)
{
    const int now = channel_histograms(b);
    assert_true(b->c == NULL || now == 0 || now == b->c->n_layers);
    if (b->requests.blocks - blocks != 3 * (now - kept))
        fail_msg("request %ld: %ld blocks more than before", n, b->requests.blocks - blocks);
}

static void refuse_each(bench *b, const char *name, mye_status (*what)(bench *, mye_error *))
{
    mye_status status = MYE_ERR_NOMEM;
    long n = 0;
    while (status != MYE_OK) {
        const int kept = channel_histograms(b);
        const long blocks = b->requests.blocks;
        mye_error why = {0};
        b->requests.calls = 0;
        b->requests.fail_at = ++n;
        status = what(b, &why);
        b->requests.fail_at = 0;
        if (status != MYE_OK && (status != MYE_ERR_NOMEM || why.code != status))
            fail_msg("%s, request %ld: %s: %s", name, n, mye_status_name(status), why.message);
        check_what_is_kept(b, kept, blocks, n);
    }
    print_message("%s: %ld requests\n", name, n - 1);
    assert_true(n > 5);
}

/* ---- tests ---- */

static void set_up(bench *b, bool opened)
{
    small_ann("convert_nomem_ann");
    *b = (bench){NULL};
    b->ctx = make_context(&b->requests);
    if (opened)
        ASSERT_OK(open_ann(b, &b->c, &err));
}

static void tear_down(bench *b)
{
    mye_snn_free(b->snn);
    mye_conversion_free(b->c);
    mye_context_free(b->ctx);
    assert_int_equal(b->requests.blocks, 0);
}

static void opening_fails_cleanly(void **state)
{
    bench b;
    (void)state;
    set_up(&b, false);
    refuse_each(&b, "open", do_open);
    tear_down(&b);
}

static void thresholds_of(bench *b, const char *method, float *theta)
{
    mye_snn *snn = NULL;
    ASSERT_OK(mye_convert(b->c, method, &snn, &err));
    for (int l = 0; l < b->c->n_layers; l++)
        theta[l] = mye_node_find(mye_snn_neuron(snn, l), "theta")->data[0];
    mye_snn_free(snn);
}

static void converting_fails_cleanly_and_says_the_same_afterwards(void **state)
{
    static const char *const methods[] = {"aug",       "calib-advanced", "calib",
                                          "spikenorm", "channel",        "p99:per=channel"};
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        float theta[2][2];
        bench b, undisturbed;
        set_up(&undisturbed, true);
        thresholds_of(&undisturbed, methods[i], theta[0]);
        tear_down(&undisturbed);
        set_up(&b, true);
        b.method = methods[i];
        refuse_each(&b, b.method, do_convert);
        refuse_each(&b, b.method, do_convert); /* with the histograms that it needs */
        thresholds_of(&b, b.method, theta[1]);
        assert_memory_equal(theta[0], theta[1], sizeof theta[0]);
        tear_down(&b);
    }
}

static void measuring_verifying_and_choosing_fail_cleanly(void **state)
{
    bench b;
    (void)state;
    set_up(&b, true);
    ASSERT_OK(mye_convert(b.c, "aug", &b.snn, &err));
    refuse_each(&b, "measure", do_measure);
    refuse_each(&b, "verify", do_verify);
    refuse_each(&b, "levels", do_levels);
    tear_down(&b);
}

static void saving_fails_without_a_file(void **state)
{
    bench b;
    (void)state;
    set_up(&b, true);
    ASSERT_OK(mye_convert(b.c, "aug", &b.snn, &err));
    refuse_each(&b, "save", do_save);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_fails_cleanly),
        cmocka_unit_test(converting_fails_cleanly_and_says_the_same_afterwards),
        cmocka_unit_test(measuring_verifying_and_choosing_fail_cleanly),
        cmocka_unit_test(saving_fails_without_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
