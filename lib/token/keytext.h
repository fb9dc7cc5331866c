// Writing and editing the text of a key file. Pure. What an edit does not name stays byte for byte,
// comments too. text: a file that rd_keys_parse took; out: caller's, for the whole new text; both
// hold secrets. line: where a key stands in text (rd_key_entry).
#pragma once
#include "token/keys.h"

// A new file: deployment, refresh key 1 and an access key of each algorithm, all active.
void rd_keys_generate(struct rd_buf *out, int64_t now_s);

// Adds a new key at the end, in state next.
void rd_keytext_add_refresh(struct rd_buf *out, struct rd_span text, uint8_t kid, int64_t now_s);
void rd_keytext_add_access(struct rd_buf *out, struct rd_span text, enum rd_alg alg, int64_t now_s);

// Makes one key active and the former active one, 0 for none, retired.
void rd_keytext_activate(struct rd_buf *out, struct rd_span text, unsigned line,
			 unsigned former_line, int64_t now_s);

// Takes a key's line out.
void rd_keytext_remove(struct rd_buf *out, struct rd_span text, unsigned line);
