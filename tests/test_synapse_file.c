/* Groups in files: there and back, and files that are none. */
#include "io/safetensors.h"
#include "synapse_support.h"

static const char *path_of(const char *name)
{
    return in_dir(MYELIN_BINARY_DIR "/tests/synapse_file", name);
}

static void a_group_comes_back_as_it_was(void **state)
{
    static const struct {
        const char *psp, *rule, *move;
        double theta, lambda;
    } known[] = {
        {"double-exp", "tempotron", "momentum", 1, 1e-3},
        {"double-exp:tau_m=15,tau_s=3.75", "peak:depress=nearest", "rmsprop:decay=0.9", 0.1, 0.3},
        {"exp:tau_m=7", "mst:tolerance=1e-6", "plain", 1.0 / 3, 1e-17},
    };
    (void)state;
    for (int k = 0; k < COUNT_OF(known); k++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        mye_synapse *back = NULL;
        double v[2][300];
        int32_t count[2][300];
        bench b;
        fresh_dir("synapse_file");
        options.psp = known[k].psp;
        options.rule = known[k].rule;
        options.move = known[k].move;
        options.theta = known[k].theta;
        options.lambda = known[k].lambda;
        options.init_sd = 0.1;
        bench_open(&b, 1, &options);
        mye_synapse_weights(b.s)[7] = 5e-324;
        mye_synapse_weights(b.s)[8] = -0.0;
        ASSERT_OK(mye_synapse_save(b.s, path_of("group"), &err));
        ASSERT_OK(mye_synapse_load(b.ctx, path_of("group"), &back, &err));
        assert_true(mye_synapse_units(back) == B_UNITS && mye_synapse_neurons(back) == B_NEURONS);
        assert_memory_equal(mye_synapse_weights(b.s), mye_synapse_weights(back),
                            B_UNITS * B_NEURONS * sizeof(double));
        assert_string_equal(back->lesson.o.psp, known[k].psp);
        assert_string_equal(back->lesson.o.rule, known[k].rule);
        assert_string_equal(back->lesson.o.move, known[k].move);
        assert_true(back->lesson.o.theta == known[k].theta);
        assert_true(back->lesson.o.lambda == known[k].lambda);
        ASSERT_OK(mye_synapse_respond(b.s, b.set, &(mye_responses){v[0], count[0]}, &err));
        ASSERT_OK(mye_synapse_respond(back, b.set, &(mye_responses){v[1], count[1]}, &err));
        assert_memory_equal(v[0], v[1], sizeof v[0]);
        assert_memory_equal(count[0], count[1], sizeof count[0]);
        ASSERT_OK(mye_synapse_save(back, path_of("group"), &err)); /* over the old one */
        mye_synapse_free(back);
        bench_close(&b);
    }
}

/* A file with what is said, and one wrong thing. */
typedef struct forged {
    const char *key, *value; /* metadata to change; value NULL: left out */
    const char *tensor;
    mye_dtype type;
    int rank;
    mye_status status;
    const char *words;
} forged;

static void write_forged(mye_context *ctx, const char *path, const forged *f)
{
    static const double w[6] = {1, 2, 3, 4, 5, 6};
    const char *const pairs[][2] = {{"kind", "synapse"}, {"psp", "exp"}, {"rule", "peak"},
                                    {"move", "plain"},   {"theta", "1"}, {"lambda", "0.1"}};
    mye_st_pair meta[6];
    int n = 0;
    for (int i = 0; i < 6; i++) {
        const bool is_it = f->key && strcmp(f->key, pairs[i][0]) == 0;
        if (!is_it || f->value)
            meta[n++] = (mye_st_pair){pairs[i][0], is_it ? f->value : pairs[i][1]};
    }
    const mye_st_item item = {.name = f->tensor,
                              .dtype = f->type,
                              .rank = f->rank,
                              .dim = {f->rank == 2 ? 2 : 6, 3},
                              .data = w};
    ASSERT_OK(mye_st_write(ctx, path, &item, 1, meta, n, NULL, &err));
}

