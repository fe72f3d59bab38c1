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

/* Parses, writes, and compares both forms. */
static void reads(const char *text, const char *brief, const char *full)
{
    mye_method m;
    char out[512];
    if (mye_method_parse(ctx, &kind_neuron, text, &m, &err) != MYE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mye_method_text(&m, false, out, sizeof out, &err), MYE_OK);
    assert_string_equal(out, brief);
    assert_int_equal(mye_method_text(&m, true, out, sizeof out, &err), MYE_OK);
    assert_string_equal(out, full);
    mye_method_free(ctx, &m);
    assert_null(m.entry);
}

static void refuses(const char *text, const char *message, const char *hint)
{
    mye_method m;
    assert_int_equal(mye_method_parse(ctx, &kind_neuron, text, &m, &err), MYE_ERR_ARG);
    assert_string_equal(err.message, message);
    assert_string_equal(err.hint, hint);
    assert_null(m.options);
}

static void text_reads_into_options(void **state)
{
    mye_method m;
    (void)state;
    assert_int_equal(mye_method_parse(ctx, &kind_neuron,
                                      "lif:surrogate=(atan:alpha=3),tau=2.5,note=(a, (b))", &m,
                                      &err),
                     MYE_OK);
    const lif_options *o = m.options;
    assert_ptr_equal(m.entry, &neuron_lif);
    assert_true(o->tau == 2.5 && !o->hard);
    assert_string_equal(o->surrogate, "atan:alpha=3");
    assert_string_equal(o->note, "a, (b)");
    mye_method_free(ctx, &m);
    mye_method_free(ctx, NULL);
}

static void text_is_canonical(void **state)
{
    (void)state;
    reads("if", "if", "if");
    reads("lif", "lif", "lif:tau=2,hard=false,surrogate=atan,note=");
    reads(" lif : hard = on ", "lif:hard=true", "lif:tau=2,hard=true,surrogate=atan,note=");
    reads("(lif:surrogate=((atan:alpha=1)))", "lif:surrogate=(atan:alpha=1)",
          "lif:tau=2,hard=false,surrogate=(atan:alpha=1),note=");
    reads("lif:note=( x )", "lif:note=( x )", "lif:tau=2,hard=false,surrogate=atan,note=( x )");
    reads("lif:note=((x))", "lif:note=((x))", "lif:tau=2,hard=false,surrogate=atan,note=((x))");
    reads("lif:note=a=b", "lif:note=a=b", "lif:tau=2,hard=false,surrogate=atan,note=a=b");
    reads("lif:note=(a)(b)", "lif:note=((a)(b))",
          "lif:tau=2,hard=false,surrogate=atan,note=((a)(b))");
    reads("lif:surrogate.alpha=5", "lif:surrogate=(atan:alpha=5)",
          "lif:tau=2,hard=false,surrogate=(atan:alpha=5),note=");
}

static void wrong_text_gets_one_sentence(void **state)
{
    (void)state;
    refuses("", "neuron wants a name, got nothing", "");
    refuses(":tau=2", "neuron wants a name, got nothing", "");
    refuses("lfi", "unknown neuron 'lfi'", "did you mean 'lif'?");
    refuses("resonator", "unknown neuron 'resonator'", "known: if, lif");
    refuses("lif:", "neuron wants key=value after 'lif', got ''", "");
    refuses("lif:tau", "neuron wants key=value after 'lif', got 'tau'", "");
    refuses("lif:tau=2,,hard=1", "neuron wants key=value after 'lif', got ''", "");
    refuses("lif:=2", "neuron wants key=value after 'lif', got '=2'", "");
    refuses("lif:tau=2,tau=3", "neuron.tau is given twice", "");
    refuses("lif:tau=(2", "neuron has parentheses that do not match in 'lif:tau=(2'", "");
    refuses("lif:tau=2)", "neuron has parentheses that do not match in 'lif:tau=2)'", "");
    refuses("lif:tau=", "neuron.tau wants a number in [1, inf], got ''", "");
    refuses("if:tau=2", "unknown key 'neuron.tau' of a method without parameters", "");
    refuses("lif:surrogate=(atn:alpha=1)", "unknown surrogate 'atn'", "did you mean 'atan'?");
    refuses("lif:surrogate=atan:alpha=-1",
            "neuron.surrogate.alpha wants a number in [0.001, 100], got '-1'", "");
}

static void the_number_of_parameters_is_bounded(void **state)
{
    char text[1000] = "lif:";
    mye_method m;
    (void)state;
    /* Different keys for the same parameter cannot exist; unknown ones end at the first. */
    for (int i = 0; i < 70; i++)
        strcat(text, "a=1,");
    assert_int_equal(mye_method_parse(ctx, &kind_neuron, text, &m, &err), MYE_ERR_ARG);
    assert_string_equal(err.message, "unknown key 'neuron.a'");
}

static void a_small_buffer_is_refused_not_cut(void **state)
{
    mye_method m;
    char out[4];
    (void)state;
    assert_int_equal(mye_method_parse(ctx, &kind_neuron, "lif:tau=3", &m, &err), MYE_OK);
    assert_int_equal(mye_method_text(&m, false, out, sizeof out, &err), MYE_ERR_ARG);
    assert_string_equal(err.message, "the text of 'lif' has 9 bytes, at most 3 fit");
    assert_int_equal(mye_method_text(&m, false, out, 0, &err), MYE_ERR_ARG);
    mye_method_free(ctx, &m);
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    failing f = {0};
    const mye_allocator hooks = failing_hooks(&f);
    const mye_context_options options = {.threads = 1, .allocator = &hooks};
    mye_context *own;
    (void)state;
    assert_int_equal(mye_context_create(&options, &own, &err), MYE_OK);
    const long blocks = f.blocks;
    for (long n = 1;; n++) {
        mye_method m;
        f.fail_at = f.calls + n;
        const mye_status status = mye_method_parse(own, &kind_neuron, "lif:tau=3", &m, &err);
        mye_method_free(own, &m);
        assert_int_equal(f.blocks, blocks);
        if (status == MYE_OK) {
            assert_true(n > 2);
            break;
        }
        assert_int_equal(status, MYE_ERR_NOMEM);
    }
    mye_context_free(own);
    assert_int_equal(f.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_reads_into_options),
        cmocka_unit_test(text_is_canonical),
        cmocka_unit_test(wrong_text_gets_one_sentence),
        cmocka_unit_test(the_number_of_parameters_is_bounded),
        cmocka_unit_test(a_small_buffer_is_refused_not_cut),
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
