/*
 * AugLocal: supervised local learning with augmented auxiliary networks.
 *
 * A network of n hidden layers is cut into K = n - a modules. Modules 0 .. K - 2 are one hidden layer
 * each and learn from a loss behind an auxiliary network of a_l copied hidden layers and a linear
 * classifier; the last module is what remains, a + 1 hidden layers and the network's classifier,
 * trained by backpropagation. So every module is d + 1 = a + 2 weight layers deep, and a = n - 1 is
 * backpropagation through all of it.
 *
 * Which layers are copied: for hidden layer l, evenly over those behind it,
 *   index_i = round(l + (n - 1 - l) i / a_l), i = 1 .. a_l, ties to even; all of them where fewer remain
 * How many: a straight line from a to (1 - tau) a + tau (pyramidal depth),
 *   a_l = max(1, round(a (1 - l tau / (K - 2)) + l tau / (K - 2)))
 * How images shrink: a copy has the width of its original, and halves the image once for every
 * doubling of the width, at most once a copy (down=width, the released rule), or once for every
 * halving between the originals (down=exact).
 * A batch norm stands before the classifier where a_l <= 1 and layers are residual blocks.
 *
 * select  uniform: as above; sequential: the next layers; repeat: the layer itself again;
 *         conv1x1, conv3x3: convolutions in place of copies (the paper's ablations)
 * top=layer  cuts behind every hidden layer but the last, as the released ImageNet script does
 *
 * Source: Ma, Wu, Si, Tan, "Scaling Supervised Local Learning with Augmented Auxiliary Networks",
 * ICLR 2024 (arXiv 2402.17318); rules read from the authors' code.
 */
#include "depth/auglocal.h"

#include "depth/clone.h"

#include <math.h>
#include <stddef.h>

typedef struct {
    int64_t a, modules, widen;
    double tau;
    int select, down, top, order;
} auglocal_options;

enum { SELECT_UNIFORM, SELECT_SEQUENTIAL, SELECT_REPEAT, SELECT_CONV1, SELECT_CONV3 };
enum { DOWN_WIDTH, DOWN_EXACT };
enum { TOP_JOINT, TOP_LAYER };

static const mye_param params[] = {
    {.name = "a",
     .type = MYE_PARAM_INT,
     .offset = offsetof(auglocal_options, a),
     .def = "2",
     .min = 1,
     .max = MYE_AUGLOCAL_MAX,
     .unit = "",
     .help = "hidden layers of the deepest auxiliary network; the paper counts d = a + 1"},
    {.name = "tau",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(auglocal_options, tau),
     .def = "0.5",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "how far auxiliary networks shrink towards the top (pyramid); 0 = not at all"},
    {.name = "select",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(auglocal_options, select),
     .def = "uniform",
     .choices = "uniform|sequential|repeat|conv1x1|conv3x3",
     .unit = "",
     .help = "which layers are copied"},
    {.name = "down",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(auglocal_options, down),
     .def = "width",
     .choices = "width|exact",
     .unit = "",
     .help = "copies halve images as widths double, or as the originals do"},
    {.name = "top",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(auglocal_options, top),
     .def = "joint",
     .choices = "joint|layer",
     .unit = "",
     .help = "the last module: the a + 1 top layers, or one (released ImageNet script)"},
    {.name = "widen",
     .type = MYE_PARAM_INT,
     .offset = offsetof(auglocal_options, widen),
     .def = "1",
     .min = 1,
     .max = 16,
     .unit = "",
     .help = "factor on the channels of copies"},
    MYE_LOCAL_PARAMS(auglocal_options),
    {.name = NULL},
};

/* ---- depths and selection ---- */

int mye_auglocal_depth(int a, int K, int l, double tau)
{
    if (K <= 2)
        return a;
    const double share = l * tau / (K - 2);
    const double depth = rint(a * (1 - share) + share);
    return depth < 1 ? 1 : (int)depth;
}

int mye_auglocal_select(int n, int l, int a_l, int *index)
{
    const int behind = n - 1 - l;
    const int count = a_l < behind ? a_l : behind;
    for (int i = 1; i <= count; i++) {
        const int q = behind * i / count, rest = behind * i % count;
        const bool up = 2 * rest > count || (2 * rest == count && (l + q) % 2 != 0);
        index[i - 1] = l + q + (up ? 1 : 0);
    }
    return count;
}

/* ---- auxiliary networks ---- */

static int halvings(int from, int to)
{
    int n = 0;
    for (int ratio = from > 0 ? to / from : 0; ratio >= 2; ratio /= 2)
        n++;
    return n;
}

/* What a copy shrinks by is decided layer by layer; what is left over waits for the next. */
typedef struct shrinking {
    int width, h; /* of the original before */
    int debt;
} shrinking;

/* Is the image halved before, or in, the copy of layer j? */
static bool halves(const auglocal_options *o, const mye_cutter *c, int j, bool pooled, shrinking *s)
{
    const int width = mye_layer_width(c, j), h = mye_cutter_shape(c, j).h;
    const bool changed = width != s->width;
    s->debt += o->down == DOWN_WIDTH ? halvings(s->width, width) : halvings(h, s->h);
    s->width = width * (int)o->widen;
    s->h = h;
    if (pooled && o->down == DOWN_WIDTH)
        return changed;
    if (s->debt < 1)
        return false;
    s->debt--;
    return true;
}

