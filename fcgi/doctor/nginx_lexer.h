// The words and marks of an nginx configuration.
#pragma once
#include "fcgi/doctor/nginx_conf.h"

struct rd_nginx_lexer {
	struct rd_nginx_source from;
	size_t at;     // bytes of from.text read so far
	uint32_t line; // there, from 1
};

enum rd_nginx_mark {
	RD_NGINX_END,
	RD_NGINX_WORD,
	RD_NGINX_SEMICOLON,
	RD_NGINX_OPEN,
	RD_NGINX_CLOSE,
	RD_NGINX_BROKEN, // a quote without end
};

// Passes over blanks and comments.
void rd_nginx_skip_space(struct rd_nginx_lexer *lexer);
// Takes the next mark; of RD_NGINX_WORD sets *word, without its quotes, borrowed from the source.
enum rd_nginx_mark rd_nginx_next_mark(struct rd_nginx_lexer *lexer, struct rd_span *word);
// Passes over the rest of a block whose `{` is taken, and its `}`. For Lua, which has its own
// syntax: braces are counted and nothing else is read. False when there is no such `}`.
[[nodiscard]] bool rd_nginx_skip_block(struct rd_nginx_lexer *lexer);
