/*
 * What builders share, and the choice between builder, file and notation.
 */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "net/builder.h"

#define X(name) extern const mye_builder mye_builder_##name;
#include "net/builder_list.inc"
MYE_BUILDER_LIST(X)
#undef X

#define X(name) &mye_builder_##name.entry,
static const mye_entry *const entries[] = {MYE_BUILDER_LIST(X) NULL};
#undef X

const mye_kind mye_kind_net = {"net", "what does the network look like?", entries};

/* ---- shared parts ---- */

int mye_builder_channels(int channels, double width)
{
    const int n = (int)lround(channels * width / 8.0) * 8;
    return n < 8 ? 8 : n;
}

void mye_builder_prefix(mye_graph *graph, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(graph->prefix, sizeof graph->prefix, format, args);
    va_end(args);
}

mye_status mye_builder_conv_bn(mye_graph *graph, mye_builder_conv c, int *at, mye_error *err)
{
    MYE_TRY(mye_graph_chain(graph, "conv2d", at, err, "channels=%d,kernel=%d,stride=%d,bias=false",
                            c.channels, c.kernel, c.stride));
    MYE_TRY(mye_graph_chain(graph, "batchnorm", at, err, "%s", ""));
    return c.neuron ? mye_graph_chain(graph, "neuron", at, err, "%s", "") : MYE_OK;
}

mye_status mye_builder_shortcut(mye_graph *graph, mye_builder_conv c, int *at, mye_error *err)
{
    const size_t length = strlen(graph->prefix);
    snprintf(graph->prefix + length, sizeof graph->prefix - length, "shortcut.");
    const mye_status st = mye_builder_conv_bn(graph, c, at, err);
    graph->prefix[length] = '\0';
    return st;
}

mye_status mye_builder_add(mye_graph *graph, int a, int b, int *out, mye_error *err)
{
    const int in[2] = {a, b};
    return mye_graph_add(graph, NULL, "add", "", 2, in, out, err);
}

mye_status mye_builder_head(mye_graph *graph, bool pool, double dropout, int classes, int *at,
                            mye_error *err)
{
    if (pool)
        MYE_TRY(mye_graph_chain(graph, "global_avgpool", at, err, "%s", ""));
    if (!mye_graph_is_flat(graph, *at))
        MYE_TRY(mye_graph_chain(graph, "flatten", at, err, "%s", ""));
    if (dropout > 0.0)
        MYE_TRY(mye_graph_chain(graph, "dropout", at, err, "p=%.6g", dropout));
    return mye_graph_chain(graph, "dense", at, err, "features=%d", classes);
}

mye_status mye_builder_widths(const char *text, int max, int *out, int *n, mye_error *err)
{
    *n = 0;
    for (const char *p = text; *p;) {
        char digits[12];
        int64_t width;
        const size_t length = strcspn(p, "-");
        snprintf(digits, sizeof digits, "%.*s", length < sizeof digits ? (int)length : 0, p);
        if (!mye_parse_int(digits, &width) || width < 1 || width > INT32_MAX)
            return mye_fail(err, MYE_ERR_ARG,
                            "'%s' is not a list of layer sizes such as 800 or 800-400", text);
        if (*n >= max)
            return mye_fail(err, MYE_ERR_ARG, "'%s' has more than %d layer sizes", text, max);
        out[(*n)++] = (int)width;
        p += length;
        if (*p == '-' && !*++p)
            return mye_fail(err, MYE_ERR_ARG, "a layer size is missing at the end of '%s'", text);
    }
    return MYE_OK;
}

mye_status mye_builder_stem(mye_graph *graph, const mye_builder_stages *s, bool stem_norm, int *at,
                            mye_error *err)
{
    const mye_builder_conv c = {s->stem, s->large ? 7 : 3, s->large ? 2 : 1, true};
    if (stem_norm)
        MYE_TRY(mye_builder_conv_bn(graph, c, at, err));
    else
        MYE_TRY(mye_graph_chain(graph, "conv2d", at, err,
                                "channels=%d,kernel=%d,stride=%d,bias=false", c.channels, c.kernel,
                                c.stride));
    if (!s->large)
        return MYE_OK;
    return mye_graph_chain(graph, "maxpool", at, err, "kernel=3,stride=2,padding=1");
}

mye_status mye_builder_blocks(mye_graph *graph, const mye_builder_stages *s, int *at,
                              mye_error *err)
{
    int channels = s->stem;
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->blocks[i]; j++) {
            mye_builder_prefix(graph, "layer%d.%d.", i + 1, j);
            MYE_TRY(s->block(graph, channels, s->channels[i], i > 0 && j == 0 ? 2 : 1, at, err));
            channels = s->channels[i] * (s->expansion > 0 ? s->expansion : 1);
        }
    mye_builder_prefix(graph, "%s", "");
    return MYE_OK;
}

/* ---- which description is it ---- */

static mye_status build_named(mye_graph *graph, const char *net, int classes, mye_error *err)
{
    mye_method method;
    if (classes < 1)
        return mye_fail(err, MYE_ERR_ARG, "the network '%s' needs the number of classes", net);
    MYE_TRY(mye_method_parse(graph->ctx, &mye_kind_net, net, &method, err));
    const mye_builder *builder = (const mye_builder *)(const void *)method.entry;
    const mye_status st = builder->build(method.options, classes, graph, err);
    mye_method_free(graph->ctx, &method);
    graph->prefix[0] = '\0';
    return st;
}

static const char *builder_candidate(const void *arg, size_t i)
{
    MYE_UNUSED(arg);
    return i < sizeof entries / sizeof entries[0] ? (entries[i] ? entries[i]->name : NULL) : NULL;
}

static bool has_suffix(const char *text, const char *suffix)
{
    const size_t n = strlen(text), k = strlen(suffix);
    return n > k && strcmp(text + n - k, suffix) == 0;
}

mye_status mye_graph_describe(mye_graph *graph, const char *net, int classes, mye_error *err)
{
    char name[64];
    const size_t length = strcspn(net, ":");
    snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : 0, net);
    for (const mye_entry *const *e = entries; *e; e++)
        if (strcmp((*e)->name, name) == 0)
            return build_named(graph, net, classes, err);
    if (has_suffix(net, ".yaml") || has_suffix(net, ".yml") || strchr(net, '/'))
        return mye_net_yaml_read(graph, net, err);
    const mye_status st = mye_notation_read(graph, net, err);
    const char *near = st == MYE_ERR_ARG ? mye_nearest(name, builder_candidate, NULL) : NULL;
    if (near)
        mye_hint(err, "did you mean the network '%s'?", near);
    return st;
}
