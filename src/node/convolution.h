/* What conv2d, dense and sws_conv2d share: one convolution with given weights. */
#ifndef MYE_CONVOLUTION_H
#define MYE_CONVOLUTION_H

#include "node/elementwise.h"

/* How weights begin; `uniform` is the usual default of frameworks, for the bias too. */
#define MYE_CONV_INITS "uniform|kaiming|kaiming_out|normal|zero"

typedef struct mye_conv_init {
    int kind;    /* index into MYE_CONV_INITS                         */
    double gain; /* 0: the initialiser's own; normal: the deviation   */
} mye_conv_init;

typedef struct mye_conv_options {
    int64_t channels, kernel, kernel_w, stride, stride_w, padding, padding_w, groups;
    bool bias;
    mye_conv_init init;
} mye_conv_options;

#define MYE_CONV_INT(field, low, high, dflt, text)                                          \
    {                                                                                       \
        .name = #field, .type = MYE_PARAM_INT, .offset = offsetof(mye_conv_options, field), \
        .def = dflt, .min = low, .max = high, .unit = "", .help = text                      \
    }

/* Rows of a parameter table whose options begin with mye_conv_options. */
#define MYE_CONV_PARAMS                                                                     \
    MYE_CONV_INT(channels, 0, 1048576, "0", "output channels; must be given"),              \
        MYE_CONV_INT(kernel, 1, 1024, "3", "height of the window"),                         \
        MYE_CONV_INT(kernel_w, 0, 1024, "0", "width of the window, 0 = kernel"),            \
        MYE_CONV_INT(stride, 1, 1024, "1", "vertical distance of windows"),                 \
        MYE_CONV_INT(stride_w, 0, 1024, "0", "horizontal distance, 0 = stride"),            \
        MYE_CONV_INT(padding, -1, 1024, "-1",                                               \
                     "rows of zeros on either side, -1 = half the kernel"),                 \
        MYE_CONV_INT(padding_w, -1, 1024, "-1", "columns of zeros, -1 = as padding"),       \
        MYE_CONV_INT(groups, 1, 1048576, "1", "independent groups of channels"),            \
    {                                                                                       \
        .name = "bias", .type = MYE_PARAM_BOOL, .offset = offsetof(mye_conv_options, bias), \
        .def = "true", .unit = "", .help = "add a learnable bias"                           \
    }

/* Rows for the initialiser; `type` holds a mye_conv_init at `field`. */
#define MYE_CONV_INIT_PARAMS(options_type, field, dflt)                                 \
    {.name = "init",                                                                    \
     .type = MYE_PARAM_CHOICE,                                                          \
     .offset = offsetof(options_type, field.kind),                                      \
     .def = dflt,                                                                       \
     .choices = MYE_CONV_INITS,                                                         \
     .unit = "",                                                                        \
     .help = "how the weights begin"},                                                  \
    {                                                                                   \
        .name = "init_gain", .type = MYE_PARAM_FLOAT,                                   \
        .offset = offsetof(options_type, field.gain), .def = "0", .min = 0, .max = 1e6, \
        .unit = "", .help = "gain of the initialiser (normal: deviation), 0 = its own"  \
    }

/* Fills kernel, stride, padding and groups of `s`, with what the options leave to us. */
void mye_conv_window(const mye_conv_options *o, mye_conv_shape *s);
/* Fills the convolution's shape and n->shape, n->format. */
mye_status mye_conv_shape_of(mye_node *n, const mye_shape *in, const mye_conv_options *o,
                             mye_conv_shape *s, mye_error *err);
/* Declares "weight" as given but for the initialiser, and "bias" [O] when wanted. */
mye_status mye_conv_weights(mye_node *n, mye_weight weight, bool bias, const mye_conv_init *init,
                            mye_error *err);

/*
 * The three passes over steps [t0, t1) of n's only input; scratch as told by the functions below.
 * Forward's packed weights go to `place`: mye_conv_place, which lasts for the whole run where the
 * pass keeps them.
 * weight [kh][kw][C/groups][O]; dweight: NULL when not wanted.
 */
void mye_conv_forward(const mye_node *n, const mye_pass *p, int t0, int t1, const mye_conv_shape *s,
                      const float *weight, void *place);
void mye_conv_backward(const mye_node *n, const mye_pass *p, int t0, int t1,
                       const mye_conv_shape *s, const float *weight, float *dweight, void *scratch);
size_t mye_conv_scratch_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s,
                              mye_op op);
size_t mye_conv_state_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s);
void *mye_conv_place(const mye_node *n, const mye_pass *p);
size_t mye_conv_lane_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s,
                           mye_op op);
/* Multiply-adds of one sample. */
double mye_conv_macs(const mye_conv_shape *s);

#endif
