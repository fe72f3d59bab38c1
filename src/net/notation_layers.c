/*
 * The layers of the notation: what each word means. See notation.c for how they are written.
 */
#include <ctype.h>
#include <string.h>

#include "net/notation.h"
#include "neuron/neuron.h"

typedef struct layer_word {
    const char *word, *op;
    mye_status (*add)(mye_notation *r, const struct layer_word *w, const mye_notation_token *t);
    const char *options; /* always given                               */
    const char *needs;   /* how the layer is written, for the message  */
} layer_word;

/* ---- errors ---- */

mye_status mye_notation_fail(mye_notation *r, const char *begin, const char *end, const char *what)
{
    char shown[41];
    size_t n = 0;
    for (const char *p = begin; p < end && n + 1 < sizeof shown; p++)
        shown[n++] = iscntrl((unsigned char)*p) ? '?' : *p;
    shown[n] = '\0';
    return mye_fail(r->err, MYE_ERR_ARG, "'%s%s' at position %d of the network: %s", shown,
                    (size_t)(end - begin) > n ? "..." : "", (int)(begin - r->text) + 1, what);
}

/* End of the layer that starts at p: a '-' or ')' outside its own parentheses. */
static const char *layer_end(const char *p)
{
    int open = 0;
    for (; *p && (open > 0 || (*p != '-' && *p != ')')); p++)
        open += (*p == '(') - (*p == ')');
    return p;
}

static mye_status fail_token(mye_notation *r, const mye_notation_token *t, const layer_word *w)
{
    char what[80];
    snprintf(what, sizeof what, "write this layer as %s", w->needs);
    return mye_notation_fail(r, t->begin, t->end, what);
}

/* ---- adding nodes ---- */

static mye_status add_node(mye_notation *r, const char *op, const char *options, const char *begin)
{
    mye_error cause = {MYE_OK, "", ""};
    const mye_status st = mye_graph_add(r->graph, NULL, op, options, 1, &r->at, &r->at, &cause);
    if (st == MYE_OK) {
        r->graph->node[r->at].line = 1;
        r->graph->node[r->at].column = (int)(begin - r->text) + 1;
        return MYE_OK;
    }
    if (st == MYE_ERR_NOMEM)
        return mye_fail(r->err, st, "%s", cause.message);
    mye_notation_fail(r, begin, layer_end(begin), cause.message);
    if (cause.hint[0])
        mye_hint(r->err, "%s", cause.hint);
    if (r->err)
        r->err->code = st;
    return st;
}

/* Adds the layer that waited for its bias. */
mye_status mye_notation_settle(mye_notation *r, bool before_norm)
{
    if (!r->waiting)
        return MYE_OK;
    r->waiting = false;
    if (before_norm && !r->has_bias) {
        const size_t used = strlen(r->options);
        snprintf(r->options + used, sizeof r->options - used, ",bias=false");
    }
    return add_node(r, r->op, r->options, r->begin);
}

/* Options in parentheses go behind those that the notation gives. */
static mye_status add_layer(mye_notation *r, const char *op, const char *options,
                            const mye_notation_token *t)
{
    char text[MYE_METHOD_MAX];
    const int length =
        snprintf(text, sizeof text, "%s%s%.*s", options, options[0] && t->n_options ? "," : "",
                 t->n_options, t->options ? t->options : "");
    if (length < 0 || (size_t)length >= sizeof text - sizeof ",bias=false")
        return mye_notation_fail(r, t->begin, t->end, "its options are too long");
    const bool norm = strcmp(op, "batchnorm") == 0;
    MYE_TRY(mye_notation_settle(r, norm));
    if (strcmp(op, "conv2d") != 0 && strcmp(op, "sws_conv2d") != 0 && strcmp(op, "dense") != 0 &&
        strcmp(op, "conv_transpose2d") != 0)
        return add_node(r, op, text, t->begin);
    snprintf(r->op, sizeof r->op, "%s", op);
    snprintf(r->options, sizeof r->options, "%s", text);
    r->has_bias = strstr(text, "bias=") != NULL;
    r->begin = t->begin;
    r->waiting = true;
    return MYE_OK;
}

