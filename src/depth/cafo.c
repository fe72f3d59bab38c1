/*
 * CaFo: the cascaded forward algorithm. A block is a hidden layer and what follows it without
 * multiplying by weights (pooling, batch norm); behind each stands a predictor, a dense layer without
 * bias to the classes, that learns from a loss of its own. No gradient leaves a predictor:
 *
 *   h_b = block_b(h_{b-1}),   Z_b = h_b W_b,   answer = sum over b of vote(Z_b)
 *
 * The last predictor is the network's own classifier. Predictors and votes belong to the network that
 * is saved, so it is an ordinary one. With T steps the votes of the steps are averaged.
 *
 * blocks=random  blocks keep their first weights; a module is a block and its predictor
 * blocks=dfa     module 0 is the network itself, learning by direct feedback (dfa.c); the predictors of
 *                the earlier blocks are a module each and look on
 * vote           softmax, or sparsemax to go with the loss sparsemax_mean
 * fit=gradient   predictors go down the run's loss, by batches and with any step rule
 * fit=closed     predictors are solved by ridge regression on one-hot targets at the end of each epoch
 *                (least_squares.h), from the mean of their input over the steps. What came in earlier epochs is
 *                forgotten: one epoch is all it takes. Batches should be large: features are normalised
 *                by the batch, and at test time by the running statistics.
 * statistics=batch  batch norm never takes running statistics, as in the released code: an answer then
 *                depends on the other samples of its batch. For parity only.
 *
 * Chosen: the paper's code goes down the gradient of the whole training set at once, from weights of
 * 1, with a step of 0.01; here the samples come in batches and weights begin as any dense layer's.
 *
 * Source: Zhao et al., "The Cascaded Forward Algorithm for Neural Network Training", 2023 (arXiv
 * 2303.09728) and its code; blocks by DFA: Przemyslaw11/BeyondBackpropagation.
 */
#include "depth/cutter.h"
#include "neuron/neuron.h"

#include <stddef.h>
#include <string.h>

typedef struct {
    int blocks, vote, fit, statistics;
    double ridge;
} cafo_options;

enum { BLOCKS_RANDOM, BLOCKS_DFA };
enum { FIT_GRADIENT, FIT_CLOSED };
enum { STATISTICS_RUNNING, STATISTICS_BATCH };

#define CHOICE(field, value, all, words)                                                   \
    {                                                                                      \
        .name = #field, .type = MYE_PARAM_CHOICE, .offset = offsetof(cafo_options, field), \
        .def = value, .choices = all, .unit = "", .help = words                            \
    }

static const mye_param params[] = {
    CHOICE(blocks, "random", "random|dfa",
           "random = they stay as they are, dfa = they learn by direct feedback"),
    CHOICE(vote, "softmax", "softmax|sparsemax", "what the answer sums up of each predictor"),
    CHOICE(fit, "gradient", "gradient|closed",
           "predictors learn by gradient, or are solved by ridge regression after each epoch"),
    {.name = "ridge",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(cafo_options, ridge),
     .def = "1e-6",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "fit=closed: ridge, as a share of the mean square of a feature"},
    CHOICE(statistics, "running", "running|batch",
           "of batch norm at test time; batch = of the samples at hand (released code)"),
    {.name = NULL},
};

typedef struct {
    const cafo_options *o;
    mye_cutter c;
    int *logits; /* [c.n] nodes of out: the predictors' outputs       */
    int *inputs; /* [c.n] nodes of out: what the predictors read      */
    int *end;    /* [c.n] nodes of net: the last of each block        */
} cascade;

/* ---- predictors and votes ---- */

static void prefix(cascade *s, int b)
{
    snprintf(s->c.out->prefix, sizeof s->c.out->prefix, "predictor%d.", b + 1);
}

