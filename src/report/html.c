/* The frame of a page: style sheet, escaping, cards. */
#include "report/report.h"

#include <math.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f7f8fa;--panel:#fff;--ink:#1b2430;--soft:#5b6675;"
    "--line:#e2e6ec;--grid:#e9edf2;--accent:#2563c9;--good:#12805c;--warn:#a15c00;"
    "--s0:#2563c9;--s1:#d8650f;--s2:#12805c;--s3:#a32fb0;--s4:#c2283d;--s5:#0a7f96;--s6:#8a6a00;"
    "--s7:#5f6b7a}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#11161d;--panel:#19202a;--ink:#e6ebf2;"
    "--soft:#9aa7b8;--line:#2b3542;--grid:#252e3a;--accent:#7aa9ff;--good:#4fd1a1;--warn:#f0b35a;"
    "--s0:#7aa9ff;--s1:#ff9f57;--s2:#4fd1a1;--s3:#d892e6;--s4:#ff7b8a;--s5:#4fc6dc;--s6:#dcb84a;"
    "--s7:#a3afbf}}\n"
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Liberation Sans\",sans-serif}\n"
    "main{max-width:1080px;margin:0 auto;padding:40px 24px 64px}\n"
    "h1{font-size:26px;line-height:1.25;margin:0 0 6px;overflow-wrap:anywhere}"
    "h2{font-size:17px;margin:40px 0 12px}\n"
    ".brand{color:var(--accent);font-weight:600;letter-spacing:.02em;margin-bottom:18px}\n"
    ".say{color:var(--soft);max-width:74ch;margin:0 0 8px}.say b{color:var(--ink);"
    "font-weight:600;overflow-wrap:anywhere}\n"
    ".warn{border-left:3px solid var(--warn);padding:8px 14px;background:var(--panel);"
    "margin:16px 0;border-radius:0 8px 8px 0}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(205px,1fr));gap:12px;"
    "margin:24px 0}\n"
    ".card,.panel{background:var(--panel);border:1px solid var(--line);border-radius:10px}"
    ".card{padding:14px 16px}.panel{padding:16px 18px;overflow-x:auto}\n"
    ".card b{display:block;white-space:nowrap;font-size:23px;font-weight:650;line-height:1.25;"
    "font-variant-numeric:tabular-nums}.card span{color:var(--soft);font-size:13px;display:block}\n"
    ".pair{display:grid;align-items:start;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));"
    "gap:14px}\n"
    "@media(max-width:520px){.pair{grid-template-columns:1fr}main{padding:24px 14px 48px}}\n"
    "svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,\"Segoe UI\","
    "\"Liberation Sans\",sans-serif}\n"
    "svg text{fill:var(--soft)}svg .t{fill:var(--ink);font-weight:600;font-size:13px}"
    "svg .v{fill:var(--ink);font-variant-numeric:tabular-nums}svg .o{fill:var(--panel)}\n"
    "svg .g{stroke:var(--grid)}svg .a{stroke:var(--line)}"
    "svg .l{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
    "svg .d{stroke-dasharray:2 5}svg .track{fill:var(--grid)}\n"
    ".s0{stroke:var(--s0);fill:var(--s0)}.s1{stroke:var(--s1);fill:var(--s1)}"
    ".s2{stroke:var(--s2);fill:var(--s2)}.s3{stroke:var(--s3);fill:var(--s3)}"
    ".s4{stroke:var(--s4);fill:var(--s4)}.s5{stroke:var(--s5);fill:var(--s5)}"
    ".s6{stroke:var(--s6);fill:var(--s6)}.s7{stroke:var(--s7);fill:var(--s7)}\n"
    "rect.s0,rect.s1,rect.s2,rect.s3,rect.s4,rect.s5,rect.s6,rect.s7{stroke:none}\n"
    "table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}"
    "th,td{padding:6px 10px;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}"
    "th{color:var(--soft);font-weight:500;white-space:nowrap}tr:last-child td{border-bottom:0}"
    "td.n,th.n{text-align:right;white-space:nowrap}td.w{overflow-wrap:anywhere}"
    "tr.sum td{font-weight:650;border-top:2px solid var(--line)}"
    "td.best{color:var(--good);font-weight:650}\n"
    "pre{background:var(--panel);border:1px solid var(--line);border-radius:10px;margin:0;"
    "padding:14px 16px;overflow-x:auto;font:13px/1.5 ui-monospace,\"DejaVu Sans Mono\",Menlo,"
    "monospace;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "details{margin-top:14px}summary{cursor:pointer;color:var(--accent);margin-bottom:10px}"
    "a{color:var(--accent)}"
    "footer{margin-top:48px;color:var(--soft);font-size:13px}\n"
    "@media print{body{background:#fff}.panel,.card,pre{break-inside:avoid}}\n";

