/* A drawing as a file of its own. */
#include "report/report.h"

#include <string.h>

/* The colours of the light page. */
static const char style[] =
    "<style>svg{font:12px system-ui,\"Segoe UI\",\"Liberation Sans\",sans-serif}"
    "text{fill:#5b6675}.t{fill:#1b2430;font-weight:600;font-size:13px}.v{fill:#1b2430}.o{fill:#fff}"
    ".g{stroke:#e9edf2}.a{stroke:#e2e6ec}.l{fill:none;stroke-width:2;stroke-linejoin:round;"
    "stroke-linecap:round}.d{stroke-dasharray:2 5}.track{fill:#e9edf2}"
    ".s0{stroke:#2563c9;fill:#2563c9}.s1{stroke:#d8650f;fill:#d8650f}"
    ".s2{stroke:#12805c;fill:#12805c}.s3{stroke:#a32fb0;fill:#a32fb0}"
    ".s4{stroke:#c2283d;fill:#c2283d}.s5{stroke:#0a7f96;fill:#0a7f96}"
    ".s6{stroke:#8a6a00;fill:#8a6a00}.s7{stroke:#5f6b7a;fill:#5f6b7a}"
    "rect[class]{stroke:none}</style>\n"
    "<rect x=\"-100\" width=\"900\" height=\"900\" fill=\"#fff\"/>\n";

mye_status mye_svg_write(mye_context *ctx, const mye_text *drawing, const char *path,
                         mye_error *err)
{
    static const char begin[] = "<svg ", space[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" ";
    const char *head = drawing->data ? strstr(drawing->data, begin) : NULL;
    const char *body = head ? strchr(head, '\n') : NULL;
    mye_text page = {.ctx = ctx};
    if (!drawing->failed && !body)
        return mye_fail(err, MYE_ERR_ARG, "%s: there is no drawing to write", path);
    if (!drawing->failed) {
        head += strlen(begin);
        mye_text_add(&page, "%s%.*s\n%s%s", space, (int)(body - head), head, style, body + 1);
    }
    page.failed = page.failed || drawing->failed;
    const mye_status st = mye_page_write(ctx, &page, path, err);
    mye_text_free(&page);
    return st;
}
