// Writing and editing the text of a key file. Pure. Lines that an edit does not concern stay as
// they are byte for byte, comments too. text: a file that rd_keys_parse has accepted. out: the
// caller's, for the whole new text; both hold secrets. line: of a key in text, from 1
// (rd_key_entry).
#pragma once
#include "token/keys.h"

// Writes a new file: deployment, refresh key 1 and an access key of each algorithm, all active.
void rd_keys_generate(struct rd_buf *out, int64_t now_s);

// Adds a new key at the end, in state next.
void rd_keytext_add_refresh(struct rd_buf *out, struct rd_span text, uint8_t kid, int64_t now_s);
void rd_keytext_add_access(struct rd_buf *out, struct rd_span text, enum rd_alg alg, int64_t now_s);

// Makes one key active and the formerly active one retired; former_line 0: there is none.
void rd_keytext_activate(struct rd_buf *out, struct rd_span text, unsigned line,
			 unsigned former_line, int64_t now_s);

// Removes a key's line.
void rd_keytext_remove(struct rd_buf *out, struct rd_span text, unsigned line);
