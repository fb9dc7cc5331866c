#include "fcgi/serve/record.h"
#include <assert.h>

bool rd_fastcgi_record_read(struct rd_span bytes, struct rd_fastcgi_record *out)
{
	const uint8_t *header = (const uint8_t *)bytes.ptr;

	if (bytes.len < RD_FASTCGI_HEADER)
		return false;
	out->version = header[0];
	out->type = header[1];
	out->request_id = (unsigned)header[2] << 8 | header[3];
	out->content.ptr = bytes.ptr + RD_FASTCGI_HEADER;
	out->content.len = (size_t)header[4] << 8 | header[5];
	out->size = RD_FASTCGI_HEADER + out->content.len + header[6];
	return bytes.len >= out->size;
}

void rd_fastcgi_record_put(struct rd_buf *buf, enum rd_fastcgi_type type, unsigned request_id,
			   struct rd_span content)
{
	const uint8_t header[RD_FASTCGI_HEADER] = {
	    RD_FASTCGI_VERSION,          (uint8_t)type,
	    (uint8_t)(request_id >> 8),  (uint8_t)request_id,
	    (uint8_t)(content.len >> 8), (uint8_t)content.len};

	assert(content.len <= UINT16_MAX);
	rd_put(buf, header, sizeof header);
	rd_put_span(buf, content);
}
