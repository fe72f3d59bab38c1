/*
 * The ONNX reader's inner parts.
 *
 *   onnx_wire.c    bytes to messages, nesting bounded
 *   onnx_values.c  the file's named values
 *   onnx_attr.c    attributes and inputs of a node
 *   onnx_tensor.c  constants: checked, as floats or as small vectors of whole numbers
 *   onnx_ops.c     the table of operators, and the walk over the nodes
 *   onnx_conv.c, onnx_dense.c, onnx_norm.c, onnx_pool.c, onnx_arith.c,
 *   onnx_shape.c, onnx_whole.c    operators
 *   onnx_model.c   layers to a graph, and a model with its weights
 *
 * Operators write a list of layers first, and the graph is made of that: a bias may come behind its
 * layer (MatMul, then Add), and what the output does not need leaves no node.
 */
#ifndef MYE_ONNX_PARTS_H
#define MYE_ONNX_PARTS_H

#include <onnx.pb-c.h>

#include "io/onnx.h"

enum {
    MYE_ONNX_MAX_RANK = 8,
    MYE_ONNX_MAX_INTS = 8,      /* entries of a vector of whole numbers                    */
    MYE_ONNX_MAX_LAYERS = 4096, /* as many nodes as a graph may have                     */
    MYE_ONNX_MAX_WEIGHTS = 4
};

/* Stands for the number of samples in what is computed from shapes. */
#define MYE_ONNX_BATCH INT64_MIN

typedef enum mye_onnx_kind {
    MYE_ONNX_PROMISED, /* a node that has not been read yet makes it       */
    MYE_ONNX_CONSTANT, /* tensor                                           */
    MYE_ONNX_INTS,     /* ints: a constant that was computed               */
    MYE_ONNX_LAYER     /* what a layer computes from the input             */
} mye_onnx_kind;

typedef struct mye_onnx_ints {
    int n;
    bool is_scalar; /* rank 0, n = 1 */
    int columns;    /* over 0: a matrix, row by row */
    int64_t at[MYE_ONNX_MAX_INTS];
} mye_onnx_ints;

typedef struct mye_onnx_value {
    const char *name;
    int uses; /* by nodes that the output needs; the output itself is one       */
    mye_onnx_kind kind;
    const Onnx__TensorProto *tensor;
    mye_onnx_ints ints;
    /* LAYER: */
    int layer;
    int rank; /* 4: [N, c, h, w]; 2: [N, c h w], an image seen as a vector where h w > 1 */
    int64_t c, h, w;
    int64_t pad_h, pad_w; /* zeros around it that wait for the next convolution or pooling  */
    bool shared;          /* more than one node reads it, under this or another name             */
} mye_onnx_value;

/* One node of the graph to be. */
typedef struct mye_onnx_layer {
    const char *op;
    const Onnx__NodeProto *node; /* of the file, for messages                       */
    char options[192];
    int n_in, in[2]; /* layers; -1: the network's input                 */
    bool has_bias;   /* the op has the option `bias`: true where there is one       */
    bool is_affine;  /* y = a x + b for each channel, ours: the next such one joins it */
    bool is_rectifier;
    float cap; /* of a rectifier, 0: none */
    bool needed;
    int index; /* in the graph                                    */
    int64_t outputs;
    struct {
        const char *role;
        float *data; /* outside layout */
        size_t count;
    } weight[MYE_ONNX_MAX_WEIGHTS];
} mye_onnx_layer;

typedef struct mye_onnx_block {
    struct mye_onnx_block *next;
} mye_onnx_block;

typedef struct mye_onnx {
    mye_context *ctx;
    const char *source;
    mye_error *err;
    ProtobufCAllocator allocator;
    bool out_of_memory; /* while unpacking */
    Onnx__ModelProto *file;
    Onnx__GraphProto *graph; /* the file's */
    int64_t opset, batch;    /* batch: the samples that the file says it takes, or MYE_ONNX_BATCH */
    mye_onnx_value *value;   /* [n_values] sorted by name */
    size_t n_values;
    bool *needed; /* [nodes of the file] */
    mye_onnx_value *input, *output;
    mye_onnx_layer *layer;
    int n_layers, cap_layers;
    mye_onnx_block *block; /* what mye_onnx_take has given, and how many bytes; most: the bound */
    size_t taken, most;
    bool is_greedy; /* that was reached */
} mye_onnx;