static mye_status add_predictor(cascade *s, int b, int at, mye_error *err)
{
    mye_graph *out = s->c.out;
    prefix(s, b);
    out->frozen = s->o->fit == FIT_CLOSED;
    mye_status st = MYE_OK;
    if (!mye_graph_is_flat(out, at))
        st = mye_graph_chain(out, "flatten", &at, err, "%s", "");
    s->inputs[b] = at;
    if (st == MYE_OK)
        st = mye_graph_chain(out, "dense", &at, err, "features=%d,bias=false",
                             mye_cutter_classes(&s->c));
    s->logits[b] = at;
    out->frozen = false;
    out->prefix[0] = '\0';
    return st;
}

/* Copies nodes of the network; with statistics=batch its batch norms have no other, at test time too. */
static mye_status copy(cascade *s, int last, mye_error *err)
{
    mye_graph *out = s->c.out;
    const int first = out->n;
    MYE_TRY(mye_cutter_copy(&s->c, last, err));
    for (int i = first; s->o->statistics == STATISTICS_BATCH && i < out->n; i++) {
        mye_graph_node *n = &out->node[i];
        const size_t used = strlen(n->options);
        if (strcmp(n->op, "batchnorm") == 0 && used + 16 < sizeof n->options)
            snprintf(n->options + used, sizeof n->options - used, "%stest=batch",
                     used > 0 ? "," : "");
    }
    return MYE_OK;
}

/* A sum of two to eight values at a time, the sum so far among them. */
static mye_status add_votes(cascade *s, int *at, mye_error *err)
{
    int in[MYE_NODE_MAX_IN], n = 0;
    static const char *const vote[] = {"softmax", "sparsemax"};
    for (int b = 0; b < s->c.n; b++) {
        in[n] = s->logits[b];
        prefix(s, b);
        MYE_TRY(mye_graph_chain(s->c.out, vote[s->o->vote], &in[n], err, "%s", ""));
        s->c.out->prefix[0] = '\0';
        if (++n == MYE_NODE_MAX_IN || (b == s->c.n - 1 && n > 1)) {
            MYE_TRY(mye_graph_add(s->c.out, NULL, "add", "", n, in, &in[0], err));
            n = 1;
        }
    }
    *at = in[0];
    return MYE_OK;
}

/* The network's own readout, of the votes in place of the classifier. */
static mye_status finish(cascade *s, mye_error *err)
{
    const mye_model *net = s->c.net;
    MYE_TRY(add_votes(s, &s->c.at[net->node[net->output]->in[0]], err));
    return mye_cutter_copy(&s->c, net->output, err);
}

/* ---- modules ---- */

static mye_status end_module(cascade *s, int b, bool last, mye_error *err)
{
    mye_graph *out = s->c.out;
    mye_head head[MYE_MODULE_MAX_HEADS] = {{.output = s->logits[b], .weight = 1}};
    int n = 1;
    if (last)
        head[n++] = (mye_head){.output = out->n - 1}; /* what the answer is read from */
    if (s->o->fit == FIT_CLOSED)
        head[n++] = (mye_head){.output = s->inputs[b]};
    MYE_TRY(mye_graph_end_module(out, head, n, err));
    if (s->o->fit == FIT_CLOSED)
        out->module[out->n_modules - 1].fit =
            (mye_fit_rule){.node = s->logits[b], .head = n - 1, .ridge = s->o->ridge};
    return MYE_OK;
}

/* What follows the last block, up to the readout. */
static mye_status copy_classifier(cascade *s, mye_error *err)
{
    const mye_model *net = s->c.net;
    const int b = s->c.n - 1, own = net->node[net->output]->in[0];
    s->c.out->frozen = s->o->fit == FIT_CLOSED;
    const mye_status st = copy(s, net->output - 1, err);
    s->c.out->frozen = false;
    s->logits[b] = s->c.at[own];
    s->inputs[b] = s->c.out->node[s->logits[b]].in[0];
    return st;
}

static mye_status random_blocks(cascade *s, mye_error *err)
{
    const int n = s->c.n;
    for (int b = 0; b < n; b++) {
        s->c.out->frozen = true;
        const mye_status st = copy(s, s->end[b], err);
        s->c.out->frozen = false;
        MYE_TRY(st);
        if (b < n - 1)
            MYE_TRY(add_predictor(s, b, s->c.at[s->end[b]], err));
        else
            MYE_TRY(copy_classifier(s, err));
        if (b == n - 1)
            MYE_TRY(finish(s, err));
        MYE_TRY(end_module(s, b, b == n - 1, err));
    }
    return MYE_OK;
}

