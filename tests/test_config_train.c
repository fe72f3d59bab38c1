/* The training configuration: defaults, every key there and back, YAML, messages. */
#include "data_support.h"
#include "myelin/train.h"

/* A value of the key's type that is not its default. */
static void other_value(const mye_param *p, char *out, size_t size)
{
    static const char *const method[][2] = {{"neuron", "lif:tau=3.5"},
                                            {"data", "cifar10"},
                                            {"encoder", "rate"},
                                            {"time", "bptt:checkpoint=node"},
                                            {"cosine", "rate:mode=s"},
                                            {"depth", "global"},
                                            {"sample", "all:shuffle=false"},
                                            {"step", "adamw:lr=0.25"},
                                            {"schedule", "cosine:min=0.5,warmup=2"},
                                            {"loss", "ce_mse:smoothing=0.1"}};
    switch (p->type) {
    case MYE_PARAM_BOOL:
        snprintf(out, size, "%s", strcmp(p->def, "true") == 0 ? "false" : "true");
        return;
    case MYE_PARAM_INT:
        snprintf(out, size, "%d", 7);
        return;
    case MYE_PARAM_FLOAT:
        snprintf(out, size, "%s", "0.1");
        return;
    case MYE_PARAM_BYTES:
        snprintf(out, size, "%d", 123456789);
        return;
    case MYE_PARAM_TEXT:
        /* Everything that YAML might stumble over. */
        snprintf(out, size, "%s",
                 p->size <= 16 ? "avx2" : " - a: b #c 'd' \"e\" \\f, {g} \t \xc3\xa4");
        return;
    default:
        break;
    }
    for (size_t i = 0; i < sizeof method / sizeof *method; i++)
        if (strcmp(method[i][0], p->name) == 0)
            snprintf(out, size, "%s", method[i][1]);
}

static void text_of(const mye_config *c, const char *key, char out[4096])
{
    ASSERT_OK(mye_params_get(mye_config_params(), c, key, out, 4096, &err));
}

static void the_defaults_are_the_documented_ones(void **state)
{
    (void)state;
    mye_config c;
    ASSERT_OK(mye_config_default(&c, &err));
    assert_string_equal(c.net, "32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10");
    assert_string_equal(c.data, "fashion-mnist");
    assert_string_equal(c.time, "bptt");
    assert_string_equal(c.loss, "ce_mean");
    assert_int_equal(c.T, 4);
    assert_int_equal(c.batch, 128);
    assert_int_equal(c.epochs, 10);
    assert_int_equal(c.seed, 1);
    char lr[4096];
    text_of(&c, "step.lr", lr);
    assert_string_equal(lr, "0.1");
    text_of(&c, "step.weight_decay", lr);
    assert_string_equal(lr, "0.0005");
}

static void every_key_is_documented(void **state)
{
    (void)state;
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        assert_non_null(p->help);
        assert_true(strlen(p->help) > 5);
        assert_non_null(p->def);
    }
}

static void every_key_survives_the_way_through_yaml(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    char path[1200], value[4096], a[4096], b[4096], *text = NULL;
    mye_config out, in;
    ASSERT_OK(mye_config_default(&out, &err));
    ASSERT_OK(mye_config_default(&in, &err));
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        other_value(p, value, sizeof value);
        ASSERT_OK(mye_config_set(&out, p->name, value, &err));
    }
    ASSERT_OK(mye_config_text(ctx, &out, &text, &err));
    snprintf(path, sizeof path, "%s", in_dir(fresh_dir("config"), "config.yaml"));
    write_file(path, text, strlen(text));
    ASSERT_OK(mye_config_read(ctx, &in, path, &err));
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        text_of(&out, p->name, a);
        text_of(&in, p->name, b);
        assert_string_equal(a, b);
    }
    assert_memory_equal(&out, &in, sizeof in);
    mye_text_release(ctx, text);
    mye_context_free(ctx);
}

static void dotted_keys_reach_into_methods(void **state)
{
    (void)state;
    mye_config c;
    ASSERT_OK(mye_config_default(&c, &err));
    ASSERT_OK(mye_config_set(&c, "step.lr", "0.5", &err));
    ASSERT_OK(mye_config_set(&c, "loss.smoothing", "0.1", &err));
    assert_string_equal(c.step, "sgd:lr=0.5");
    assert_string_equal(c.loss, "ce_mean:smoothing=0.1");
    ASSERT_FAILS(mye_config_set(&c, "step.rate", "1", &err), MYE_ERR_ARG, "rate");
    ASSERT_FAILS(mye_config_set(&c, "T", "0", &err), MYE_ERR_ARG, "T");
    ASSERT_FAILS(mye_config_set(&c, "time", "bppt", &err), MYE_ERR_ARG, "bppt");
}

static mye_status read_text(mye_context *ctx, mye_config *c, const char *text, mye_error *err)
{
    char path[1200];
    snprintf(path, sizeof path, "%s", in_dir(fresh_dir("config"), "run.yaml"));
    write_file(path, text, strlen(text));
    return mye_config_read(ctx, c, path, err);
}

