/* ONNX files: the way in, also where this build has no reader. */
#include "io/onnx.h"

#ifdef MYELIN_HAVE_ONNX
#include "io/onnx_parts.h"

mye_status mye_onnx_read_memory(mye_context *ctx, const char *source, const void *data,
                                size_t bytes, bool static_input, mye_model **out, mye_error *err)
{
    mye_onnx r = {.ctx = ctx, .source = source, .err = err};
    *out = NULL;
    mye_status st = mye_onnx_unpack(&r, data, bytes);
    if (st == MYE_OK)
        st = mye_onnx_values_list(&r);
    if (st == MYE_OK)
        st = mye_onnx_walk(&r);
    if (st == MYE_OK)
        st = mye_onnx_model(&r, static_input, out);
    mye_onnx_free(&r);
    return st;
}
#else
mye_status mye_onnx_read_memory(mye_context *ctx, const char *source, const void *data,
                                size_t bytes, bool static_input, mye_model **out, mye_error *err)
{
    MYE_UNUSED(ctx);
    MYE_UNUSED(data);
    MYE_UNUSED(bytes);
    MYE_UNUSED(static_input);
    *out = NULL;
    mye_fail(err, MYE_ERR_UNSUPPORTED, "%.200s: this build of Myelin has no ONNX reader", source);
    mye_hint(err,
             "install libprotobuf-c-dev, protobuf-c-compiler and libonnx-dev, and build again");
    return MYE_ERR_UNSUPPORTED;
}
#endif

mye_status mye_onnx_read(mye_context *ctx, const char *path, bool static_input, mye_model **out,
                         mye_error *err)
{
    void *data = NULL;
    size_t bytes = 0;
    *out = NULL;
    MYE_TRY(mye_file_read(ctx, path, MYE_ONNX_MAX_BYTES, &data, &bytes, err));
    const mye_status st = mye_onnx_read_memory(ctx, path, data, bytes, static_input, out, err);
    mye_free(ctx, data);
    return st;
}