static void files_that_hold_no_group_are_refused(void **state)
{
    static const forged files[] = {
        {NULL, NULL, "weight", MYE_DTYPE_F64, 2, MYE_OK, ""},
        {"kind", "model", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "expected neurons"},
        {"kind", NULL, "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "expected neurons"},
        {"psp", NULL, "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "metadata 'psp', got 'none'"},
        {"psp", "alpha", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "forged: unknown psp 'alpha'"},
        {"rule", "", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "rule"},
        {"move", "plain:mu=1", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "mu"},
        {"theta", "one", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "'theta', got 'one'"},
        {"theta", "-1", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "threshold above 0"},
        {"theta", "nan", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "'theta', got 'nan'"},
        {"lambda", "0", "weight", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "lambda"},
        {NULL, NULL, "weights", MYE_DTYPE_F64, 2, MYE_ERR_FORMAT, "got none"},
        {NULL, NULL, "weight", MYE_DTYPE_F64, 1, MYE_ERR_FORMAT, "got another shape"},
        {NULL, NULL, "weight", MYE_DTYPE_F32, 2, MYE_ERR_FORMAT, "F64"},
    };
    mye_context *ctx = make_context(NULL);
    (void)state;
    fresh_dir("synapse_file");
    for (int i = 0; i < COUNT_OF(files); i++) {
        mye_synapse *s = NULL;
        mye_error err = {0};
        write_forged(ctx, path_of("forged"), &files[i]);
        const mye_status status = mye_synapse_load(ctx, path_of("forged"), &s, &err);
        if ((status == MYE_OK) != (files[i].status == MYE_OK) ||
            !strstr(err.message, files[i].words) || (s != NULL) != (status == MYE_OK) ||
            status != files[i].status)
            fail_msg("file %d: %s: %s", i, mye_status_name(status), err.message);
        mye_synapse_free(s);
        assert_int_equal(mye_context_live_bytes(ctx), 0);
    }
    mye_context_free(ctx);
}

/* A file cut at any place, and with any bit turned, is told or read; nothing else happens. */
static void broken_files_are_survived(void **state)
{
    mye_context *ctx = make_context(NULL);
    static const forged good = {NULL, NULL, "weight", MYE_DTYPE_F64, 2, MYE_OK, ""};
    unsigned char bytes[2000], broken[2000];
    int refused = 0, all = 0;
    (void)state;
    fresh_dir("synapse_file");
    write_forged(ctx, path_of("good"), &good);
    FILE *f = fopen(path_of("good"), "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_true(n > 48 && n < sizeof bytes);
    for (size_t i = 0; i < 2 * n; i++) {
        mye_synapse *s = NULL;
        mye_error err = {0};
        const size_t at = i / 2;
        memcpy(broken, bytes, n);
        broken[at] ^= (unsigned char)(1u << (i % 7));
        write_file(path_of("broken"), broken, i % 2 ? at : n);
        const mye_status status = mye_synapse_load(ctx, path_of("broken"), &s, &err);
        assert_true(i % 2 == 0 || status != MYE_OK);
        assert_true((s != NULL) == (status == MYE_OK) && err.code == status);
        refused += status != MYE_OK;
        all++;
        mye_synapse_free(s);
        assert_int_equal(mye_context_live_bytes(ctx), 0);
    }
    print_message("%d of %d refused\n", refused, all);
    ASSERT_FAILS(mye_synapse_load(ctx, path_of("none"), &(mye_synapse *){NULL}, &err), MYE_ERR_IO,
                 "none");
    mye_context_free(ctx);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    bench b;
    (void)state;
    bench_open(&b, 1, &options);
    ASSERT_FAILS(mye_synapse_save(b.s, "/nowhere/group", &err), MYE_ERR_IO, "/nowhere/group");
    bench_close(&b);
}

static void groups_that_cannot_be_are_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_synapse_options o[] = {MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS,
                               MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS,
                               MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS,
                               MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS, MYE_SYNAPSE_OPTIONS};
    static const char *const words[] = {"threshold", "threshold", "lambda",     "lambda",
                                        "decay",     "deviation", "mean",       "epoch",
                                        "batch",     "batch",     "rule 'none", "noise 'fog"};
    mye_synapse *s = NULL;
    (void)state;
    o[0].theta = 0;
    o[1].theta = INFINITY;
    o[2].lambda = -1;
    o[3].lambda = NAN;
    o[4].decay = 1.1;
    o[5].init_sd = -1;
    o[6].init_mean = NAN;
    o[7].epochs = 0;
    o[8].batch = 0;
    o[9].batch = 65537;
    o[10].rule = "none";
    o[11].noise = "jitter fog";
    for (int i = 0; i < COUNT_OF(o); i++)
        ASSERT_FAILS(mye_synapse_create(ctx, 3, 2, &o[i], &s, &err), MYE_ERR_ARG, words[i]);
    static const int bad[][2] = {{0, 1}, {1, 0}, {MYE_UNITS_MAX + 1, 1}, {1, MYE_NEURONS_MAX + 1}};
    const mye_synapse_options fine = MYE_SYNAPSE_OPTIONS;
    for (int i = 0; i < COUNT_OF(bad); i++)
        ASSERT_FAILS(mye_synapse_create(ctx, bad[i][0], bad[i][1], &fine, &s, &err), MYE_ERR_ARG,
                     "a group wants 1 to 1048576 afferents");
    assert_null(s);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_comes_back_as_it_was),
        cmocka_unit_test(files_that_hold_no_group_are_refused),
        cmocka_unit_test(broken_files_are_survived),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told),
        cmocka_unit_test(groups_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
