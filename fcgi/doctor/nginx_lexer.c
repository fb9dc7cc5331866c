#include "fcgi/doctor/nginx_lexer.h"

static bool has_more(const struct rd_nginx_lexer *lexer)
{
	return lexer->at < lexer->from.text.len;
}

static char peek(const struct rd_nginx_lexer *lexer)
{
	return lexer->from.text.ptr[lexer->at];
}

static char take_char(struct rd_nginx_lexer *lexer)
{
	char c = peek(lexer);

	lexer->line += c == '\n';
	lexer->at++;
	return c;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void rd_nginx_skip_space(struct rd_nginx_lexer *lexer)
{
	while (has_more(lexer) && (is_space(peek(lexer)) || peek(lexer) == '#')) {
		if (peek(lexer) == '#')
			while (has_more(lexer) && peek(lexer) != '\n')
				lexer->at++;
		else
			take_char(lexer);
	}
}

static enum rd_nginx_mark read_quoted(struct rd_nginx_lexer *lexer, struct rd_span *word)
{
	const char quote = take_char(lexer);

	word->ptr = lexer->from.text.ptr + lexer->at;
	while (has_more(lexer) && peek(lexer) != quote) {
		if (take_char(lexer) == '\\' && has_more(lexer))
			take_char(lexer);
	}
	if (!has_more(lexer))
		return RD_NGINX_BROKEN;
	word->len = (size_t)(lexer->from.text.ptr + lexer->at - word->ptr);
	take_char(lexer);
	return RD_NGINX_WORD;
}

static enum rd_nginx_mark read_bare(struct rd_nginx_lexer *lexer, struct rd_span *word)
{
	char before = 0;

	word->ptr = lexer->from.text.ptr + lexer->at;
	while (has_more(lexer) && !is_space(peek(lexer)) && peek(lexer) != ';' &&
	       (peek(lexer) != '{' || before == '$')) { // ${name}
		before = take_char(lexer);
		if (before == '\\' && has_more(lexer))
			take_char(lexer);
	}
	word->len = (size_t)(lexer->from.text.ptr + lexer->at - word->ptr);
	return RD_NGINX_WORD;
}

enum rd_nginx_mark rd_nginx_next_mark(struct rd_nginx_lexer *lexer, struct rd_span *word)
{
	rd_nginx_skip_space(lexer);
	if (!has_more(lexer))
		return RD_NGINX_END;
	switch (peek(lexer)) {
	case ';':
		take_char(lexer);
		return RD_NGINX_SEMICOLON;
	case '{':
		take_char(lexer);
		return RD_NGINX_OPEN;
	case '}':
		take_char(lexer);
		return RD_NGINX_CLOSE;
	case '"':
	case '\'':
		return read_quoted(lexer, word);
	default:
		return read_bare(lexer, word);
	}
}

bool rd_nginx_skip_block(struct rd_nginx_lexer *lexer)
{
	for (int open = 1; open > 0;) {
		if (!has_more(lexer))
			return false;
		switch (take_char(lexer)) {
		case '{':
			open++;
			break;
		case '}':
			open--;
			break;
		default:
			break;
		}
	}
	return true;
}