static void methods_may_be_mappings(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    mye_config c;
    ASSERT_OK(mye_config_default(&c, &err));
    ASSERT_OK(read_text(ctx, &c, "step: {name: adam, lr: 0.02}\nT: 6\n", &err));
    assert_string_equal(c.step, "adam:lr=0.02");
    assert_int_equal(c.T, 6);
    mye_context_free(ctx);
}

static void a_bad_file_says_where_and_changes_nothing(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    mye_config c, before;
    ASSERT_OK(mye_config_default(&c, &err));
    before = c;
    ASSERT_FAILS(read_text(ctx, &c, "T: 6\nbatsch: 3\n", &err), MYE_ERR_FORMAT, "run.yaml:2:1");
    ASSERT_FAILS(read_text(ctx, &c, "epochs: many\n", &err), MYE_ERR_FORMAT, "run.yaml:1");
    ASSERT_FAILS(read_text(ctx, &c, "- T\n", &err), MYE_ERR_FORMAT, "mapping");
    ASSERT_FAILS(mye_config_read(ctx, &c, "/nowhere/run.yaml", &err), MYE_ERR_IO, "/nowhere");
    assert_memory_equal(&c, &before, sizeof c);
    mye_context_free(ctx);
}

static void a_network_file_is_found_beside_the_configuration(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    mye_config c;
    char want[1200];
    ASSERT_OK(mye_config_default(&c, &err));
    ASSERT_OK(read_text(ctx, &c, "net: net.yaml\n", &err));
    snprintf(want, sizeof want, "%s/tests/config/net.yaml", MYELIN_BINARY_DIR);
    assert_string_equal(c.net, want);
    ASSERT_OK(read_text(ctx, &c, "net: /other/net.yaml\n", &err));
    assert_string_equal(c.net, "/other/net.yaml");
    ASSERT_OK(read_text(ctx, &c, "net: vgg11\n", &err));
    assert_string_equal(c.net, "vgg11");
    mye_context_free(ctx);
}

static void want_of_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    failing memory = {0};
    mye_context *ctx = make_context(&memory);
    mye_config c;
    char path[1200], *text = NULL;
    ASSERT_OK(mye_config_default(&c, &err));
    ASSERT_OK(mye_config_text(ctx, &c, &text, &err));
    snprintf(path, sizeof path, "%s", in_dir(fresh_dir("config"), "config.yaml"));
    write_file(path, text, strlen(text));
    mye_text_release(ctx, text);
    const long blocks = memory.blocks;
    mye_status status = MYE_ERR_NOMEM;
    for (long n = 1; status != MYE_OK && n < 500; n++) {
        memory.calls = 0;
        memory.fail_at = n;
        text = NULL;
        status = mye_config_read(ctx, &c, path, NULL);
        if (status == MYE_OK)
            status = mye_config_text(ctx, &c, &text, NULL);
        memory.fail_at = 0;
        assert_true(status == MYE_OK || status == MYE_ERR_NOMEM);
        mye_text_release(ctx, text);
        assert_int_equal(memory.blocks, blocks);
    }
    assert_int_equal(status, MYE_OK);
    mye_context_free(ctx);
}

static void all_kinds_are_found_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"node",    "neuron",   "surrogate", "net",   "dataset",
                                        "augment", "encoder",  "time",      "depth", "sample",
                                        "step",    "schedule", "loss"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const mye_kind *kind = mye_kind_find(names[i]);
        assert_non_null(kind);
        assert_non_null(kind->entries[0]);
    }
    assert_null(mye_kind_find("nothing"));
}

/* Every registered method: its defaults are in range, its text is read back. */
static void every_method_of_every_kind_parses_its_own_text(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    for (const mye_kind *const *k = mye_kinds(); *k; k++)
        for (const mye_entry *const *e = (*k)->entries; *e; e++) {
            char text[2048], again[2048];
            mye_method method = {0};
            ASSERT_OK(mye_method_parse(ctx, *k, (*e)->name, &method, &err));
            ASSERT_OK(mye_method_text(&method, true, text, sizeof text, &err));
            mye_method_free(ctx, &method);
            ASSERT_OK(mye_method_parse(ctx, *k, text, &method, &err));
            ASSERT_OK(mye_method_text(&method, true, again, sizeof again, &err));
            assert_string_equal(text, again);
            mye_method_free(ctx, &method);
            if (e != (*k)->entries)
                assert_true(strcmp(e[-1]->name, (*e)->name) < 0); /* alphabetical */
        }
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_documented_ones),
        cmocka_unit_test(every_key_is_documented),
        cmocka_unit_test(every_key_survives_the_way_through_yaml),
        cmocka_unit_test(dotted_keys_reach_into_methods),
        cmocka_unit_test(methods_may_be_mappings),
        cmocka_unit_test(a_bad_file_says_where_and_changes_nothing),
        cmocka_unit_test(a_network_file_is_found_beside_the_configuration),
        cmocka_unit_test(want_of_memory_leaves_nothing_behind),
        cmocka_unit_test(all_kinds_are_found_by_name),
        cmocka_unit_test(every_method_of_every_kind_parses_its_own_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