static mye_status learning_blocks(cascade *s, mye_error *err)
{
    const int n = s->c.n;
    for (int b = 0; b < n - 1; b++) {
        MYE_TRY(copy(s, s->end[b], err));
        s->inputs[b] = s->c.at[s->end[b]];
        MYE_TRY(mye_cutter_direct(&s->c, b, err));
    }
    MYE_TRY(copy_classifier(s, err));
    if (n == 1)
        MYE_TRY(finish(s, err));
    MYE_TRY(end_module(s, n - 1, n == 1, err));
    for (int b = 0; b < n - 1; b++) {
        MYE_TRY(add_predictor(s, b, s->inputs[b], err));
        if (b == n - 2)
            MYE_TRY(finish(s, err));
        MYE_TRY(end_module(s, b, b == n - 2, err));
    }
    return MYE_OK;
}

/* ---- the rule ---- */

/* What the equations cannot solve. */
static mye_status check_closed(const cascade *s, mye_error *err)
{
    const mye_model *net = s->c.net;
    const mye_node *own = net->node[net->node[net->output]->in[0]];
    if (s->o->fit != FIT_CLOSED)
        return MYE_OK;
    if (s->o->blocks == BLOCKS_DFA)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "depth rule 'cafo' solves its predictors for blocks that stand still: "
                        "fit=closed wants blocks=random, got blocks=dfa; train with --depth dfa "
                        "first and begin with its weights (--init)");
    for (int i = s->end[s->c.n - 1] + 1; i < own->index; i++)
        if (net->node[i]->n_weights > 0)
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "depth rule 'cafo' with fit=closed wants one dense layer behind the "
                            "last block, got '%s' (%s) before it",
                            net->node[i]->name, net->node[i]->type->entry.name);
    if (strcmp(own->type->entry.name, "dense") != 0 || own->n_weights != 1)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "depth rule 'cafo' with fit=closed wants a dense classifier without bias, "
                        "got '%s' (%s%s)",
                        own->name, own->neuron ? own->neuron->entry.name : own->type->entry.name,
                        own->n_weights > 1 ? " with bias" : "");
    return MYE_OK;
}

static mye_status begin(cascade *s, mye_error *err)
{
    const size_t n = (size_t)s->c.n;
    s->logits = mye_alloc_array(s->c.net->ctx, 3 * n, sizeof *s->logits);
    if (s->logits == NULL)
        return mye_no_memory(err, 3 * n * sizeof *s->logits, "the list of predictors");
    s->inputs = s->logits + n;
    s->end = s->inputs + n;
    for (int b = 0; b < s->c.n; b++)
        s->end[b] = mye_cutter_block_end(&s->c, b);
    return check_closed(s, err);
}

static mye_status extend(const void *options, const mye_model *net, mye_graph *out, mye_error *err)
{
    cascade s = {.o = options};
    mye_status st = mye_cutter_begin(&s.c, net, out, err);
    if (st == MYE_OK)
        st = begin(&s, err);
    if (st == MYE_OK)
        st = s.o->blocks == BLOCKS_DFA ? learning_blocks(&s, err) : random_blocks(&s, err);
    mye_free(net->ctx, s.logits);
    mye_cutter_end(&s.c);
    return st;
}

/* Predictors know nothing of each other, and so clip their gradients each on its own. */
static bool immediate(const void *options)
{
    return ((const cafo_options *)options)->fit == FIT_GRADIENT;
}

static const char *const variants[] = {"blocks=dfa", NULL};

const mye_depth_rule mye_depth_cafo = {
    .entry = {.name = "cafo",
              .brief = "cascaded forward: a predictor behind each block, and their vote",
              .source = "Zhao et al. 2023, arXiv 2303.09728",
              .params = params,
              .options_size = sizeof(cafo_options)},
    .variants = variants,
    .extend = extend,
    .immediate = immediate,
};