static mye_status add_copy(const auglocal_options *o, mye_cutter *c, int j, shrinking *s,
                           mye_tip *tip, mye_error *err)
{
    const bool dense = mye_layer_is_dense(c, j);
    if (dense && !mye_graph_is_flat(c->out, tip->at)) {
        MYE_TRY(mye_graph_chain(c->out, "global_avgpool", &tip->at, err, "%s", ""));
        tip->h = tip->w = 1;
    }
    const bool pooled = !mye_layer_is_residual(c, j) && mye_layers_are_pooled(c);
    const bool half = halves(o, c, j, pooled, s) && !dense && tip->h > 1 && tip->w > 1;
    if (half && pooled)
        MYE_TRY(mye_clone_pool(c, tip, err));
    return mye_clone_layer(c, j, half && !pooled ? 2 : 1, (int)o->widen, tip, err);
}

/* Convolution, batch norm and neuron in place of a copy: the ablations. */
static mye_status add_convolution(const auglocal_options *o, mye_cutter *c, mye_tip *tip,
                                  mye_error *err)
{
    const int kernel = o->select == SELECT_CONV1 ? 1 : 3;
    if (mye_graph_is_flat(c->out, tip->at))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "depth rule 'auglocal' wants images for select=conv1x1 and conv3x3, got a "
                        "vector behind a hidden layer");
    MYE_TRY(mye_graph_chain(c->out, "conv2d", &tip->at, err, "channels=%d,kernel=%d,bias=false",
                            tip->channels * (int)o->widen, kernel));
    tip->channels *= (int)o->widen;
    MYE_TRY(mye_graph_chain(c->out, "batchnorm", &tip->at, err, "%s", ""));
    return mye_graph_chain(c->out, "neuron", &tip->at, err, "%s", "");
}

typedef struct plan {
    const auglocal_options *o;
    int K;
} plan;

static int choose(const plan *p, const mye_cutter *c, int l, int *index)
{
    const int a_l = mye_auglocal_depth((int)p->o->a, p->K, l, p->o->tau);
    const int n = mye_auglocal_select(c->n, l, a_l, index);
    for (int i = 0; i < n; i++)
        if (p->o->select == SELECT_SEQUENTIAL)
            index[i] = l + 1 + i;
        else if (p->o->select == SELECT_REPEAT)
            index[i] = l;
    return n;
}

static mye_status heads(const void *self, mye_cutter *c, int k, int l, int at, mye_head *head,
                        int *n_heads, mye_error *err)
{
    const plan *p = self;
    int index[MYE_AUGLOCAL_MAX];
    const int n = choose(p, c, l, index);
    const mye_shape shape = mye_cutter_shape(c, l);
    mye_tip tip = {at, shape.c, shape.h, shape.w};
    shrinking s = {mye_layer_width(c, l), shape.h, 0};
    const bool convolutions = p->o->select == SELECT_CONV1 || p->o->select == SELECT_CONV3;
    MYE_UNUSED(k);
    for (int i = 0; i < n; i++)
        MYE_TRY(convolutions ? add_convolution(p->o, c, &tip, err)
                             : add_copy(p->o, c, index[i], &s, &tip, err));
    const bool norm = n <= 1 && mye_layer_is_residual(c, c->n - 1) && p->o->top == TOP_JOINT;
    MYE_TRY(mye_cutter_classifier(c, norm, &tip.at, err));
    *head = (mye_head){.output = tip.at, .weight = 1};
    *n_heads = 1;
    return MYE_OK;
}

static mye_status cut(const auglocal_options *o, mye_cutter *c, mye_error *err)
{
    if (o->a > c->n - 1)
        return mye_fail(err, MYE_ERR_ARG,
                        "depth rule 'auglocal' wants a from 1 to %d (the network has %d hidden "
                        "layers), got a=%lld",
                        c->n - 1, c->n, (long long)o->a);
    const int K = o->top == TOP_JOINT ? c->n - (int)o->a : c->n;
    const plan p = {o, K};
    return mye_local_extend(c, K - 1, o->modules, "auglocal", heads, &p, err);
}

static mye_status extend(const void *options, const mye_model *net, mye_graph *out, mye_error *err)
{
    mye_cutter c;
    mye_status st = mye_cutter_begin(&c, net, out, err);
    if (st == MYE_OK)
        st = cut(options, &c, err);
    mye_cutter_end(&c);
    return st;
}

static bool immediate(const void *options)
{
    return ((const auglocal_options *)options)->order == MYE_ORDER_IMMEDIATE;
}

static const char *const variants[] = {"a=1", "a=2", "a=3", "a=4", "a=5",
                                       "a=6", "a=7", "a=8", NULL};

const mye_depth_rule mye_depth_auglocal = {
    .entry = {.name = "auglocal",
              .brief = "modules learn behind auxiliary networks copied from the layers above",
              .source = "Ma et al. 2024, ICLR, arXiv 2402.17318",
              .params = params,
              .options_size = sizeof(auglocal_options)},
    .variants = variants,
    .variants_are_all = true,
    .extend = extend,
    .immediate = immediate,
};
