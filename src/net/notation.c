/*
 * Notation: networks as the literature writes them, `32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10`.
 *
 *   net     item-item-item...
 *   item    (net)xN or (net)*N: N times | layer | layer(option=value,...)
 *   layer   <n>C<k>[s<stride>][p<padding>][g<groups>]  convolution, padded to keep the size
 *           unless p says otherwise; <n>WC<k>.. the same with standardised weights
 *           BN, tdBN  batch norm; tdBN begins with the default neuron's threshold as weight
 *           AP<k>[s][p], MP<k>[s][p], P<k> (= MP)  pooling, by default stride k; GAP
 *           FC<n>, F<n> or plain <n>  dense, flattened before where it must be; FLATTEN
 *           DO<p> dropout; SCALE(value=2); ID; READOUT
 *           LIF, N  the default neuron; LIF(tau=2), LIF(), IF, PLIF, ..  the neuron of that name
 *
 * Small or capital letters mean the same, but in options. A first number that equals the size of
 * the input may stand for it (784-800-LIF-10). Nothing is implied: no neuron behind a convolution,
 * no last layer. A convolution or dense layer has a bias unless batch norm follows at once.
 */
#include <ctype.h>
#include <string.h>

#include "net/graph.h"
#include "neuron/neuron.h"

enum { MAX_DEPTH = 8, MAX_REPEAT = 1000 };

typedef struct reader {
    mye_graph *graph;
    const char *text; /* all of it, for positions           */
    int at;           /* the last node                      */
    int depth;        /* of groups                          */
    bool waiting;     /* `op` waits to see what follows it: */
    bool has_bias;    /* its bias is given as an option     */
    char op[32], options[MYE_METHOD_MAX];
    const char *begin; /* of the waiting layer */
    mye_error *err;
} reader;

/* One layer, taken apart: 64 C 3 s2 p1 (options). */
typedef struct token {
    const char *begin, *end;
    char number[16], word[24], size[16]; /* "64", "c" (small letters), "3" */
    int stride, padding, groups;         /* -1: not given                  */
    const char *options;                 /* NULL: no parentheses           */
    int n_options;
} token;

typedef struct layer_word {
    const char *word, *op;
    mye_status (*add)(reader *r, const struct layer_word *w, const token *t);
    const char *options; /* always given                               */
    const char *needs;   /* how the layer is written, for the message  */
} layer_word;

/* ---- errors ---- */

static mye_status fail_at(reader *r, const char *begin, const char *end, const char *what)
{
    const int length = (int)(end - begin);
    return mye_fail(r->err, MYE_ERR_ARG, "'%.*s%s' at position %d of the network: %s",
                    length > 40 ? 40 : length, begin, length > 40 ? "..." : "",
                    (int)(begin - r->text) + 1, what);
}

/* End of the layer that starts at p: a '-' or ')' outside its own parentheses. */
static const char *layer_end(const char *p)
{
    int open = 0;
    for (; *p && (open > 0 || (*p != '-' && *p != ')')); p++)
        open += (*p == '(') - (*p == ')');
    return p;
}

static mye_status fail_token(reader *r, const token *t, const layer_word *w)
{
    char what[80];
    snprintf(what, sizeof what, "write this layer as %s", w->needs);
    return fail_at(r, t->begin, t->end, what);
}

/* ---- adding nodes ---- */

static mye_status add_node(reader *r, const char *op, const char *options, const char *begin)
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
    fail_at(r, begin, layer_end(begin), cause.message);
    if (cause.hint[0])
        mye_hint(r->err, "%s", cause.hint);
    if (r->err)
        r->err->code = st;
    return st;
}

/* Adds the layer that waited for its bias. */
static mye_status settle(reader *r, bool before_norm)
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
static mye_status add_layer(reader *r, const char *op, const char *options, const token *t)
{
    char text[MYE_METHOD_MAX];
    const int length =
        snprintf(text, sizeof text, "%s%s%.*s", options, options[0] && t->n_options ? "," : "",
                 t->n_options, t->options ? t->options : "");
    if (length < 0 || (size_t)length >= sizeof text - sizeof ",bias=false")
        return fail_at(r, t->begin, t->end, "its options are too long");
    const bool norm = strcmp(op, "batchnorm") == 0;
    MYE_TRY(settle(r, norm));
    if (strcmp(op, "conv2d") != 0 && strcmp(op, "sws_conv2d") != 0 && strcmp(op, "dense") != 0)
        return add_node(r, op, text, t->begin);
    snprintf(r->op, sizeof r->op, "%s", op);
    snprintf(r->options, sizeof r->options, "%s", text);
    r->has_bias = strstr(text, "bias=") != NULL;
    r->begin = t->begin;
    r->waiting = true;
    return MYE_OK;
}