static bool is_count(const char *text)
{
    int64_t n;
    return mye_parse_int(text, &n) && n > 0;
}

static bool is_bare(const mye_notation_token *t)
{
    return !t->number[0] && !t->size[0] && t->stride < 0 && t->padding < 0 && t->groups < 0;
}

static mye_status add_conv(mye_notation *r, const layer_word *w, const mye_notation_token *t)
{
    char text[MYE_METHOD_MAX];
    if (!is_count(t->number) || !t->size[0])
        return fail_token(r, t, w);
    int n = snprintf(text, sizeof text, "channels=%s,kernel=%s", t->number, t->size);
    if (t->padding >= 0)
        n += snprintf(text + n, sizeof text - (size_t)n, ",padding=%d", t->padding);
    if (t->stride >= 0)
        n += snprintf(text + n, sizeof text - (size_t)n, ",stride=%d", t->stride);
    if (t->groups >= 0)
        snprintf(text + n, sizeof text - (size_t)n, ",groups=%d", t->groups);
    return add_layer(r, w->op, text, t);
}

static mye_status add_pool(mye_notation *r, const layer_word *w, const mye_notation_token *t)
{
    char text[MYE_METHOD_MAX];
    if (t->number[0] || !t->size[0] || t->groups >= 0)
        return fail_token(r, t, w);
    int n = snprintf(text, sizeof text, "kernel=%s", t->size);
    if (t->stride >= 0)
        n += snprintf(text + n, sizeof text - (size_t)n, ",stride=%d", t->stride);
    if (t->padding >= 0)
        snprintf(text + n, sizeof text - (size_t)n, ",padding=%d", t->padding);
    return add_layer(r, w->op, text, t);
}

static mye_status add_dense(mye_notation *r, const layer_word *w, const mye_notation_token *t)
{
    char text[MYE_METHOD_MAX];
    const char *size = t->word[0] ? t->size : t->number;
    if (!is_count(size) || (t->word[0] && t->number[0]) || t->stride >= 0 || t->padding >= 0 ||
        t->groups >= 0)
        return fail_token(r, t, w);
    MYE_TRY(mye_notation_settle(r, false));
    if (!mye_graph_is_flat(r->graph, r->at))
        MYE_TRY(add_node(r, "flatten", "", t->begin));
    snprintf(text, sizeof text, "features=%s", size);
    return add_layer(r, w->op, text, t);
}

static mye_status add_dropout(mye_notation *r, const layer_word *w, const mye_notation_token *t)
{
    char text[MYE_METHOD_MAX];
    if (t->number[0] || !t->size[0] || t->stride >= 0 || t->padding >= 0 || t->groups >= 0)
        return fail_token(r, t, w);
    snprintf(text, sizeof text, "p=%s", t->size);
    return add_layer(r, w->op, text, t);
}

static mye_status add_plain(mye_notation *r, const layer_word *w, const mye_notation_token *t)
{
    return is_bare(t) ? add_layer(r, w->op, w->options, t) : fail_token(r, t, w);
}

/* Threshold-dependent: its weight begins as the default neuron's threshold. */
static mye_status add_tdbn(mye_notation *r, const layer_word *w, const mye_notation_token *t)
{
    mye_context *ctx = r->graph->ctx;
    mye_method neuron;
    char text[MYE_METHOD_MAX] = "gamma=", *theta = text + strlen(text);
    if (!is_bare(t))
        return fail_token(r, t, w);
    MYE_TRY(mye_method_parse(ctx, &mye_kind_neuron, r->graph->neuron, &neuron, r->err));
    if (!neuron.options || mye_params_get(neuron.entry->params, neuron.options, "theta", theta,
                                          sizeof text - strlen(text), NULL) != MYE_OK)
        text[0] = '\0';
    mye_method_free(ctx, &neuron);
    return add_layer(r, w->op, text, t);
}

