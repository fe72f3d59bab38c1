/*
 * Notation: networks as the literature writes them, `32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10`.
 *
 *   net     item-item-item...
 *   item    (net)xN or (net)*N: N times | layer | layer(option=value,...)
 *   layer   <n>C<k>[s<stride>][p<padding>][g<groups>]  convolution, padded to keep the size
 *           unless p says otherwise; <n>WC<k>.. the same with standardised weights
 *           BN, tdBN  batch norm; tdBN begins with the default neuron's threshold as weight
 *           AP<k>[s][p], MP<k>[s][p], P<k> (= MP)  pooling, by default stride k; GAP
 *           MPD<k>[s][p]  max pooling of what comes as differences
 *           FC<n>, F<n> or plain <n>  dense, flattened before where it must be; FLATTEN
 *           <n>CT<k>[s<stride>].. transposed convolution, larger by the stride
 *           DO<p> dropout; SCALE(value=2); ID; READOUT
 *           FB(net)  feedback: adds here what `net` makes of the last neurons of the text, one step
 *           later; FB() their spikes themselves
 *           LIF, N  the default neuron; LIF(tau=2), LIF(), IF, PLIF, ..  the neuron of that name
 *
 * Small or capital letters mean the same, but in options. A first number that equals the size of
 * the input may stand for it (784-800-LIF-10). Nothing is implied: no neuron behind a convolution,
 * no last layer. A convolution or dense layer has a bias unless batch norm follows at once.
 */
#include <ctype.h>
#include <string.h>

#include "net/notation.h"

enum { MAX_DEPTH = 8, MAX_REPEAT = 1000 };

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
static const char *take_suffixes(const char *p, const char *end, mye_notation_token *t)
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

static bool split(const char *begin, const char *end, mye_notation_token *t)
{
    const mye_notation_token empty = {begin, end, "", "", "", -1, -1, -1, NULL, 0, false};
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

/* A first number may stand for the input. */
static bool is_input(const mye_notation *r, const mye_notation_token *t)
{
    const mye_graph *g = r->graph;
    int64_t size;
    return t->begin == r->text && r->at == 0 && *t->end == '-' && !t->is_broken && !t->word[0] &&
           !t->options && mye_parse_int(t->number, &size) && size == (int64_t)g->C * g->H * g->W;
}

static mye_status read_layer(mye_notation *r, const char *begin, const char *end)
{
    mye_notation_token t;
    if (begin == end)
        return mye_notation_fail(r, begin, end, "a layer is missing");
    t.is_broken = !split(begin, end, &t);
    return is_input(r, &t) ? MYE_OK : mye_notation_layer(r, &t);
}

/* ---- items ---- */

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
static mye_status read_group(mye_notation *r, const char *begin, const char *end)
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
        return mye_notation_fail(r, begin, end, "a group is repeated 1 to 1000 times: (...)x3");
    if (r->depth >= MAX_DEPTH)
        return mye_notation_fail(r, begin, end, "groups may be nested 8 deep");
    r->depth++;
    for (int64_t i = 0; i < times; i++)
        MYE_TRY(mye_notation_items(r, begin + 1, close - 1));
    r->depth--;
    return MYE_OK;
}

mye_status mye_notation_items(mye_notation *r, const char *begin, const char *end)
{
    for (const char *p = begin;; p++) {
        const char *stop = item_end(p, end);
        if (!stop)
            return mye_notation_fail(r, p, end, "parentheses do not match");
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
    mye_notation r;
    memset(&r, 0, sizeof r);
    r.graph = graph;
    r.text = text;
    r.at = *at;
    r.err = err;
    if (text[0]) {
        const int first = graph->n;
        MYE_TRY(mye_notation_items(&r, text, text + strlen(text)));
        MYE_TRY(mye_notation_settle(&r, false));
        MYE_TRY(mye_notation_close(&r, first));
    }
    *at = r.at;
    return MYE_OK;
}

mye_status mye_notation_read(mye_graph *graph, const char *text, mye_error *err)
{
    int at = graph->n - 1;
    if (!text[0])
        return mye_fail(err, MYE_ERR_ARG, "the description of the network is empty");
    MYE_TRY(mye_notation_append(graph, text, &at, err));
    if (at != graph->n - 1)
        return mye_fail(err, MYE_ERR_ARG,
                        "a network with FB(..) wants a layer behind its last neurons");
    return MYE_OK;
}