static bool is_bare(const token *t)
{
    return !t->number[0] && !t->size[0] && t->stride < 0 && t->padding < 0 && t->groups < 0;
}

static mye_status add_conv(reader *r, const layer_word *w, const token *t)
{
    char text[MYE_METHOD_MAX];
    if (!t->number[0] || !t->size[0])
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

static mye_status add_pool(reader *r, const layer_word *w, const token *t)
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

static mye_status add_dense(reader *r, const layer_word *w, const token *t)
{
    char text[MYE_METHOD_MAX];
    const char *size = t->word[0] ? t->size : t->number;
    if (!size[0] || (t->word[0] && t->number[0]) || t->stride >= 0 || t->padding >= 0 ||
        t->groups >= 0)
        return fail_token(r, t, w);
    MYE_TRY(settle(r, false));
    if (!mye_graph_is_flat(r->graph, r->at))
        MYE_TRY(add_node(r, "flatten", "", t->begin));
    snprintf(text, sizeof text, "features=%s", size);
    return add_layer(r, w->op, text, t);
}

static mye_status add_dropout(reader *r, const layer_word *w, const token *t)
{
    char text[MYE_METHOD_MAX];
    if (t->number[0] || !t->size[0] || t->stride >= 0 || t->padding >= 0 || t->groups >= 0)
        return fail_token(r, t, w);
    snprintf(text, sizeof text, "p=%s", t->size);
    return add_layer(r, w->op, text, t);
}

static mye_status add_plain(reader *r, const layer_word *w, const token *t)
{
    return is_bare(t) ? add_layer(r, w->op, w->options, t) : fail_token(r, t, w);
}

/* Threshold-dependent: its weight begins as the default neuron's threshold. */
static mye_status add_tdbn(reader *r, const layer_word *w, const token *t)
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

static const layer_word words[] = {
    {"c", "conv2d", add_conv, "", "<channels>C<kernel>, say 64C3 or 64C3s2p1"},
    {"wc", "sws_conv2d", add_conv, "", "<channels>WC<kernel>, say 64WC3"},
    {"bn", "batchnorm", add_plain, "", "BN"},
    {"tdbn", "batchnorm", add_tdbn, "", "tdBN"},
    {"ap", "avgpool", add_pool, "", "AP<kernel>, say AP2"},
    {"mp", "maxpool", add_pool, "", "MP<kernel>, say MP2"},
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

/* ---- taking layers apart ---- */

/* Copies what satisfies `is` and returns the place behind it; too long: NULL. */
static const char *take(const char *p, const char *end, int (*is)(int), char *out, size_t size)
{
    size_t n = 0;
    for (; p < end && is((unsigned char)*p); p++) {
        if (n + 1 >= size)
            return NULL;
        out[n++] = (char)tolower((unsigned char)*p);
    }
    out[n] = '\0';
    return p;
}

static int is_word(int c)
{
    return isalpha(c) || c == '_';
}

static int is_decimal(int c)
{
    return isdigit(c) || c == '.';
}

/* s2, p1, g4 in any order, each once. */
static const char *take_suffixes(const char *p, const char *end, token *t)
{
    while (p && p < end && *p != '(') {
        const int letter = tolower((unsigned char)*p);
        int *value = letter == 's'   ? &t->stride
                     : letter == 'p' ? &t->padding
                     : letter == 'g' ? &t->groups
                                     : NULL;
        char digits[10];
        int64_t number;
        if (!value || *value >= 0)
            return NULL;
        p = take(p + 1, end, isdigit, digits, sizeof digits);
        if (!p || !mye_parse_int(digits, &number) || number > INT32_MAX)
            return NULL;
        *value = (int)number;
    }
    return p;
}

static bool split(const char *begin, const char *end, token *t)
{
    const token empty = {begin, end, "", "", "", -1, -1, -1, NULL, 0};
    *t = empty;
    const char *p = take(begin, end, isdigit, t->number, sizeof t->number);
    if (p)
        p = take(p, end, is_word, t->word, sizeof t->word);
    if (p && t->word[0]) /* a number behind letters is a size */
        p = take(p, end, is_decimal, t->size, sizeof t->size);
    p = take_suffixes(p, end, t);
    if (p && p < end) {
        if (end - p < 2 || end[-1] != ')')
            return false;
        t->options = p + 1;
        t->n_options = (int)(end - 1 - t->options);
    }
    return p != NULL;
}

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

static mye_status fail_unknown(reader *r, const token *t)
{
    char hint[24];
    const mye_status st = fail_at(r, t->begin, t->end, "no layer or neuron is written so");
    const char *near = t->word[0] ? mye_nearest(t->word, word_candidate, NULL) : NULL;
    size_t n = 0;
    for (; near && near[n] && n + 1 < sizeof hint; n++)
        hint[n] = (char)toupper((unsigned char)near[n]);
    hint[n] = '\0';
    if (near)
        mye_hint(r->err, "did you mean %s?", hint);
    return st;
}

static mye_status read_layer(reader *r, const char *begin, const char *end)
{
    token t;
    if (begin == end)
        return fail_at(r, begin, end, "a layer is missing");
    if (!split(begin, end, &t))
        return fail_unknown(r, &t);
    if (!t.word[0] && t.number[0]) {
        const mye_graph *g = r->graph;
        int64_t size;
        if (begin == r->text && r->at == 0 && *end == '-' && mye_parse_int(t.number, &size) &&
            size == (int64_t)g->C * g->H * g->W)
            return MYE_OK;
        static const layer_word number = {"", "dense", add_dense, "", "<features>, say 10"};
        return add_dense(r, &number, &t);
    }
    for (int i = 0; i < N_WORDS; i++)
        if (strcmp(words[i].word, t.word) == 0)
            return words[i].add(r, &words[i], &t);
    if (!mye_neuron_type_find(t.word) || !is_bare(&t))
        return fail_unknown(r, &t);
    /* what is written plainly is what the user may set from outside */
    const bool is_default = strcmp(t.word, "lif") == 0 && !t.options;
    return add_layer(r, is_default ? "neuron" : t.word, "", &t);
}

/* ---- items ---- */

static mye_status read_items(reader *r, const char *begin, const char *end);

/* End of the item that starts at p: a '-' outside parentheses, or the end. NULL: parentheses. */
static const char *item_end(const char *p, const char *end)
{
    int open = 0;
    for (; p < end && (open > 0 || *p != '-'); p++) {
        open += (*p == '(') - (*p == ')');
        if (open < 0)
            return NULL;
    }
    return open == 0 ? p : NULL;
}

/* (net)x3 */
static mye_status read_group(reader *r, const char *begin, const char *end)
{
    char digits[8];
    int64_t times = 0;
    const char *close = end;
    while (close[-1] != ')')
        close--;
    if (close < end && (*close == 'x' || *close == 'X' || *close == '*') &&
        take(close + 1, end, isdigit, digits, sizeof digits) == end)
        mye_parse_int(digits, &times);
    if (times < 1 || times > MAX_REPEAT)
        return fail_at(r, begin, end, "a group is repeated 1 to 1000 times: (...)x3");
    if (r->depth >= MAX_DEPTH)
        return fail_at(r, begin, end, "groups may be nested 8 deep");
    r->depth++;
    for (int64_t i = 0; i < times; i++)
        MYE_TRY(read_items(r, begin + 1, close - 1));
    r->depth--;
    return MYE_OK;
}

static mye_status read_items(reader *r, const char *begin, const char *end)
{
    for (const char *p = begin;; p++) {
        const char *stop = item_end(p, end);
        if (!stop)
            return fail_at(r, p, end, "parentheses do not match");
        if (*p == '(' && p < stop)
            MYE_TRY(read_group(r, p, stop));
        else
            MYE_TRY(read_layer(r, p, stop));
        p = stop;
        if (p == end)
            return MYE_OK;
    }
}

mye_status mye_notation_append(mye_graph *graph, const char *text, int *at, mye_error *err)
{
    reader r;
    memset(&r, 0, sizeof r);
    r.graph = graph;
    r.text = text;
    r.at = *at;
    r.err = err;
    if (text[0]) {
        MYE_TRY(read_items(&r, text, text + strlen(text)));
        MYE_TRY(settle(&r, false));
    }
    *at = r.at;
    return MYE_OK;
}

mye_status mye_notation_read(mye_graph *graph, const char *text, mye_error *err)
{
    int at = graph->n - 1;
    if (!text[0])
        return mye_fail(err, MYE_ERR_ARG, "the description of the network is empty");
    return mye_notation_append(graph, text, &at, err);
}
