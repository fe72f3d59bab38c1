#include <string.h>

#include "base/base.h"
#include "cmocka_all.h"
#include "failing.h"
#include "small_tables.h"

static mye_context *ctx;
static mye_error err;

static int open_context(void **state)
{
    (void)state;
    return mye_context_create(&(mye_context_options){.threads = 1}, &ctx, &err) == MYE_OK ? 0 : -1;
}

static int close_context(void **state)
{
    (void)state;
    const size_t live = mye_context_live_bytes(ctx);
    mye_context_free(ctx);
    return live == 0 ? 0 : -1;
}

static mye_yaml *parse(const char *text)
{
    mye_yaml *root;
    if (mye_yaml_parse(ctx, "a.yaml", text, strlen(text), &root, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return root;
}

static void refuses_text(const char *text, const char *message)
{
    mye_yaml *root;
    assert_int_equal(mye_yaml_parse(ctx, "a.yaml", text, strlen(text), &root, &err),
                     MYE_ERR_FORMAT);
    assert_null(root);
    assert_string_equal(err.message, message);
}

static void a_document_becomes_a_tree_with_positions(void **state)
{
    (void)state;
    mye_yaml *root = parse("# comment\nT: 4\nneuron:\n  name: lif\nlist: [1, two]\nnone:\n");
    assert_int_equal(root->type, MYE_YAML_MAPPING);
    assert_int_equal(root->n, 4);
    const mye_yaml *name = mye_yaml_get(mye_yaml_get(root, "neuron"), "name");
    assert_string_equal(name->text, "lif");
    assert_int_equal(name->line, 4);
    assert_int_equal(name->column, 3);
    const mye_yaml *list = mye_yaml_get(root, "list");
    assert_int_equal(list->type, MYE_YAML_SEQUENCE);
    assert_string_equal(list->child[1].text, "two");
    assert_int_equal(list->child[1].line, 5);
    assert_int_equal(list->child[1].column, 11);
    assert_string_equal(mye_yaml_get(root, "none")->text, "");
    assert_null(mye_yaml_get(root, "other"));
    assert_null(mye_yaml_get(list, "other"));
    assert_string_equal(list->source, "a.yaml");
    mye_yaml_free(ctx, root);
    mye_yaml_free(ctx, NULL);
}

static void an_empty_document_is_an_empty_mapping(void **state)
{
    (void)state;
    mye_yaml *root = parse("# nothing\n");
    assert_int_equal(root->type, MYE_YAML_MAPPING);
    assert_int_equal(root->n, 0);
    mye_yaml_free(ctx, root);
}

static void what_is_not_a_plain_tree_is_refused(void **state)
{
    (void)state;
    refuses_text("a: 1\nb: &x 2\n",
                 "a.yaml:2:4: anchors and aliases are not supported; repeat the value");
    refuses_text("a: *x\n", "a.yaml:1:4: anchors and aliases are not supported; repeat the value");
    refuses_text("a: !!int 2\n", "a.yaml:1:4: tags such as 'tag:yaml.org,2002:int' are not "
                                 "supported; types are known");
    refuses_text("a: 1\nb: 2\na: 3\n", "a.yaml:3:1: the key 'a' is given twice");
    refuses_text("a: 1\n---\nb: 2\n", "a.yaml:2:1: more than one document is not supported");
    refuses_text("? [a]\n: 1\n", "a.yaml:1:3: a key wants a plain word, got a list or a mapping");
    refuses_text("a: \"x\\0y\"\n", "a.yaml:1:4: a text with a NUL character is not supported");
    refuses_text("a: [1, 2\nb: 3\n", "a.yaml:2:2: did not find expected ',' or ']' while parsing "
                                     "a flow sequence");
    refuses_text("a: \xff\n", "a.yaml: invalid leading UTF-8 octet at byte 3");
}

static void too_deep_too_many_and_too_long_are_refused(void **state)
{
    static char text[(1 << 20) + 1];
    mye_yaml *root;
    (void)state;
    memset(text, '[', 40);
    text[40] = '\0';
    refuses_text(text, "a.yaml:1:33: more than 32 levels are not supported");
    size_t n = 0;
    text[n++] = '[';
    while (n < 30000) {
        text[n++] = '1';
        text[n++] = ',';
    }
    text[n] = '\0';
    refuses_text(text, "a.yaml:1:20000: more than 10000 values are not supported");
    assert_int_equal(mye_yaml_parse(ctx, "a.yaml", text, sizeof text, &root, &err), MYE_ERR_FORMAT);
    assert_string_equal(err.message, "'a.yaml' has 1048577 bytes, more than the 1048576 allowed");
}

static bool skip_net(const char *key)
{
    return strcmp(key, "net") == 0;
}

static mye_status apply(const char *text, run_options *options)
{
    mye_yaml *root = parse(text);
    assert_int_equal(mye_params_defaults(run_params, options, &err), MYE_OK);
    memset(&err, 0, sizeof err);
    const mye_status status = mye_yaml_apply(root, run_params, options, skip_net, &err);
    mye_yaml_free(ctx, root);
    return status;
}

static void a_mapping_sets_parameters_and_methods(void **state)
{
    run_options o;
    (void)state;
    assert_int_equal(apply("net: 32C3\nT: 8\nflip: no\nlr: 1e-3\n"
                           "neuron:\n  tau: 3\n  name: lif\n  surrogate: {name: atan, alpha: 5}\n"
                           "extra: lif:tau=4\n"
                           "extra.hard: on\n",
                           &o),
                     MYE_OK);
    assert_int_equal(o.steps, 8);
    assert_false(o.flip);
    assert_true(o.lr == 1e-3);
    assert_string_equal(o.neuron, "lif:tau=3,surrogate=(atan:alpha=5)");
    assert_string_equal(o.extra, "lif:tau=4,hard=true");
    assert_int_equal(apply("neuron: {tau: 7}\n", &o), MYE_OK);
    assert_string_equal(o.neuron, "lif:tau=7");
}

static void refuses_apply(const char *text, const char *message, const char *hint)
{
    run_options o;
    assert_int_equal(apply(text, &o), MYE_ERR_FORMAT);
    assert_string_equal(err.message, message);
    assert_string_equal(err.hint, hint);
}

static void wrong_keys_and_values_have_line_column_and_hint(void **state)
{
    (void)state;
    refuses_apply("T: 4\nnueron: lif\n", "a.yaml:2:1: unknown key 'nueron'",
                  "did you mean 'neuron'?");
    refuses_apply("neuron:\n  name: lif\n  tua: 3\n", "a.yaml:3:3: unknown key 'neuron.tua'",
                  "did you mean 'tau'?");
    refuses_apply("neuron:\n  name: lfi\n", "a.yaml:2:3: unknown neuron 'lfi'",
                  "did you mean 'lif'?");
    refuses_apply("T: 0\n", "a.yaml:1:1: T wants a whole number in [1, 1024], got '0'", "");
    refuses_apply("T: [1, 2]\n", "a.yaml:1:1: T wants one value, got a list", "");
    refuses_apply("T: {a: 1}\n", "a.yaml:1:5: unknown key 'T.a': T is a single value", "");
    refuses_apply("neuron: {}\n", "a.yaml:1:1: neuron wants one value, got an empty mapping", "");
    refuses_apply("[1, 2]\n", "a.yaml:1:1: expected 'key: value' lines, got a list", "");
    refuses_apply("word\n", "a.yaml:1:1: expected 'key: value' lines, got a single value", "");
    refuses_apply(
        "neuron: {xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: 1}",
        "a.yaml:1:10: unknown key "
        "'neuron.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'",
        "");
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    static const char text[] = "a: [1, 2, 3, 4, 5]\nb: {c: d}\n";
    failing f = {0};
    const mye_allocator hooks = failing_hooks(&f);
    mye_context *own;
    mye_yaml *root;
    (void)state;
    assert_int_equal(
        mye_context_create(&(mye_context_options){.threads = 1, .allocator = &hooks}, &own, &err),
        MYE_OK);
    const long blocks = f.blocks;
    for (long n = 1;; n++) {
        f.fail_at = f.calls + n;
        const mye_status status = mye_yaml_parse(own, "a.yaml", text, sizeof text - 1, &root, &err);
        if (status == MYE_OK) {
            assert_true(n > 10);
            break;
        }
        assert_int_equal(status, MYE_ERR_NOMEM);
        assert_null(root);
        assert_int_equal(f.blocks, blocks);
    }
    mye_yaml_free(own, root);
    mye_context_free(own);
    assert_int_equal(f.blocks, 0);
}

static void a_file_that_is_missing_gets_one_sentence(void **state)
{
    mye_yaml *root;
    (void)state;
    assert_int_equal(mye_yaml_read(ctx, "no/such.yaml", &root, &err), MYE_ERR_IO);
    assert_string_equal(err.message, "cannot open 'no/such.yaml': No such file or directory");
    assert_null(root);
}

static void a_file_is_read_under_its_name(void **state)
{
    mye_yaml *root;
    mye_file *file;
    (void)state;
    assert_int_equal(mye_file_create(ctx, "test_config.yaml", &file, &err), MYE_OK);
    assert_int_equal(mye_file_write(file, "T: 5\n", 5, &err), MYE_OK);
    assert_int_equal(mye_file_commit(file, &err), MYE_OK);
    assert_int_equal(mye_yaml_read(ctx, "test_config.yaml", &root, &err), MYE_OK);
    assert_string_equal(root->source, "test_config.yaml");
    assert_string_equal(mye_yaml_get(root, "T")->text, "5");
    mye_yaml_free(ctx, root);
    remove("test_config.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_becomes_a_tree_with_positions),
        cmocka_unit_test(an_empty_document_is_an_empty_mapping),
        cmocka_unit_test(what_is_not_a_plain_tree_is_refused),
        cmocka_unit_test(too_deep_too_many_and_too_long_are_refused),
        cmocka_unit_test(a_mapping_sets_parameters_and_methods),
        cmocka_unit_test(wrong_keys_and_values_have_line_column_and_hint),
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
        cmocka_unit_test(a_file_that_is_missing_gets_one_sentence),
        cmocka_unit_test(a_file_is_read_under_its_name),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