typedef mye_status (*mye_onnx_reader)(mye_onnx *r, const Onnx__NodeProto *n);

typedef struct mye_onnx_op {
    const char *name;
    int min_in, max_in;
    const char *attributes; /* "group|strides": any other is refused */
    mye_onnx_reader read;
} mye_onnx_op;

/* ---- onnx_wire.c ---- */

mye_status mye_onnx_unpack(mye_onnx *r, const void *data, size_t bytes);
void mye_onnx_free(mye_onnx *r);
/* Zeroed floats that live as long as the reader; NULL when there is no memory, or when a small file
 * wants a lot of it (mye_onnx_no_memory knows which). */
float *mye_onnx_take(mye_onnx *r, size_t count);

/* ---- onnx_values.c ---- */

/* Lists all names, finds input and output, and what the output needs. */
mye_status mye_onnx_values_list(mye_onnx *r);
/* NULL: there is no such name. */
mye_onnx_value *mye_onnx_find(const mye_onnx *r, const char *name);
/* A name as messages show it: printable, and not too long. */
typedef struct mye_onnx_label {
    char text[64];
} mye_onnx_label;
mye_onnx_label mye_onnx_label_of(const char *name);
mye_onnx_label mye_onnx_node_label(const Onnx__NodeProto *n);
/* "FILE: ..." */
mye_status mye_onnx_fail(mye_onnx *r, mye_status code, const char *format, ...) MYE_PRINTF(3, 4);
/* "FILE: node 'NAME' (Operator) ..." */
mye_status mye_onnx_node_fail(mye_onnx *r, const Onnx__NodeProto *n, mye_status code,
                              const char *format, ...) MYE_PRINTF(4, 5);
mye_status mye_onnx_no_memory(mye_onnx *r, size_t count);

/* ---- onnx_attr.c ---- */

/* All attributes are among the operator's, none twice, none a graph. */
mye_status mye_onnx_attributes_check(mye_onnx *r, const Onnx__NodeProto *n, const char *known);
const Onnx__AttributeProto *mye_onnx_attribute(const Onnx__NodeProto *n, const char *name);
/* Values of attributes, `dflt` where there is none. */
mye_status mye_onnx_int(mye_onnx *r, const Onnx__NodeProto *n, const char *name, int64_t dflt,
                        int64_t *out);
mye_status mye_onnx_float(mye_onnx *r, const Onnx__NodeProto *n, const char *name, float dflt,
                          float *out);
mye_status mye_onnx_text(mye_onnx *r, const Onnx__NodeProto *n, const char *name, const char *dflt,
                         char out[32]);
/* Exactly `count` numbers from `min` to INT32_MAX; none: all `dflt`. */
mye_status mye_onnx_numbers(mye_onnx *r, const Onnx__NodeProto *n, const char *name, int count,
                            int64_t min, int64_t dflt, int64_t *out);
/* Refuses an attribute that is not `wanted`, its default. */
mye_status mye_onnx_must_be(mye_onnx *r, const Onnx__NodeProto *n, const char *name,
                            int64_t wanted);
/* Does the node have a k-th input? */
bool mye_onnx_has_input(const Onnx__NodeProto *n, size_t k);
/* The k-th input, known already. */
mye_status mye_onnx_input(mye_onnx *r, const Onnx__NodeProto *n, size_t k, mye_onnx_value **out);
/* The same where it must come from the network's input; rank 0: any; `pads`: with zeros around it. */
mye_status mye_onnx_layer_input(mye_onnx *r, const Onnx__NodeProto *n, size_t k, int rank,
                                bool pads, mye_onnx_value **out);
