/*
 * ONNX: trained networks as other programs export them (torch.onnx.export, opset 7 to 22).
 *
 * A file becomes a model: its operators become nodes (conv1, bn1, relu1, fc1 ...), its initialisers
 * their weights. Which operators, and with which attributes, is the table in onnx_ops.c; whatever
 * would not compute the same is refused, with one sentence that names node and operator. Everything
 * that is read is taken as hostile.
 *
 * Source: onnx/onnx.proto and Operators.md of the ONNX project, IR versions 3 to 8.
 */
#ifndef MYE_ONNX_H
#define MYE_ONNX_H

#include "net/graph.h"

/* Files above this are refused: protobuf's own limit on a message. */
#define MYE_ONNX_MAX_BYTES (((size_t)1 << 31) - 1)

/*
 * Reads a network for one input of floats, [N, C, H, W] (an image) or [N, F] (a vector), with one
 * output, [N, classes]. N may be anything, C, H, W and F must be numbers. The neurons are `relu`, so
 * the model has meaning for T = 1; a readout is appended, and all weights and running statistics are
 * those of the file. Gradients have room, as in every model (mye_model_drop_gradients).
 *
 * MYE_ERR_IO: no such file. MYE_ERR_FORMAT: damaged, or it contradicts itself. MYE_ERR_SHAPE: values of
 * wrong rank or size. MYE_ERR_UNSUPPORTED: well-formed, but we have no such operator or attribute, or
 * this build has no ONNX reader. MYE_ERR_NOMEM. *out is NULL on failure.
 */
mye_status mye_onnx_read(mye_context *ctx, const char *path, bool static_input, mye_model **out,
                         mye_error *err);
/* The same from memory; `source` names it in messages. */
mye_status mye_onnx_read_memory(mye_context *ctx, const char *source, const void *data,
                                size_t bytes, bool static_input, mye_model **out, mye_error *err);

#endif