void mye_html_text(mye_text *out, const char *text)
{
    static const char *const entity[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    static const char special[] = "&<>\"'";
    for (; *text; text++) {
        const char *found = strchr(special, *text);
        const unsigned char c = (unsigned char)*text;
        if (found)
            mye_text_add(out, "%s", entity[found - special]);
        else if (c >= 32 || c == '\n' || c == '\t')
            mye_text_add_bytes(out, text, 1);
    }
}

void mye_html_tail(mye_text *out, const char *text, size_t max)
{
    size_t letters = 0;
    for (const char *c = text; *c; c++)
        letters += ((unsigned char)*c & 0xc0) != 0x80;
    if (letters > max)
        mye_text_add(out, "…");
    for (size_t skip = letters > max ? letters - max + 1 : 0; skip > 0; skip--) {
        text++;
        while (((unsigned char)*text & 0xc0) == 0x80)
            text++;
    }
    mye_html_text(out, text);
}

void mye_html_begin(mye_text *out, const char *title)
{
    mye_text_add(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                      "<title>");
    mye_html_text(out, title);
    mye_text_add(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", style);
    mye_text_add(out, "<div class=\"brand\">myelin</div>\n");
}

void mye_html_end(mye_text *out)
{
    mye_text_add(out, "<footer>Written by myelin " MYELIN_VERSION
                      ". This page needs nothing but itself.</footer>\n"
                      "</main>\n</body>\n</html>\n");
}

void mye_html_card(mye_text *out, const char *value, const char *what, const char *note)
{
    mye_text_add(out, "<div class=\"card\"><span>");
    mye_html_text(out, what);
    mye_text_add(out, "</span><b>");
    mye_html_text(out, value);
    mye_text_add(out, "</b><span>");
    mye_html_text(out, note);
    mye_text_add(out, "</span></div>\n");
}

char *mye_html_seconds(double seconds, char *out, size_t size)
{
    const long long whole = seconds > 0 && seconds < 1e12 ? (long long)(seconds + 0.5) : 0;
    if (!isfinite(seconds))
        snprintf(out, size, "–");
    else if (seconds < 60)
        snprintf(out, size, "%.1f s", seconds);
    else if (seconds < 3600)
        snprintf(out, size, "%lld:%02lld min", whole / 60, whole % 60);
    else
        snprintf(out, size, "%lld:%02lld h", whole / 3600, whole / 60 % 60);
    return out;
}

char *mye_html_bytes(double bytes, char *out, size_t size)
{
    if (bytes >= 0 && bytes < 1e18)
        return mye_format_bytes((uint64_t)bytes, out, size);
    snprintf(out, size, "–");
    return out;
}

char *mye_html_count(double value, char *out, size_t size)
{
    static const char *const unit[] = {"", " k", " M", " G", " T", " P"};
    int i = 0;
    if (!isfinite(value)) {
        snprintf(out, size, "–");
        return out;
    }
    while (fabs(value) >= 10000 && i < 5) {
        value /= 1000;
        i++;
    }
    const int digits = value == floor(value) && i == 0 ? 0 : fabs(value) < 10 ? 2 : 1;
    snprintf(out, size, "%.*f%s", fabs(value) >= 100 ? 0 : digits, value, unit[i]);
    return out;
}

mye_status mye_page_write(mye_context *ctx, mye_text *page, const char *path, mye_error *err)
{
    mye_file *file = NULL;
    if (page->failed)
        return mye_no_memory(err, page->length, "the report");
    MYE_TRY(mye_file_create(ctx, path, &file, err));
    const mye_status st = mye_file_write(file, page->data, page->length, err);
    if (st != MYE_OK) {
        mye_file_abandon(file);
        return st;
    }
    return mye_file_commit(file, err);
}