/* The node's only output. */
mye_status mye_onnx_output(mye_onnx *r, const Onnx__NodeProto *n, mye_onnx_value **out);

/* ---- onnx_tensor.c ---- */

typedef struct mye_onnx_tensor {
    int rank;
    int64_t dim[MYE_ONNX_MAX_RANK];
    size_t count;
    float *data;
} mye_onnx_tensor;

/* The k-th input as floats, `what` names it ("weights"). */
mye_status mye_onnx_floats(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                           mye_onnx_tensor *out);
/* The same where it has exactly `count` values in one dimension. */
mye_status mye_onnx_vector(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                           int64_t count, float **out);
/* One number. */
mye_status mye_onnx_scalar(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                           float *out);
/* A vector of whole numbers, or one, as operators on shapes take them. */
mye_status mye_onnx_whole(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                          mye_onnx_ints *out);
mye_status mye_onnx_whole_tensor(mye_onnx *r, const Onnx__NodeProto *n, const Onnx__TensorProto *t,
                                 const char *what, mye_onnx_ints *out);
mye_status mye_onnx_tensor_check(mye_onnx *r, const Onnx__TensorProto *t);
bool mye_onnx_is_constant(const mye_onnx_value *v);
bool mye_onnx_is_whole(const mye_onnx_value *v);

/* ---- onnx_ops.c ---- */

mye_status mye_onnx_walk(mye_onnx *r);
/* Appends a layer that reads `from` (NULL: nothing yet) and says how to fill it. */
mye_status mye_onnx_add(mye_onnx *r, const Onnx__NodeProto *n, const char *op,
                        const mye_onnx_value *from, mye_onnx_layer **out);
void mye_onnx_weight(mye_onnx_layer *layer, int slot, const char *role, float *data, size_t count);
/* The node's output is what the last layer computes, of that shape. */
mye_status mye_onnx_result(mye_onnx *r, const Onnx__NodeProto *n, int rank, int64_t c, int64_t h,
                           int64_t w);
/* The node's output is `v` under another name. */
mye_status mye_onnx_alias(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *v);

/* ---- operators ---- */

/* Windows of convolutions and pooling, in two directions: height, width. */
typedef struct mye_onnx_window {
    int64_t kernel[2], stride[2], pad[2], in[2], out[2];
} mye_onnx_window;

/* Kernel is known; fills the rest from the attributes and the input's padding. `own`: padding of the
 * node itself, without what waited in front of it. */
mye_status mye_onnx_window_of(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x,
                              mye_onnx_window *w, int64_t own[2]);
void mye_onnx_option(mye_onnx_layer *layer, const char *name, int64_t value);
/* Adds b (and a) for each channel to x: joins what is there, or appends a layer. */
mye_status mye_onnx_affine(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x, float *a,
                           float *b);
/* The k-th input as one number for each channel of x, or one for all. */
mye_status mye_onnx_per_channel(mye_onnx *r, const Onnx__NodeProto *n, size_t k,
                                const mye_onnx_value *x, float **out);

/* The node's output is these numbers. */
mye_status mye_onnx_whole_result(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_ints *ints);
mye_status mye_onnx_reshape_whole(mye_onnx *r, const Onnx__NodeProto *n);

mye_status mye_onnx_conv(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_gemm(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_matmul(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_batchnorm(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_relu(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_clip(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_softmax(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_averagepool(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_maxpool(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_globalpool(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_reducemean(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_pad(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_flatten(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_reshape(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_shape(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_gather(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_unsqueeze(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_concat(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_constantofshape(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_slice(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_transpose(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_cast(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_constant(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_identity(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_dropout(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_add_op(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_sub(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_mul(mye_onnx *r, const Onnx__NodeProto *n);
mye_status mye_onnx_div(mye_onnx *r, const Onnx__NodeProto *n);

/* ---- onnx_model.c ---- */

mye_status mye_onnx_model(mye_onnx *r, bool static_input, mye_model **out);

#endif
