/* What the tests of pages and drawings share: is it well-formed, is it free of what is no number? */
#ifndef PAGE_SUPPORT_H
#define PAGE_SUPPORT_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

static inline int page_count(const char *page, const char *word)
{
    int n = 0;
    for (const char *at = strstr(page, word); at; at = strstr(at + 1, word))
        n++;
    return n;
}

/* The element that a tag names; returns the letters of its name. */
static inline size_t page_name(const char *tag)
{
    size_t n = 0;
    while (isalnum((unsigned char)tag[n]))
        n++;
    return n;
}

/* Elements of HTML that have no end. */
static inline bool page_is_void(const char *name, size_t n)
{
    static const char *const list[] = {"meta", "br", "link", "hr", "img", "col"};
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (strlen(list[i]) == n && memcmp(list[i], name, n) == 0)
            return true;
    return false;
}

/* Every element is closed, and the last opened first; every & begins an entity. */
static inline void assert_elements_closed(const char *page)
{
    enum { DEEPEST = 64 };
    const char *open[DEEPEST] = {NULL};
    int depth = 0;
    for (const char *at = strpbrk(page, "<&"); at; at = strpbrk(at + 1, "<&")) {
        if (*at == '&') {
            const size_t n = strspn(at + 1, "#abcdefghijklmnopqrstuvwxyz0123456789");
            if (n == 0 || at[1 + n] != ';')
                fail_msg("no entity: '%.40s'", at);
            continue;
        }
        const char *end = strchr(at, '>'), *name = at + 1 + (at[1] == '/');
        const size_t n = page_name(name);
        if (at[1] == '!')
            continue;
        if (!end || n == 0)
            fail_msg("no tag: '%.40s'", at);
        if (at[1] == '/') {
            if (depth == 0 || page_name(open[depth - 1]) != n ||
                memcmp(open[depth - 1], name, n) != 0)
                fail_msg("'%.40s' closes '%.40s'", at, depth > 0 ? open[depth - 1] : "nothing");
            depth--;
        } else if (end[-1] != '/' && !page_is_void(name, n)) {
            assert_true(depth < DEEPEST);
            open[depth++] = name;
        }
        at = end;
    }
    if (depth > 0)
        fail_msg("'%.40s' is not closed", open[depth - 1]);
}

/* Nothing is printed that is no number, in text or in coordinates. */
static inline void assert_numbers_only(const char *page)
{
    static const char *const word[] = {"nan", "inf", "NaN", "Inf", "NAN", "INF"};
    for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
        for (const char *at = strstr(page, word[i]); at; at = strstr(at + 1, word[i]))
            if ((at == page || !isalpha((unsigned char)at[-1])) &&
                !isalpha((unsigned char)at[strlen(word[i])]))
                fail_msg("no number: '%.60s'", at > page + 20 ? at - 20 : page);
}

/* Nothing is loaded from elsewhere, nothing runs. */
static inline void assert_stands_alone(const char *page)
{
    static const char *const word[] = {"http", "src=", "href=", "<script", "@import", "url("};
    for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
        if (strstr(page, word[i]))
            fail_msg("the page has '%.60s'", strstr(page, word[i]));
}

#endif