/* What it feeds back is read when the last neuron is known. */
static mye_status add_feedback(mye_notation *r, const layer_word *w, const mye_notation_token *t)
{
    if (!is_bare(t) || !t->options)
        return fail_token(r, t, w);
    if (r->n_feedback >= MYE_NOTATION_FEEDBACKS)
        return mye_notation_fail(r, t->begin, t->end, "a network may have 16 feedbacks");
    MYE_TRY(mye_notation_settle(r, false));
    MYE_TRY(add_node(r, w->op, "", t->begin));
    r->feedback[r->n_feedback++] =
        (mye_notation_feedback){r->at, t->options, t->options + t->n_options};
    return MYE_OK;
}

static const layer_word words[] = {
    {"c", "conv2d", add_conv, "", "<channels>C<kernel>, say 64C3 or 64C3s2p1"},
    {"ct", "conv_transpose2d", add_conv, "", "<channels>CT<kernel>, say 64CT3s2"},
    {"fb", "feedback", add_feedback, "", "FB(layers), say FB(64C3), or FB()"},
    {"wc", "sws_conv2d", add_conv, "", "<channels>WC<kernel>, say 64WC3"},
    {"bn", "batchnorm", add_plain, "", "BN"},
    {"tdbn", "batchnorm", add_tdbn, "", "tdBN"},
    {"ap", "avgpool", add_pool, "", "AP<kernel>, say AP2"},
    {"mp", "maxpool", add_pool, "", "MP<kernel>, say MP2"},
    {"mpd", "maxpool_differences", add_pool, "", "MPD<kernel>, say MPD2"},
    {"p", "maxpool", add_pool, "", "P<kernel>, say P2"},
    {"gap", "global_avgpool", add_plain, "", "GAP"},
    {"fc", "dense", add_dense, "", "FC<features>, say FC10"},
    {"f", "dense", add_dense, "", "F<features>, say F10"},
    {"do", "dropout", add_dropout, "", "DO<probability>, say DO0.5"},
    {"flatten", "flatten", add_plain, "", "FLATTEN"},
    {"id", "identity", add_plain, "", "ID"},
    {"scale", "scale", add_plain, "", "SCALE(value=2)"},
    {"readout", "readout", add_plain, "", "READOUT or READOUT(mode=last)"},
    {"n", "neuron", add_plain, "", "N"},
};
enum { N_WORDS = sizeof words / sizeof words[0] };

/* ---- finding the word ---- */

static const char *word_candidate(const void *arg, size_t i)
{
    MYE_UNUSED(arg);
    if (i < N_WORDS)
        return words[i].word;
    const mye_entry *const *entry = mye_kind_neuron.entries;
    for (i -= N_WORDS; *entry && i > 0; i--)
        entry++;
    return *entry ? (*entry)->name : NULL;
}

static mye_status fail_unknown(mye_notation *r, const mye_notation_token *t)
{
    char hint[24];
    const mye_status st =
        mye_notation_fail(r, t->begin, t->end, "no layer or neuron is written so");
    const char *near = t->word[0] ? mye_nearest(t->word, word_candidate, NULL) : NULL;
    size_t n = 0;
    for (; near && near[n] && n + 1 < sizeof hint; n++)
        hint[n] = (char)toupper((unsigned char)near[n]);
    hint[n] = '\0';
    if (near)
        mye_hint(r->err, "did you mean %s?", hint);
    return st;
}

mye_status mye_notation_layer(mye_notation *r, const mye_notation_token *t)
{
    static const layer_word number = {"", "dense", add_dense, "", "<features>, say 10"};
    if (!t->word[0] && t->number[0] && !t->is_broken)
        return add_dense(r, &number, t);
    for (int i = 0; i < N_WORDS; i++)
        if (strcmp(words[i].word, t->word) == 0)
            return t->is_broken ? fail_token(r, t, &words[i]) : words[i].add(r, &words[i], t);
    if (t->is_broken || !mye_neuron_type_find(t->word) || !is_bare(t))
        return fail_unknown(r, t);
    /* what is written plainly is what the user may set from outside */
    const bool is_default = strcmp(t->word, "lif") == 0 && !t->options;
    return add_layer(r, is_default ? "neuron" : t->word, "", t);
}
